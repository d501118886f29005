"""The fake Compute Engine without HTTP: every call that it implements."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.fakes.gcp import strict
from orchestrator.fakes.gcp.instances import Instances
from orchestrator.fakes.gcp.state import REGIONS, Fault, Json, public
from orchestrator.fakes.gcp.strict import Wrong

__all__ = ["REGIONS", "Cloud", "Fault", "Wrong"]


class Cloud(Instances):
    """One project, and the image families of others. A call is answered by ``_RESOURCE_METHOD``."""

    def call(
        self,
        method: str,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
        late: Fault | None = None,
    ) -> Json:
        """The reply to a call; ``late``: how its operation fails, or ``None``. Raises ``Wrong``."""
        if path["project"] not in (self.project, *(project for project, _ in strict.IMAGES)):
            raise Wrong(403, "forbidden", f"no access to project {path['project']}")
        if "zone" in path and path["zone"] not in self._zones():
            raise Wrong(404, "notFound", f"zone {path['zone']} was not found")
        resource, _, verb = method.partition(".")
        do: Callable[..., Json] = getattr(self, f"_{resource}_{verb}")
        with self._lock:
            self.advance()
            reply = do(path=path, query=query, body=body, late=late)
            self._save()
            copy: dict[str, Any] = json.loads(json.dumps(reply))
            return copy  # sent after the lock is released, so it must not change

    def reset(self) -> None:
        with self._lock:
            for key, instance in list(self._state["instances"].items()):
                self._machines.end(instance["name"])
                del self._state["instances"][key]
            self._state = {"instances": {}, "operations": {}, "firewalls": {}, "requests": {}}
            self._settings()
            self._save()

    def firewalls(self) -> Mapping[str, Json]:
        with self._lock:
            return dict(self._state["firewalls"])

    def _firewalls_insert(self, query: Any, body: bytes, late: Fault | None, **_: Any) -> Json:
        if (before := self._before(query)) is not None:
            return before
        rule = strict.firewall(body)
        if rule["name"] in self._state["firewalls"]:
            raise Wrong(409, "alreadyExists", f"firewall {rule['name']} already exists")
        if late is None:
            self._state["firewalls"][rule["name"]] = rule
        return public(self._operation("insert", f"global/{rule['name']}", query, late))

    def _firewalls_update(self, path: Any, query: Any, body: bytes, **_: Any) -> Json:
        self._firewalls_get(path)
        self._state["firewalls"][path["name"]] = strict.firewall(body)
        return public(self._operation("update", f"global/{path['name']}", query))

    def _firewalls_get(self, path: Any, **_: Any) -> Json:
        found: Json | None = self._state["firewalls"].get(path["name"])
        if found is None:
            raise Wrong(404, "notFound", f"firewall {path['name']} was not found")
        return found

    def _firewalls_list(self, **_: Any) -> Json:
        return {"items": list(self._state["firewalls"].values())}

    def _firewalls_delete(self, path: Any, query: Any, **_: Any) -> Json:
        self._firewalls_get(path)
        del self._state["firewalls"][path["name"]]
        return public(self._operation("delete", f"global/{path['name']}", query))

    def _zones_list(self, **_: Any) -> Json:
        return {"items": [{"name": zone, "status": "UP"} for zone in self._zones()]}

    def _zones_get(self, path: Any, **_: Any) -> Json:
        if path["name"] not in self._zones():
            raise Wrong(404, "notFound", f"zone {path['name']} was not found")
        return {"name": path["name"], "status": "UP"}

    def _regions_list(self, **_: Any) -> Json:
        return {"items": [{"name": region, "status": "UP"} for region in REGIONS]}

    def _regions_get(self, path: Any, **_: Any) -> Json:
        if path["name"] not in REGIONS:
            raise Wrong(404, "notFound", f"region {path['name']} was not found")
        quotas = [
            {"metric": metric, "limit": limit, "usage": usage}
            for metric, (limit, usage) in self.quotas.items()
        ]
        return {"name": path["name"], "status": "UP", "quotas": quotas}

    def _images_getFromFamily(self, path: Any, **_: Any) -> Json:
        found = strict.IMAGES.get((path["project"], path["name"]))
        if found is None:
            raise Wrong(404, "notFound", f"no image family {path['name']} in {path['project']}")
        name, architecture, size = found
        return {"name": name, "architecture": architecture, "diskSizeGb": str(size)}

    def _projects_testIamPermissions(self, body: bytes, **_: Any) -> Json:
        named = json.loads(body)["permissions"]
        return {
            "permissions": [p for p in named if self.permissions is None or p in self.permissions]
        }
