"""Provider ``gcp``: Compute Engine instances by google-cloud-compute, which the extra ``gcp`` has.

Proven against a strict fake of Compute Engine with real SSH servers as instances
(``orchestrator/fakes/gcp/server.py``). It was never run against Google's own endpoints: no emulator
of theirs exists, and the fake knows of Compute Engine what its documentation says.
"""
