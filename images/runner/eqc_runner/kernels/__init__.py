"""Which kernel computed each operator, observed beside a session, whose bits stay untouched."""
