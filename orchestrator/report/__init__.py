"""Formats only: every function here takes a ``Summary`` and computes nothing new."""
