"""The state of the fake Compute Engine: instances, operations, firewall rules, zones."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import catalog
from orchestrator.fakes.gcp import strict
from orchestrator.fakes.gcp.machines import Machines
from orchestrator.fakes.gcp.strict import Wrong

Json = dict[str, Any]
_SPECIAL = {"us-central1": "abcf", "us-east1": "bcd", "europe-west1": "bcd"}
REGIONS = {region: _SPECIAL.get(region, "abc") for region in catalog.regions("gcp")}
_OURS = ("key", "since", "due", "made")


@dataclass(frozen=True)
class Fault:
    """How an operation fails."""

    code: str
    message: str
    status: int


class State:
    """Instances, operations and firewall rules of one project; saved to a file if one is given."""

    def __init__(self, project: str, machines: Machines, state: Path | None, pace: float) -> None:
        self.project = project
        self._pace = pace
        self._machines = machines
        self._file = state
        self._lock = threading.RLock()
        self._settings()
        self._state: Json = {"instances": {}, "operations": {}, "firewalls": {}, "requests": {}}
        if state is not None and state.exists():
            self._state = json.loads(state.read_text())

    def _settings(self) -> None:
        self.pace = self._pace
        """Seconds from the beginning of an operation to its end."""
        self.lag = 0.0
        """Seconds until a new instance, or an operation on it, is listed."""
        self.unreachable_zones: set[str] = set()
        """Zones that do not answer."""
        self.quotas: dict[str, tuple[float, float]] = {}
        """Metric → (limit, usage), in every region."""
        self.permissions: set[str] | None = None
        """The permissions that are granted; ``None``: all."""

    # -- operations ---------------------------------------------------------------------------

    def _zoneOperations_get(self, path: Any, **_: Any) -> Json:
        found = self._state["operations"].get(path["name"])
        if found is None or found["key"].partition("/")[0] != path.get("zone", "global"):
            raise Wrong(404, "notFound", f"operation {path['name']} was not found")
        return public(found)

    _zoneOperations_wait = _globalOperations_get = _zoneOperations_get  # noqa: N815

    def _zoneOperations_list(self, path: Any, query: Any, **_: Any) -> Json:
        match = re.fullmatch(r'targetLink eq "(.*)"', query.get("filter", ""))
        if match is None:
            raise Wrong(400, "invalid", f"Invalid list filter expression: {query.get('filter')}")
        found = [
            public(operation)
            for operation in self._state["operations"].values()
            if operation["key"].startswith(path["zone"] + "/")
            and re.fullmatch(match[1], operation["targetLink"])
            and time.time() - operation["since"] >= self.lag
        ]
        return {"items": found}

    def _before(self, query: Mapping[str, str]) -> Json | None:
        """The earlier operation with the same ``requestId``; ``None``: there is none."""
        request = strict.request_id(query)
        known = self._state["requests"].get(request)
        return None if known is None else public(self._state["operations"][known])

    def _operation(
        self, kind: str, key: str, query: Mapping[str, str], late: Fault | None = None
    ) -> Json:
        now = time.time()
        scope = key.partition("/")[0]
        operation: Json = {
            "name": f"operation-{uuid.uuid4()}",
            "operationType": kind,
            "status": "RUNNING",
            "progress": 0,
            "targetLink": self._link(key),
            "insertTime": stamp(now),
            "user": "tests@example.com",
            "key": key,
            "since": now,
            "due": now + self.pace,
        }
        if scope != "global":
            operation["zone"] = f"{self._base}/zones/{scope}"
        if late is not None:
            operation |= {
                "error": {"errors": [{"code": late.code, "message": late.message}]},
                "httpErrorStatusCode": late.status,
                "httpErrorMessage": "FAILED",
            }
        self._state["operations"][operation["name"]] = operation
        if "requestId" in query:
            self._state["requests"][query["requestId"]] = operation["name"]
        return operation

    def _busy(self, key: str) -> bool:
        return any(
            operation["key"] == key and operation["status"] != "DONE"
            for operation in self._state["operations"].values()
        )

    # -- words --------------------------------------------------------------------------------

    @property
    def _base(self) -> str:
        return f"https://www.googleapis.com/compute/v1/projects/{self.project}"

    def _link(self, key: str) -> str:
        scope, _, name = key.partition("/")
        if scope == "global":
            return f"{self._base}/global/firewalls/{name}"
        return f"{self._base}/zones/{scope}/instances/{name}"

    def _zones(self) -> list[str]:
        return [f"{region}-{letter}" for region, letters in REGIONS.items() for letter in letters]

    def _save(self) -> None:
        if self._file is not None:
            temporary = self._file.with_suffix(".new")
            temporary.write_text(json.dumps(self._state))
            temporary.replace(self._file)


def public(thing: Json) -> Json:
    """``thing`` without the fake's own fields, and without an operation's error before its end."""
    shown = {key: value for key, value in thing.items() if key not in _OURS}
    if "operationType" in thing and thing["status"] != "DONE":
        for key in ("error", "httpErrorStatusCode", "httpErrorMessage"):
            shown.pop(key, None)
    return shown


def stamp(now: float) -> str:
    return dt.datetime.fromtimestamp(now, dt.UTC).isoformat(timespec="milliseconds")
