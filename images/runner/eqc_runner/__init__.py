"""The program inside the container: computes a job's cells and records the outputs' bits."""
