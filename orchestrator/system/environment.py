"""The environment that programs get which this one starts: this one's own, without credentials."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

CREDENTIALS = (
    *("AWS_*", "GOOGLE_*", "CLOUDSDK_AUTH_*", "AZURE_*", "DOCKER_AUTH_CONFIG"),
    *("*SECRET*", "*TOKEN*", "*PASSWORD*", "*PASSWD*", "*CREDENTIAL*", "*_KEY", "*_KEY_ID"),
)
"""Names of variables, in capitals, that hold a credential or lead to one."""


def without_credentials() -> dict[str, str]:
    """For pip, compose and the like: they need proxies and folders, and no cloud."""
    return {
        name: value
        for name, value in os.environ.items()
        if not any(fnmatchcase(name.upper(), pattern) for pattern in CREDENTIALS)
    }
