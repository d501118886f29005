"""Platforms and the attributes of their hardware."""
