"""Where outputs part: layer by layer, and by the size of a model."""
