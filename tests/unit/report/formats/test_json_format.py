from __future__ import annotations

import json

from orchestrator.report.formats.json_format import json_report, json_text
from tests.unit.analysis.records import A, B, C, lacking, output, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.summaries import HOSTILE, full


def test_the_contract() -> None:
    found = json_report(full())
    assert list(found) == ["schema", "partitions", "unrecorded_layers"]
    assert found["schema"] == 2
    first, second = found["partitions"]
    assert first == {
        "workload": "net",
        "input": "digits:0",
        "variant": "numpy float32",
        "output": "output",
        "sessions": 6,
        "remaining_precision": first["remaining_precision"],
        "apart": None,
        "settings": None,
        "software": [],
        "computed_by": None,
        "classes": [
            {
                "id": output(given)["digest"][:12],
                "number": number,
                "platforms": platforms,
                "digest": output(given)["digest"],
                "type": None,
                "chain": None,
            }
            for number, (given, platforms) in enumerate(
                ((A, ["local", "varies"]), (B, ["emulated/Haswell"]), (C, ["mask/avx"])), start=1
            )
        ],
        "nondeterministic": ["varies"],
        "missing": [
            {
                "platform": "emulated/Nehalem",
                "status": "unsupported",
                "reason": "illegal-instruction: SIGILL in mask/avx",
            },
            {"platform": "silent", "status": "missing", "reason": "not observed"},
        ],
        "not_available": [],
    }
    assert 0 < first["remaining_precision"] < 23
    assert second["remaining_precision"] is None, "an integer output has no mantissa"


def test_the_text_is_ascii_and_keeps_every_name() -> None:
    text = json_text(full(HOSTILE))
    assert text.isascii()
    assert "\x1b" not in text
    platforms = [p for c in json.loads(text)["partitions"][0]["classes"] for p in c["platforms"]]
    assert HOSTILE in platforms


def test_what_could_not_be_recorded_is_there_with_its_reason() -> None:
    records = [
        record("p", [output(A, "output:y", 1)], unrecorded=[lacking("output:x"), lacking("lstm")]),
        record("q", [output(A, "output:y", 1), output(B, "output:x")]),
    ]
    found = json_report(summarise(records))
    x = next(one for one in found["partitions"] if one["output"] == "output:x")
    assert [group["platforms"] for group in x["classes"]] == [["q"]]
    assert x["missing"] == [
        {"platform": "p", "status": "not recorded", "reason": "strings are not recorded"}
    ]
    assert found["unrecorded_layers"] == [
        {
            "workload": "net",
            "input": "digits:0",
            "variant": "numpy float32",
            "index": 0,
            "name": "lstm",
            "operation": "conv2d",
            "reason": "strings are not recorded",
            "platforms": ["p"],
        }
    ]
