"""Which settings make platforms agree, bit for bit, and what they cost in speed."""
