"""Other CPUs by what CPUID answers: tables of leaves, what follows from what, which fit a host.

A table is what a program sees of a processor, not what the processor can execute: a host can be
presented as every CPU whose instructions it has (``containment``).
"""
