"""The results store: the only reader and writer of ``results/`` (docs/formats.md, 5)."""
