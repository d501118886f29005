"""Before any test, and anything that loads a numerics library: they read their variables once."""

from tests.environment import clean_this_process

clean_this_process()
