"""The instances of the fake Compute Engine: insert, get, list, delete, and ends without a call."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from orchestrator.fakes.gcp import strict
from orchestrator.fakes.gcp.state import Fault, Json, State, public, stamp
from orchestrator.fakes.gcp.strict import Wrong

_PAGE = 3
"""Most instances in a page, whatever the request says: Google may return fewer, too."""
_BY_ITSELF = ("compute.instances.preempted", "compute.instances.deleteByMaxRunDuration")


class Instances(State):
    """The calls of ``instances``, and the changes of instances that time brings."""

    def names(self) -> tuple[str, ...]:
        with self._lock:
            self.advance()
            return tuple(sorted(i["name"] for i in self._state["instances"].values()))

    def instance(self, name: str) -> Json:
        """The instance as stored: the request's fields and its present state."""
        with self._lock:
            found: Json = self._key_of(name)[1]
            return found

    def preempt(self, name: str) -> None:
        """End a spot instance as Google would to reclaim it."""
        with self._lock:
            key, instance = self._key_of(name)
            self._end(key, instance, "compute.instances.preempted")
            self._save()

    def advance(self) -> None:
        """Bring operations and instances to the present time."""
        with self._lock:
            now = time.time()
            for operation in list(self._state["operations"].values()):
                if operation["status"] != "DONE" and operation["due"] <= now:
                    operation |= {"status": "DONE", "progress": 100, "endTime": stamp(now)}
                    if operation["operationType"] in ("delete", *_BY_ITSELF):
                        self._state["instances"].pop(operation["key"], None)
            for key, instance in list(self._state["instances"].items()):
                self._look(key, instance, now)

    def _look(self, key: str, instance: Json, now: float) -> None:
        address = self._machines.address(instance["name"])
        made = self._state["operations"][instance["made"]]["status"] == "DONE"
        if instance["status"] in ("PROVISIONING", "STAGING") and made and address is not None:
            instance["status"] = "RUNNING"
            instance["networkInterfaces"][0]["accessConfigs"][0]["natIP"] = address
        elif instance["status"] == "RUNNING" and self._machines.ended(instance["name"]):
            instance["status"] = "TERMINATED"
            instance["networkInterfaces"][0]["accessConfigs"][0].pop("natIP", None)
        allowed = instance.get("scheduling", {}).get("maxRunDuration", {}).get("seconds")
        if allowed is not None and now - instance["since"] >= float(allowed):
            self._end(key, instance, "compute.instances.deleteByMaxRunDuration")

    # -- instances ----------------------------------------------------------------------------

    def _instances_insert(self, path: Any, query: Any, body: bytes, late: Fault | None) -> Json:
        if (before := self._before(query)) is not None:
            return before
        zone, wanted = path["zone"], strict.instance(body, path["zone"])
        key = f"{zone}/{wanted['name']}"
        if key in self._state["instances"]:
            raise Wrong(409, "alreadyExists", f"The resource '{self._link(key)}' already exists")
        operation = self._operation("insert", key, query, late)
        if late is None:
            now = time.time()
            self._state["instances"][key] = wanted | {
                "id": str(uuid.uuid4().int >> 65),
                "status": "PROVISIONING",
                "creationTimestamp": stamp(now),
                "zone": f"{self._base}/zones/{zone}",
                "machineType": f"{self._base}/{wanted['machineType']}",
                "selfLink": self._link(key),
                "made": operation["name"],
                "since": now,
            }
            self._machines.begin(wanted)
        return public(operation)

    def _instances_get(self, path: Any, **_: Any) -> Json:
        return public(self._instance(path))

    def _instances_delete(self, path: Any, query: Any, **_: Any) -> Json:
        if (before := self._before(query)) is not None:
            return before
        instance = self._instance(path)
        key = f"{path['zone']}/{path['name']}"
        if self._busy(key):
            raise Wrong(400, "resourceNotReady", f"The resource '{self._link(key)}' is not ready")
        return public(self._end(key, instance, "delete", query))

    def _instances_list(self, path: Any, query: Any, **_: Any) -> Json:
        here = {k: i for k, i in self._state["instances"].items() if k.startswith(path["zone"])}
        return {"items": [public(i) for i in here.values() if _labelled(i, query)]}

    def _instances_aggregatedList(self, query: Any, **_: Any) -> Json:
        seen = [
            (key.partition("/")[0], public(instance))
            for key, instance in sorted(self._state["instances"].items())
            if _labelled(instance, query) and not self._young(instance)
        ]
        start = int(query.get("pageToken", 0))
        page = seen[start : start + min(_PAGE, int(query.get("maxResults", 500)))]
        items: dict[str, Json] = {
            f"zones/{zone}": {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}}
            for zone in self._zones()
        }
        for zone, instance in page:
            items[f"zones/{zone}"] = {
                "instances": [*items[f"zones/{zone}"].get("instances", ()), instance]
            }
        for zone in self.unreachable_zones:
            items[f"zones/{zone}"] = {"warning": {"code": "UNREACHABLE", "message": "no answer"}}
        more = {"nextPageToken": str(start + len(page))} if start + len(page) < len(seen) else {}
        return {"items": items, **more}

    def _end(
        self, key: str, instance: Json, kind: str, query: Mapping[str, str] | None = None
    ) -> Json:
        if kind in _BY_ITSELF and instance["status"] == "STOPPING":
            return {}
        instance["status"] = "STOPPING"
        self._machines.end(instance["name"])
        return self._operation(kind, key, query or {})

    def _instance(self, path: Mapping[str, str]) -> Json:
        found: Json | None = self._state["instances"].get(f"{path['zone']}/{path['name']}")
        if found is None or self._young(found):
            raise Wrong(404, "notFound", f"instance {path['name']} was not found")
        return found

    def _key_of(self, name: str) -> tuple[str, Json]:
        return next((k, i) for k, i in self._state["instances"].items() if i["name"] == name)

    def _young(self, instance: Json) -> bool:
        return time.time() - float(instance["since"]) < self.lag


def _labelled(instance: Json, query: Mapping[str, str]) -> bool:
    match = re.fullmatch(r"labels\.([-_a-z0-9]+)(=|:)([-_a-z0-9]+|\*)", query.get("filter", ""))
    if match is None:
        raise Wrong(400, "invalid", f"Invalid list filter expression: {query.get('filter')}")
    value = instance.get("labels", {}).get(match[1])
    return value is not None and (match[3] == "*" or value == match[3])
