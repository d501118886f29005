"""The results of analyses as frozen values: ``analysis`` makes them, ``report`` shows them."""
