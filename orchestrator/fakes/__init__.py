"""Clouds and hosts that are played on this computer: for rehearsals, and for the tests.

They refuse what the real ones refuse, their machines are containers with a real sshd, and they have
no security at all: never let anybody else reach them.
"""
