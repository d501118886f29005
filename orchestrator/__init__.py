"""Does a neural network compute the same numbers everywhere?"""

__version__ = "0.1.0"
