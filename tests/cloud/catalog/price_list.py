"""A fake of the only call of the Pricing API that we make, as documented; it answers in two pages.

It is strict: any other target, service or filter than the documented ones is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

FILTERS = {"operatingSystem", "preInstalledSw", "tenancy", "capacitystatus", "regionCode"}


def product(name: str, price: str, unit: str = "Hrs") -> str:
    term = {"priceDimensions": {"a.b.c": {"unit": unit, "pricePerUnit": {"USD": price}}}}
    attributes = {"instanceType": name, "operatingSystem": "Linux"}
    return json.dumps({"product": {"attributes": attributes}, "terms": {"OnDemand": {"a.b": term}}})


PAGES = {
    None: ([product("c5.large", "0.0970000000"), product("m5.large", "0.0000000000")], "more"),
    "more": ([product("c5.xlarge", "0.1940000000"), product("t3.large", "9", "Quantity")], None),
}


@contextmanager
def price_list() -> Iterator[str]:
    """The URL of the fake, served on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fields = {each["Field"] for each in asked.get("Filters", ())}
        wrong = (
            self.headers["X-Amz-Target"] != "AWSPriceListService.GetProducts"
            or asked.get("ServiceCode") != "AmazonEC2"
            or fields != FILTERS
            or {each["Type"] for each in asked["Filters"]} != {"TERM_MATCH"}
        )
        if wrong:
            self._answer(400, {"__type": "InvalidParameterException", "Message": str(asked)})
            return
        rows, more = PAGES[asked.get("NextToken")]
        answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": rows}
        self._answer(200, answer | ({"NextToken": more} if more else {}))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
