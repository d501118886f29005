"""The environment variables for programs started here: our own without credentials."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

CREDENTIALS = (
    *("AWS_*", "GOOGLE_*", "CLOUDSDK_AUTH_*", "AZURE_*", "DOCKER_AUTH_CONFIG"),
    *("*SECRET*", "*TOKEN*", "*PASSWORD*", "*PASSWD*", "*CREDENTIAL*", "*_KEY", "*_KEY_ID"),
)
"""Patterns for names (in capitals) of variables that hold a credential or the path of one."""


def without_credentials() -> dict[str, str]:
    """This process's variables without ``CREDENTIALS``, for pip, docker compose and the like.

    Those programs need the variables for proxies and folders, but no cloud.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not any(fnmatchcase(name.upper(), pattern) for pattern in CREDENTIALS)
    }
