"""Every analysis as a table: ``registry.TABLES``; ``analysis.frames`` makes DataFrames of them."""
