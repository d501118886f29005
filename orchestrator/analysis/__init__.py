"""From observations to results: pure functions on tables; no I/O, no SDK."""
