"""The values that the stages hand to each other: frozen, standard library only."""
