"""Talking to machines far away: one connection, commands, files, host keys."""
