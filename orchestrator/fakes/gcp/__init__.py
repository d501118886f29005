"""A fake Compute Engine that plays machines in containers."""
