"""Provider ``gcp``: Compute Engine instances by google-cloud-compute, from the extra ``gcp``.

Tested against a strict fake of Compute Engine, with SSH servers in containers as instances
(``orchestrator/fakes/gcp/server.py``). It was never run against Google's own endpoints. Google has
no emulator of Compute Engine, so the fake follows the documentation.
"""
