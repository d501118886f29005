"""Experiments that prove or refute what an explanation claims: platforms that differ in one thing.

``hypotheses`` says what an explanation claims, ``interventions`` which single changes lead from one
platform to another here, ``bisect`` which of them change the class, ``verdicts`` what that says of
each attribute. ``search`` puts them together; ``observe`` runs the sessions.
"""
