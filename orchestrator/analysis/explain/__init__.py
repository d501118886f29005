"""Which attributes of the hardware determine the classes."""
