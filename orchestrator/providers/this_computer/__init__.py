"""Providers ``local``, ``mask``, ``emulated``, ``cpuid``, ``rehearsal``: this computer as machine.

Nothing is made, so nothing can be left behind. Under QEMU's user mode CPUID, and so what every
framework picks, is the model's; the fingerprint says ``emulated``. ``cpuid`` replaces the answers
of CPUID alone; the fingerprint says ``presented``, and what the processor itself is.
"""
