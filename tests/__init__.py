"""Cleans the environment first: numerics libraries read their variables once, when loaded."""

from tests.environment import clean_this_process

clean_this_process()
