"""Provider ``aws``: EC2 instances by boto3, which the extra ``aws`` brings.

Proven against moto in its strict modes with real SSH servers as instances
(``orchestrator/fakes/aws/server.py``).
It was never run against Amazon's own endpoints; what moto cannot show is said where it matters.
"""
