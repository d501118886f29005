"""One run of an experiment: on this computer and on machines far away, into one store."""
