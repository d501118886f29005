"""SSH keys: the login key of a run, and host keys made before their machine is ordered."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.machine import HostKey
from orchestrator.system.paths import cache_folder

LOGIN_KEY = "id_ed25519"


@dataclass(frozen=True)
class LoginKey:
    """The key pair that logs in to every machine of one run."""

    public: str
    """``ssh-ed25519 AAAA…``, without a comment."""
    path: Path
    """The file of the private key, readable for its owner only."""


def new_host_key() -> HostKey:
    """A new ed25519 host key, for a machine that does not exist yet."""
    public, private = _new_pair()
    return HostKey(public, private)


def login_key(run: str) -> LoginKey:
    """The login key of ``run``: the one made by an earlier call, or a new one.

    The file appears in its private folder in one step: two processes of one run get the same key,
    and a killed process leaves no incomplete one. Raises ``EnvironmentNotReady`` where the file is
    not such a key.
    """
    folder = _folder(run)
    _private_folder(folder)
    path = folder / LOGIN_KEY
    if not path.exists():
        _, private = _new_pair()
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{LOGIN_KEY}.")
        with os.fdopen(handle, "w") as file:
            file.write(private)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            # Another process of this run wrote its key first: use that.
            pass
        finally:
            Path(temporary).unlink()
    key = serialization.load_ssh_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise EnvironmentNotReady(
            f"{path} is not an ed25519 key written by this program; delete it and run again"
        )
    return LoginKey(_public_text(key), path)


def forget(run: str) -> None:
    """Delete the login key of ``run``, if there is one."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def _folder(run: str) -> Path:
    if not run or not all(c.isascii() and (c.isalnum() or c == "-") for c in run):
        raise ValueError(f"a run's tag is letters, digits and '-', not {run!r}")
    return cache_folder() / "keys" / run


def _private_folder(folder: Path) -> None:
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        # The folder may have existed with other permissions.
        path.chmod(0o700)


def _new_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return _public_text(key), private.decode("ascii")


def _public_text(key: Ed25519PrivateKey) -> str:
    text = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return text.decode("ascii")
