"""Costs are shown before money is spent: ``eqc plan``, ``eqc run`` and ``eqc catalog``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.e2e.running import SMALL, eqc, written

CLOUD = (
    SMALL.split("platforms:")[0]
    + """\
platforms:
  - provider: local
  - {provider: aws, families: [c5, m8i], sizes: large, regions: us-east-1}
vary: {threads: [1]}
observe: {sessions: 2}
"""
)


def test_a_plan_over_its_limit_does_not_start(tmp_path: Path) -> None:
    spec = written(tmp_path, CLOUD + "limits: {cost: 0.001 USD}\n")
    done = eqc("run", spec, "--isolation", "process", cwd=tmp_path)
    assert done.returncode == 7, done.stderr
    assert "over the limit of 0.0010 USD" in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_plan_shows_what_it_costs_and_what_is_not_known(tmp_path: Path) -> None:
    spec = written(tmp_path, CLOUD)
    shown = eqc("plan", spec, cwd=tmp_path).stdout
    assert "c5.large in us-east-1" in shown
    assert "unknown" in shown
    assert "total: at least 0.0" in shown
    assert "prices of 2025-03-02" in shown
    document = json.loads(eqc("plan", spec, "--json", cwd=tmp_path).stdout)
    assert document["cost"] is None
    by_name = {row["platform"]: row for row in document["estimate"]["platforms"]}
    assert by_name["local"]["cost"] == 0
    assert by_name["aws/c5.large"]["price_per_hour"] == 0.085
    assert by_name["aws/m8i.large"]["cost"] is None


def test_a_free_plan_shows_no_cost(tmp_path: Path) -> None:
    assert "USD" not in eqc("plan", written(tmp_path, SMALL), cwd=tmp_path).stdout


def test_searching_the_catalogue(tmp_path: Path) -> None:
    table = eqc("catalog", "--gpu", "T4", "--region", "us-east-1", cwd=tmp_path).stdout
    assert "g4dn.xlarge" in table
    assert "prices of 2025-03-02" in table
    words = ("--microarchitecture", "Zen 2", "--provider", "aws", "--max-price", "0.05")
    rows = list(
        csv.DictReader(io.StringIO(eqc("catalog", *words, "--format", "csv", cwd=tmp_path).stdout))
    )
    assert rows
    assert all(row["vendor"] == "AMD" and float(row["USD/h"]) <= 0.05 for row in rows)
    found = json.loads(eqc("catalog", "--family", "m8i", "--format", "json", cwd=tmp_path).stdout)
    assert {each["prices"] == [] for each in found["types"]} == {True}
    assert found["types"][0]["quota"] == "L-1216C47A"
    assert "refresh" in eqc("catalog", "--help", cwd=tmp_path).stdout
    lacking = eqc("catalog", "refresh", "--provider", "gcp", cwd=tmp_path, GOOGLE_CLOUD_PROJECT="")
    assert lacking.returncode in (2, 8), lacking.stderr
