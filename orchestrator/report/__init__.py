"""Formats only: the functions here show values of ``results`` and analyse nothing."""
