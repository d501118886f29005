"""One run of an experiment: what this computer computes, what machines far away do, and the store."""
