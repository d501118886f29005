"""A proxy in front of moto that returns errors or closes connections on demand.

A rule says which calls it applies to and what happens to them: an error is returned instead of the
call, or the call goes through and its reply is lost. Rules are tried in order; each counts its hits
and may apply a limited number of times.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from orchestrator.fakes.sshd import Loopback

_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "server"})


@dataclass(frozen=True)
class Call:
    """One request, parsed."""

    service: str
    """``ec2``, ``ssm``, ``sts``, …"""
    region: str
    operation: str
    parameters: Mapping[str, str]
    """Parameters of the query protocol: ``{"Placement.AvailabilityZone": "us-east-1a"}``."""
    headers: Mapping[str, str]
    body: bytes
    path: str


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Rule:
    """What happens to calls that match ``operation``, ``region`` and ``parameters``."""

    operation: str
    code: str | None = None
    """AWS's name of the error that is returned; ``None``: the call goes through."""
    status: int = 400
    message: str = "by a rule of the test"
    cut: bool = False
    """The connection is closed instead of the reply being sent, after the call went through."""
    headers: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    """To how many calls it applies; ``None``: to all."""
    hits: int = 0

    def takes(self, call: Call) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if call.operation != self.operation or self.region not in (None, call.region):
            return False
        return all(call.parameters.get(key) == value for key, value in self.parameters.items())


class Proxy:
    """Between boto3 and ``upstream`` (``host:port``), on a free port of the loopback interface."""

    def __init__(self, upstream: str, port: int = 0) -> None:
        self.rules: list[Rule] = []
        self.calls: list[Call] = []
        self._upstream = upstream
        self._lock = threading.Lock()
        self._server = Loopback(port, _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def rule(self, *args: object, **keywords: object) -> Rule:
        """Add a rule; its ``hits`` can be read afterwards."""
        made = Rule(*args, **keywords)  # type: ignore[arg-type]
        self.rules.append(made)
        return made

    def called(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    @contextmanager
    def serving(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def answer(self, call: Call) -> Reply | None:
        """The reply; ``None``: close the connection without one."""
        with self._lock:
            self.calls.append(call)
            rule = next((rule for rule in self.rules if rule.takes(call)), None)
            if rule is not None:
                rule.hits += 1
        if rule is not None and rule.code is not None:
            return error(call, rule.code, rule.message, rule.status, rule.headers)
        reply = self.forward(call)
        return None if rule is not None and rule.cut else reply

    def forward(self, call: Call) -> Reply:
        """The reply of ``upstream``. A subclass may change it."""
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            headers = {k: v for k, v in call.headers.items() if k.lower() not in _HOP}
            connection.request("POST", call.path, call.body, headers)
            got = connection.getresponse()
            return Reply(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()


def error(
    call: Call, code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None
) -> Reply:
    """An error reply in the format of the call's protocol (JSON, EC2's XML or the query XML)."""
    if "x-amz-target" in {name.lower() for name in call.headers}:
        body = json.dumps({"__type": code, "message": message})
        kind = "application/x-amz-json-1.1"
    else:
        inner = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<Response><Errors>{inner}</Errors><RequestID>r</RequestID></Response>"
        if call.service != "ec2":
            body = f"<ErrorResponse>{inner}<RequestId>r</RequestId></ErrorResponse>"
        kind = "text/xml"
    return Reply(status, {"Content-Type": kind, **(headers or {})}, body.encode())


def understood(path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Parse a request: service and region from its signature's scope, the rest by its protocol."""
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", headers.get("Authorization", ""))
    region, service = scope.groups() if scope else ("", "")
    target = headers.get("X-Amz-Target")
    if target is not None:
        return Call(service, region, target.rpartition(".")[2], {}, headers, body, path)
    parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Call(service, region, parameters.get("Action", ""), parameters, headers, body, path)


def decoded(parameter: str) -> str:
    """The text of a parameter that is sent in base64."""
    return base64.b64decode(parameter).decode()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = proxy.answer(understood(self.path, dict(self.headers.items()), body))
            if reply is None:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
