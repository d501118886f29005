from orchestrator.confirm.elsewhere import machine_for
from orchestrator.results.explanation import Kind

SEEN = {"here": {"sse4a": False}, "zen": {"sse4a": True}, "unknown": {"sse4a": True}}


def test_the_cheapest_machine_that_was_seen_with_the_flag() -> None:
    found = machine_for("sse4a", Kind.FLAG, SEEN, {"zen": "Zen 2", "here": "Haswell"})
    assert found is not None
    assert found.microarchitecture == "Zen 2"
    assert found.provider in ("aws", "gcp")
    assert found.price_per_hour is None or found.price_per_hour > 0


def test_none_where_no_machine_is_known_to_tell() -> None:
    assert machine_for("sse4a", Kind.FLAG, SEEN, {"zen": "no such"}) is None
    assert machine_for("sse4a", Kind.FLAG, SEEN, {"here": "Haswell"}) is None
    assert machine_for("vendor", Kind.VENDOR, SEEN, {"zen": "Zen 2"}) is None


def test_a_gpu_is_looked_for_by_its_name() -> None:
    found = machine_for("GPU", Kind.GPU, {"a": {"GPU": "T4"}, "b": {"GPU": "none"}}, {})
    assert found is not None
    assert found.microarchitecture == "T4"
    assert machine_for("GPU", Kind.GPU, {"b": {"GPU": "none"}}, {}) is None
