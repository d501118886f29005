"""Which call of Compute Engine an HTTP request is, and which parameters it may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

_PROJECT = "/compute/v1/projects/(?P<project>[^/]+)"
_ZONE = "/zones/(?P<zone>[^/]+)"
_ROUTES: tuple[tuple[str, str, str, frozenset[str]], ...] = tuple(
    (verb, rf"{'' if path.startswith('/v1') else _PROJECT}{path}", method, frozenset(query.split()))
    for verb, path, method, query in (
        ("POST", f"{_ZONE}/instances", "instances.insert", "requestId"),
        ("GET", f"{_ZONE}/instances", "instances.list", "filter maxResults pageToken"),
        ("GET", f"{_ZONE}/instances/(?P<name>[^/]+)", "instances.get", ""),
        ("DELETE", f"{_ZONE}/instances/(?P<name>[^/]+)", "instances.delete", "requestId"),
        (
            "GET",
            "/aggregated/instances",
            "instances.aggregatedList",
            "filter maxResults pageToken includeAllScopes returnPartialSuccess",
        ),
        ("GET", f"{_ZONE}/operations", "zoneOperations.list", "filter maxResults pageToken"),
        ("GET", f"{_ZONE}/operations/(?P<name>[^/]+)", "zoneOperations.get", ""),
        ("POST", f"{_ZONE}/operations/(?P<name>[^/]+)/wait", "zoneOperations.wait", ""),
        ("GET", "/global/operations/(?P<name>[^/]+)", "globalOperations.get", ""),
        ("GET", "/zones", "zones.list", "filter maxResults pageToken"),
        ("GET", "/zones/(?P<name>[^/]+)", "zones.get", ""),
        ("GET", "/regions", "regions.list", "filter maxResults pageToken"),
        ("GET", "/regions/(?P<name>[^/]+)", "regions.get", ""),
        ("POST", "/global/firewalls", "firewalls.insert", "requestId"),
        ("GET", "/global/firewalls", "firewalls.list", "filter maxResults pageToken"),
        ("GET", "/global/firewalls/(?P<name>[^/]+)", "firewalls.get", ""),
        ("PUT", "/global/firewalls/(?P<name>[^/]+)", "firewalls.update", "requestId"),
        ("DELETE", "/global/firewalls/(?P<name>[^/]+)", "firewalls.delete", "requestId"),
        ("GET", "/global/images/family/(?P<name>[^/]+)", "images.getFromFamily", ""),
        (
            "POST",
            "/v1/projects/(?P<project>[^/]+):testIamPermissions",
            "projects.testIamPermissions",
            "",
        ),
    )
)


@dataclass(frozen=True)
class Call:
    """One request, understood."""

    method: str
    """``instances.insert``, …"""
    path: Mapping[str, str]
    """``project``, ``zone``, ``name``."""
    query: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]


def understood(
    verb: str, target: str, headers: Mapping[str, str], body: bytes
) -> Call | tuple[int, str]:
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for known_verb, pattern, method, known in _ROUTES:
        match = re.fullmatch(pattern, parts.path)
        if known_verb == verb and match is not None:
            unknown = set(query) - known
            if unknown:
                return 400, f"Invalid query parameters: {', '.join(sorted(unknown))}"
            return Call(method, match.groupdict(), query, body, headers)
    return 404, f"no such call: {verb} {target}"
