"""Providers ``local``, ``mask``, ``emulated``, ``cpuid`` and ``rehearsal``: this computer as a machine.

Nothing is made, so nothing can be left behind. Under QEMU's user mode CPUID, and so what every
framework picks, is the model's; the fingerprint says ``emulated``.
"""
