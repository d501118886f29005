"""Provider ``aws``: EC2 instances by boto3, which the extra ``aws`` installs.

Tested against moto in its strict modes, with SSH servers in containers as instances
(``orchestrator/fakes/aws/server.py``). It was never run against Amazon's own endpoints; comments
name what moto cannot show.
"""
