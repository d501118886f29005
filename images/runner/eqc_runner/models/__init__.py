"""Framework-neutral models: graphs, their weights, and files that carry weights."""
