"""The HTTP side of the fake Compute Engine: parsing requests, rules that break calls, errors."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orchestrator.fakes.gcp.cloud import Cloud, Fault, Wrong
from orchestrator.fakes.sshd import Loopback


@dataclass
class Rule:
    """What happens to calls that match ``method`` and ``zone``."""

    method: str
    code: str | None = None
    """Google's name of the error; ``None``: the call goes through."""
    status: int = 400
    message: str = "by a rule of the test"
    late: bool = False
    """The call is accepted, but its operation fails."""
    cut: bool = False
    """The connection is closed instead of the reply being sent, after the call went through."""
    headers: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    times: int | None = None
    hits: int = 0

    def takes(self, call: Call) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        return call.method == self.method and self.zone in (None, call.path.get("zone"))


class Server:
    """Serves ``cloud`` by HTTP on a free port of the loopback interface."""

    def __init__(self, cloud: Cloud, port: int = 0) -> None:
        self.cloud = cloud
        self.rules: list[Rule] = []
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        self._server = Loopback(port, _handler(self))
        self._over = threading.Event()
        self._threads = (
            threading.Thread(target=self._server.serve_forever, args=(0.05,)),
            threading.Thread(target=self._tick),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def rule(self, *args: object, **keywords: object) -> Rule:
        """Add a rule; its ``hits`` can be read afterwards."""
        made = Rule(*args, **keywords)  # type: ignore[arg-type]
        self.rules.append(made)
        return made

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def machines(self) -> tuple[str, ...]:
        """Names of the instances that exist."""
        return self.cloud.names()

    def reset(self) -> None:
        """End all instances and forget everything."""
        self.cloud.reset()
        self.rules, self.calls = [], []

    @contextmanager
    def serving(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._server.shutdown()
            for thread in self._threads:
                thread.join()
            self._server.server_close()

    def answer(self, call: Call) -> tuple[int, Mapping[str, str], dict[str, Any]] | None:
        """Status, headers and body; ``None``: close the connection without a reply."""
        with self._lock:
            self.calls.append(call)
            rule = next((rule for rule in self.rules if rule.takes(call)), None)
            if rule is not None:
                rule.hits += 1
        late = None
        if rule is not None and rule.code is not None:
            if not rule.late:
                return rule.status, rule.headers, _error(rule.status, rule.code, rule.message)
            late = Fault(rule.code, rule.message, rule.status)
        try:
            reply = self.cloud.call(call.method, call.path, call.query, call.body, late)
        except Wrong as wrong:
            return wrong.status, {}, _error(wrong.status, wrong.reason, str(wrong))
        return None if rule is not None and rule.cut else (200, {}, reply)

    def fake(self, verb: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Calls of other processes to control the fake itself: ``/fake/…``."""
        if (verb, path) == ("GET", "/fake/machines"):
            return 200, {"machines": self.machines()}
        if (verb, path) == ("GET", "/fake/rules"):
            return 200, {"rules": [asdict(rule) for rule in self.rules]}
        if (verb, path) == ("POST", "/fake/rules"):
            self.rules = [Rule(**one) for one in json.loads(body)]
            return 200, {}
        if (verb, path) == ("POST", "/fake/preempt"):
            self.cloud.preempt(json.loads(body)["name"])
            return 200, {}
        return 404, {}

    def _tick(self) -> None:
        while not self._over.wait(0.2):
            self.cloud.advance()


def _error(status: int, reason: str, message: str) -> dict[str, Any]:
    one = {"message": message, "domain": "global", "reason": reason}
    return {"error": {"code": status, "message": message, "errors": [one]}}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every reply waits 40 ms for an acknowledgement

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/fake/"):
                self._say(*server.fake(self.command, self.path, body))
                return
            call = understood(self.command, self.path, dict(self.headers.items()), body)
            if isinstance(call, tuple):
                status, message = call
                self._say(
                    status, _error(status, "notFound" if status == 404 else "invalid", message)
                )
                return
            reply = server.answer(call)
            if reply is None:
                self.close_connection = True
                return
            status, headers, content = reply
            self._say(status, content, headers)

        do_GET = do_POST = do_PUT = do_DELETE = do  # noqa: N815

        def _say(
            self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
        ) -> None:
            content = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Date", self.date_time_string(time.time()))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


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
    """One request, parsed."""

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
