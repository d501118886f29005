"""Equivalence classes: partitions, precision, sessions, and what moved between two runs."""
