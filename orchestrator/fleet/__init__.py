"""Many machines at once: order, retry, release, and verify that none is left."""
