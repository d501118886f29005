"""The page: one file per section."""
