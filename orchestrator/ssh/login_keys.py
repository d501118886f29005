"""SSH keys: the login key of a run, and host keys made before the machine that will have them."""

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
    """The private key: a file that only its owner may read."""


def new_host_key() -> HostKey:
    """A new ed25519 host key, for a machine that does not exist yet."""
    public, private = _new_pair()
    return HostKey(public, private)


def login_key(run: str) -> LoginKey:
    """The login key of ``run``: the one made before, or a new one.

    Written to a private folder in one step, so two processes of one run agree on one key and a
    killed one leaves none by halves.
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
            # Another process of this run was first: its key is the run's.
            pass
        finally:
            Path(temporary).unlink()
    key = serialization.load_ssh_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise EnvironmentNotReady(f"{path} is no key of ours; delete it and run again")
    return LoginKey(_public_text(key), path)


def forget(run: str) -> None:
    """Delete the login key of ``run``; none there is fine."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def _folder(run: str) -> Path:
    if not run or not all(c.isascii() and (c.isalnum() or c == "-") for c in run):
        raise ValueError(f"a run's tag is letters, digits and '-', not {run!r}")
    return cache_folder() / "keys" / run


def _private_folder(folder: Path) -> None:
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        # It may have been there already with the mode of another program, or of the umask.
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
