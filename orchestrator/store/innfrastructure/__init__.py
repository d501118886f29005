"""Results of the study, imported."""
