"""What was found, as values: analyses make them, reports show them."""
