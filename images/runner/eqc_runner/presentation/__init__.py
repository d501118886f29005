"""This CPU presented to programs as another one: CPUID and XGETBV answered from a table.

``present.c`` is a library that glibc's loader calls for every object it maps (``LD_AUDIT``). The
rest of the package makes it, its table and its environment, and checks that it answers.
"""
