"""EC2's answers in XML: what is in them, and how to say something else."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
_CODES = {"pending": 0, "running": 16, "terminated": 48}
ET.register_namespace("", _NAMESPACE)


def parsed(body: bytes) -> ET.Element:
    return ET.fromstring(body)


def written(root: ET.Element) -> bytes:
    return ET.tostring(root)


def is_of(root: ET.Element, operation: str) -> bool:
    return root.tag == _name(f"{operation}Response")


def text(item: ET.Element, name: str) -> str:
    return item.findtext(_name(name)) or ""


def instances(root: ET.Element) -> Iterator[ET.Element]:
    for several in root.iter(_name("instancesSet")):
        yield from list(several)


def without(root: ET.Element, several: str, unwanted: Callable[[ET.Element], bool]) -> None:
    """Leave out the items of ``several`` that are ``unwanted``."""
    for items in root.iter(_name(several)):
        for item in list(items):
            if unwanted(item):
                items.remove(item)


def describe(item: ET.Element, address: str | None, reason: tuple[str, str] | None) -> None:
    """Make ``item`` say what the instance really is; ``reason`` is why it ended."""
    state = "pending" if address is None else "running"
    if reason is not None:
        state, address = "terminated", None
        _replace(item, "stateReason", {"code": reason[0], "message": reason[1]})
    _replace(item, "instanceState", {"code": str(_CODES[state]), "name": state})
    for name in ("ipAddress", "dnsName"):
        for old in item.findall(_name(name)):
            item.remove(old)
    if address is not None:
        ET.SubElement(item, _name("ipAddress")).text = address


def _replace(item: ET.Element, name: str, values: Mapping[str, str]) -> None:
    for old in item.findall(_name(name)):
        item.remove(old)
    made = ET.SubElement(item, _name(name))
    for key, value in values.items():
        ET.SubElement(made, _name(key)).text = value


def _name(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
