"""What the Linux kernel says about the processor, in ``/proc/cpuinfo`` and ``/sys``.

Under user-mode emulation these files describe the *host*: that is why CPUID is executed.
"""

from __future__ import annotations

import re
from pathlib import Path


def read_text(path: str) -> str | None:
    """A file's text, ``None`` if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def parse_cpuinfo(text: str) -> dict[str, str]:
    """The fields of the first processor in ``/proc/cpuinfo``."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            if fields:
                break
            continue
        fields.setdefault(name.strip(), value.strip())
    return fields


def kernel_flags(fields: dict[str, str]) -> list[str] | None:
    """The feature names the kernel prints (``flags`` on x86, ``Features`` on Arm), sorted."""
    text = fields.get("flags", fields.get("Features"))
    return None if text is None else sorted(set(text.split()))


def read_caches(folder: str = "/sys/devices/system/cpu/cpu0/cache") -> list[dict[str, object]]:
    """Caches as the kernel describes them, for processors without CPUID; ``[]`` if it does not."""
    found = []
    for index in sorted(Path(folder).glob("index[0-9]*")):
        texts = [read_text(str(index / name)) for name in ("level", "type", "size")]
        size = re.match(r"(\d+)([KMG]?)", texts[2] or "")
        if texts[0] is None or texts[1] is None or size is None:
            continue
        unit = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}[size.group(2)]
        found.append(
            {
                "level": int(texts[0]),
                "type": texts[1].strip().lower(),
                "bytes": int(size.group(1)) * unit,
            }
        )
    return found
