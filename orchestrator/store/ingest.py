"""Taking a runner's output folder into a run. The folder came from a machine: nothing in it is
trusted to be well-formed, to name only its own cells, or to stay inside its folder."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blake3

from orchestrator.model.experiment import Cell, Json, Reason, Status
from orchestrator.model.machine import Machine, Offer
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.outputs import OutputPool
from orchestrator.results.software import software_id
from orchestrator.store.parse import JsonObject, parse_machine
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.records import SCHEMA, Record, cell_objects
from orchestrator.store.run_folder import RunFolder, timestamp
from orchestrator.store.schema import problem_with_fingerprint, problem_with_observed
from orchestrator.system.untrusted_json import parse_json

DIGEST = re.compile(r"[0-9a-f]{64}")
LARGEST_LINE = 1 << 26
LARGEST_FINGERPRINT = 1 << 22
LONGEST_TEXT = 10_000
"""Characters of a reason; a machine may have written it."""

Verify = Callable[[Fingerprint | None], Reason | None]
"""What a machine says it is (``None``: nothing valid) -> why it is not what was asked for."""


@dataclass(frozen=True)
class Origin:
    """Where an output comes from: the ``machine`` object of its records, less what is asked."""

    machine: str
    isolation: str
    emulated: str | None
    masked: str | None
    image: tuple[str, str] | None
    """(reference, digest)."""
    rehearsal: bool = False
    offer: Offer | None = None
    """Where a rented machine was had."""
    presented: str | None = None
    """The name of the CPU that programs see."""
    assumed: tuple[str, ...] = ()
    """What of it was not recorded, and what it was taken for."""

    @classmethod
    def of(cls, machine: Machine, image: tuple[str, str] | None) -> Origin:
        """Of an output that ``machine`` makes, in a container of ``image`` if there is one."""
        return cls(
            machine=machine.id,
            isolation="process" if image is None else "docker",
            emulated=machine.emulated,
            masked=machine.masked,
            image=image,
            rehearsal=machine.rehearsal,
            offer=machine.offer if machine.offer.region or machine.offer.zone else None,
            presented=None if machine.presented is None else machine.presented.name,
            assumed=() if machine.presented is None else machine.presented.assumed,
        )

    def object(self) -> JsonObject:
        """As stored in a record."""
        image: Json = None
        if self.image is not None:
            image = {"name": self.image[0], "digest": self.image[1]}
        return {
            "id": self.machine,
            "isolation": self.isolation,
            "emulated": self.emulated,
            "masked": self.masked,
            "presented": self.presented,
            "assumed": list(self.assumed),
            "image": image,
            "rehearsal": self.rehearsal,
            "place": None if self.offer is None else _place(self.offer),
        }

    def write(self, work: Path) -> None:
        """Leave a note in a work folder, so that a killed run's output can be taken in."""
        content = json.dumps(self.object())
        (work / "origin.json").write_text(content, "utf-8")

    @classmethod
    def read(cls, work: Path) -> Origin | None:
        """The note in a work folder; ``None`` where the kill came before it was whole."""
        try:
            known = json.loads((work / "origin.json").read_bytes())
        except (OSError, ValueError):
            return None
        machine = parse_machine(known)
        if machine.id is None or machine.isolation is None:
            return None
        name, digest = machine.image.name, machine.image.digest
        return cls(
            machine=machine.id,
            isolation=machine.isolation,
            emulated=machine.emulated,
            masked=machine.masked,
            image=None if name is None or digest is None else (name, digest),
            rehearsal=machine.rehearsal,
            offer=machine.offer,
            presented=machine.presented,
            assumed=machine.assumed,
        )


def _place(offer: Offer) -> JsonObject:
    return {
        "type": offer.machine_type,
        "region": offer.region,
        "zone": offer.zone,
        "spot": offer.spot,
    }


def ingest(
    run: RunFolder,
    out: Path,
    cells: Mapping[str, tuple[Cell, tuple[int, ...]]],
    origin: Origin,
    silence: Reason | None,
    verify: Verify | None = None,
) -> list[Record]:
    """Store what the runner wrote to ``out``; returns the records of the sessions asked for.

    A session that ``cells`` asks for and ``out`` does not report becomes ``failed`` with the
    reason ``silence``; with ``None`` it is left open (the output of a run that was killed).
    Records that break the schema or name another cell become ``failed`` with what is wrong. Where
    ``verify`` gives a reason why the hardware is not what was asked for, what was computed on it is
    a ``mismatch`` and has no outputs.
    """
    fingerprint, described = _take_fingerprint(run, out)
    mismatch = None
    if verify is not None:
        mismatch = verify(None if described is None else parse_fingerprint(described))
    seen: dict[tuple[str, int], JsonObject] = {}
    for observed in _observed(out):
        cell_id, session = observed.get("cell"), observed.get("session")
        if not isinstance(cell_id, str) or cell_id not in cells:
            continue
        # True would be found among numbers, as 1.
        if type(session) is not int or session not in cells[cell_id][1]:
            continue
        problem = (
            problem_with_observed(observed)
            or _other_software(observed)
            or _take_tensors(run, out, observed["outputs"])
        )
        if problem is not None:
            reason = Reason("damaged-output", problem)
            seen[cell_id, session] = _absent(cell_id, session, reason)
        elif mismatch is not None and observed["status"] == Status.OK:
            seen[cell_id, session] = _absent(cell_id, session, mismatch, Status.MISMATCH)
        else:
            seen[cell_id, session] = observed
    if silence is not None:
        for cell_id, (_, sessions) in cells.items():
            for session in sessions:
                seen.setdefault((cell_id, session), _absent(cell_id, session, silence))
    records = [
        _record(run, observed, cells[cell_id][0], origin.object(), fingerprint)
        for (cell_id, _), observed in seen.items()
    ]
    run.append(origin.machine, records)
    return [Record.of(record) for record in records]


def not_observed(
    run: RunFolder, cell: Cell, sessions: tuple[int, ...], status: Status, reason: Reason
) -> list[Record]:
    """Store that ``cell`` was not computed, and why (``skipped`` or ``mismatch``)."""
    records = [
        _record(run, _absent(cell.id, session, reason, status), cell, None, None)
        for session in sessions
    ]
    run.append(f"{cell.platform.name}-{cell.platform.id}", records)
    return [Record.of(record) for record in records]


def _record(
    run: RunFolder,
    observed: JsonObject,
    cell: Cell,
    machine: JsonObject | None,
    fingerprint: str | None,
) -> JsonObject:
    return {
        **observed,
        **cell_objects(cell),
        "experiment": run.path.parent.name,
        "run": run.name,
        "machine": machine,
        "fingerprint": fingerprint,
        "recorded": timestamp(),
    }


def _absent(cell: str, session: int, reason: Reason, status: Status = Status.FAILED) -> JsonObject:
    return {
        "schema": SCHEMA,
        "cell": cell,
        "session": session,
        "status": status.value,
        "reason": {
            "code": reason.code,
            "message": reason.message[:LONGEST_TEXT],
            "stderr": reason.stderr[-LONGEST_TEXT:],
        },
        "outputs": [],
    }


def _observed(out: Path) -> Iterator[JsonObject]:
    """The runner's lines; a torn or foreign line was never a session's record.

    One at a time: the file may be larger than memory.
    """
    path = out / "observations.jsonl"
    if not _is_plain_file(path):
        return
    with path.open("rb") as file:
        while line := file.readline(LARGEST_LINE):
            if not line.endswith(b"\n"):
                # Torn, or too long to be a record: the rest of it is none either.
                continue
            record = _parsed(line)
            if isinstance(record, dict):
                yield record


def _take_fingerprint(run: RunFolder, out: Path) -> tuple[str | None, Json]:
    """Store it; its digest and itself, both ``None`` where there is none that is valid."""
    path = out / "fingerprint.json"
    if not _is_plain_file(path) or path.stat().st_size > LARGEST_FINGERPRINT:
        return None, None
    document = _parsed(path.read_bytes())
    if problem_with_fingerprint(document) is not None:
        return None, None
    content = json.dumps(document, sort_keys=True, indent=1).encode()
    digest = hashlib.sha256(content).hexdigest()[:32]
    run.put_fingerprint(digest, content)
    return digest, document


def _other_software(observed: JsonObject) -> str | None:
    """What is wrong with the id of the software, by which rows are kept apart; or ``None``."""
    told = observed.get("software")
    if not isinstance(told, dict) or told["id"] == software_id(told):
        return None
    return f"software: the id {told['id']} is not that of what it says"


def _take_tensors(run: RunFolder, out: Path, outputs: Any) -> str | None:
    """Store the tensors that are said to be kept, each checked against its digest."""
    try:
        found = OutputPool().add(outputs)
    except (KeyError, TypeError, ValueError) as error:
        # What the schema lets pass, and no analysis could read afterwards.
        return f"outputs: {error}"
    for output in found:
        digest = output.digest
        if not output.tensor or (run.path / "tensors" / digest).exists():
            continue
        path = out / "tensors" / digest
        if not DIGEST.fullmatch(digest) or not _is_plain_file(path):
            return f"tensor {digest} of output {output.name!r} is missing"
        if blake3.blake3().update_mmap(path).hexdigest() != digest:
            return f"tensor {digest} of output {output.name!r} has other content"
        run.take_tensor(digest, path)
    return None


def _parsed(text: bytes) -> Any:
    """The JSON value; ``None`` where it is none."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def _is_plain_file(path: Path) -> bool:
    """Whether ``path`` is a file itself: a link could lead anywhere."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
