"""Remote machines over SSH: connections, commands, files, host keys."""
