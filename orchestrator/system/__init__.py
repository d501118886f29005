"""What this computer gives: files, folders, programs' environment, JSON from elsewhere."""
