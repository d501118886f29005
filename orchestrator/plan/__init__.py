"""The cells of an experiment, and an estimate of their cost."""
