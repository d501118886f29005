"""A proxy in front of a real registry that serves other content for a digest, or none."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.fakes import registry

BY_DIGEST = re.compile(r"/v2/.*/manifests/sha256:[0-9a-f]{64}")
UNKNOWN = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
_OURS = ("content-length", "transfer-encoding", "connection")


class Proxy:
    """The proxy, on loopback: there Docker engines accept a registry without TLS."""

    def __init__(self, upstream: str) -> None:
        self.tampers = False
        """Whether manifests requested by digest are answered with other bytes."""
        self.tampered = 0
        self.forgets = False
        """Whether manifests requested by digest are answered with 404."""
        self._upstream = upstream
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The registry's reply, or the one that replaces it: status, headers and body."""
        by_digest = method in ("GET", "HEAD") and BY_DIGEST.fullmatch(path)
        if by_digest and self.forgets:
            return 404, {"Content-Type": "application/json"}, UNKNOWN
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(method, path, body, headers)
            got = connection.getresponse()
            content = got.read()
            if by_digest and self.tampers and got.status == 200:
                self.tampered += method == "GET"
                content = content.replace(b"{", b"{ ", 1)
            return got.status, dict(got.getheaders()), content
        finally:
            connection.close()


@contextmanager
def serving(folder: Path) -> Iterator[Proxy]:
    """A new registry behind a proxy, in ``folder``."""
    folder.mkdir()
    with registry.serving(folder) as real:
        proxy = Proxy(real.host)
        thread = threading.Thread(target=proxy.server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.server.shutdown()
            thread.join()
            proxy.server.server_close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else self._chunks()
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OURS}
            status, said, content = proxy.answer(self.command, self.path, headers, body)
            self.send_response_only(status)
            for name, value in said.items():
                if name.lower() not in _OURS:
                    self.send_header(name, value)
            head = self.command == "HEAD"
            size = said.get("Content-Length", "0") if head else str(len(content))
            self.send_header("Content-Length", size)
            self.end_headers()
            if not head:
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def _chunks(self) -> bytes:
            """The body of a request that is sent in chunks, as image layers are."""
            body = bytearray()
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            return bytes(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
