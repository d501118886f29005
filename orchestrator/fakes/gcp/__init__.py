"""A fake Compute Engine whose instances are containers."""
