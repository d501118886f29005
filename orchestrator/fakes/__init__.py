"""Fake clouds and SSH hosts on this computer, for rehearsals and tests.

They refuse what the real ones refuse, and their machines are containers with a real sshd. They have
no security at all: they must not be reachable from other computers.
"""
