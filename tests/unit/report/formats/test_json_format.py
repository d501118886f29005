from __future__ import annotations

import json

from orchestrator.report.formats.json_format import json_report, json_text
from tests.unit.analysis.records import A, B, C, output
from tests.unit.report.summaries import HOSTILE, full


def test_the_contract() -> None:
    found = json_report(full())
    assert list(found) == ["schema", "partitions"]
    assert found["schema"] == 1
    first, second = found["partitions"]
    assert first == {
        "workload": "net",
        "input": "digits:0",
        "variant": "numpy float32",
        "output": "output",
        "sessions": 6,
        "remaining_precision": first["remaining_precision"],
        "classes": [
            {
                "id": output(A)["digest"][:12],
                "number": 1,
                "platforms": ["local", "varies"],
            },
            {"id": output(B)["digest"][:12], "number": 2, "platforms": ["emulated/Haswell"]},
            {"id": output(C)["digest"][:12], "number": 3, "platforms": ["mask/avx"]},
        ],
        "nondeterministic": ["varies"],
        "software": None,
        "missing": [
            {
                "platform": "emulated/Nehalem",
                "status": "unsupported",
                "reason": "illegal-instruction: SIGILL in mask/avx",
            },
            {"platform": "silent", "status": "missing", "reason": "not observed"},
        ],
    }
    assert 0 < first["remaining_precision"] < 23
    assert second["remaining_precision"] is None, "an integer output has no mantissa"


def test_the_text_is_ascii_and_keeps_every_name() -> None:
    text = json_text(full(HOSTILE))
    assert text.isascii()
    assert "\x1b" not in text
    platforms = [p for c in json.loads(text)["partitions"][0]["classes"] for p in c["platforms"]]
    assert HOSTILE in platforms
