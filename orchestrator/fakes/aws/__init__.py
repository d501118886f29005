"""A fake EC2 that plays machines in containers."""
