"""Every analysis as a table: ``registry.TABLES``; ``api.frame`` makes DataFrames of them."""
