"""The public key that may log in, as EC2 wants it: a named key pair in each region."""

from __future__ import annotations

import hashlib

from botocore.exceptions import ClientError

from orchestrator.providers.aws import tags
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.system.once import Once


class LoginKeys:
    """Key pairs, imported when a run first wants a machine in a region."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._imported: Once[None] = Once()

    def ensure(self, run: str, owner: str, region: str, public: str) -> str:
        """The name of the key pair of ``public`` (OpenSSH). Raises ``Refused``."""
        # The key is part of the name: a run that makes itself a new one needs a new pair, and a
        # pair of that name which is there already is the same.
        name = tags.named(run, hashlib.sha256(public.encode()).hexdigest()[:8])
        described = tags.of_run(run, owner, name)
        self._imported.get(
            (run, region, name), lambda: self._import(described, region, name, public)
        )
        return name

    def forget(self, run: str) -> None:
        """Look again the next time: what was known may be gone."""
        self._imported.forget(run)

    def _import(self, described: list[tags.Tag], region: str, name: str, public: str) -> None:
        with translated(f"key pair {name} in {region}"):
            try:
                self._clients.ec2(region).import_key_pair(
                    KeyName=name,
                    PublicKeyMaterial=public.encode(),
                    TagSpecifications=[{"ResourceType": "key-pair", "Tags": described}],
                )
            except ClientError as error:
                if code_of(error) != "InvalidKeyPair.Duplicate":
                    raise
