"""Ways to run the runner on a machine, independent of the provider that made the machine."""
