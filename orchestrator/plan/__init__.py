"""From an experiment to its cells, and what they will probably cost."""
