"""One file per text format."""
