"""The fault matrix of docs/faults.md: one test per row, each a whole run against the fakes."""
