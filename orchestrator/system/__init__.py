"""What this computer gives: files, folders, the environment of programs, JSON that is not trusted."""
