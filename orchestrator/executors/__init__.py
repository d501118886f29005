"""Ways to run the runner on a machine; they know nothing of providers."""
