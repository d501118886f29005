"""Provider ``ssh``: computers that are there already; nothing is made, nothing ended."""
