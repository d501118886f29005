"""What pip is asked for: installations, their versions in the index, Pythons, environments."""
