"""A fake EC2 whose instances are containers."""
