"""Files that people write in YAML: their values, the types of their fields, and their mistakes."""
