"""The types that all stages share: frozen, standard library only."""
