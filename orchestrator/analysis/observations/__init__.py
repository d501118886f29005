"""Records as tables: one row per session and output."""
