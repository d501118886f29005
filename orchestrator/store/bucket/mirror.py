"""A store in a bucket, and its mirror: the folder here that is read and written in its place.

Everything in the bucket is made once and never changed, under a name that its content gives. So
pulling is taking what is missing here, pushing is making what is missing there, and two who write
at one time cannot take anything from each other. docs/formats.md, section 5, has the layout.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blake3 import blake3

from orchestrator.errors import StoreError
from orchestrator.store.bucket.objects import Objects
from orchestrator.store.run_folder import RunFolder, is_being_written
from orchestrator.store.segments import is_segment
from orchestrator.store.versions import VERSION, keep_versions, restore, versions
from orchestrator.system.files import write_whole
from orchestrator.system.paths import data_folder

MARKER = "eqc-store.json"
AT_ONCE = 8
"""Requests at a time: nearly all of their time is waiting."""
_PLAIN = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_OURS = re.compile(
    rf"(?:{_PLAIN}/)*(?:observations|fingerprints|tensors|documents)/(?P<file>{_PLAIN})"
)
_BY_CONTENT = re.compile(r"(?:.*\.)?(?P<digest>[0-9a-f]{64})(?:\.jsonl)?")


class RemoteStore:
    """One bucket's store. Raises ``EnvironmentNotReady`` where it cannot be reached."""

    def __init__(self, url: str) -> None:
        self._objects = Objects(url)
        self.url = self._objects.url
        self.folder = data_folder() / "stores" / _name(self._objects) / "results"
        """The mirror: a store like any other."""
        self._there: set[str] = set()

    def pull(self) -> int:
        """Take over what is missing here; returns how many objects that were."""
        names = [name for name in self._objects.names() if _OURS.fullmatch(name)]
        self._there.update(names)
        missing = [name for name in names if not (self.folder / name).exists()]
        for _ in _each(self._fetch, missing):
            pass
        for run in self._runs():
            if not is_being_written(run):
                with RunFolder(run):
                    restore(run)
        return len(missing)

    def push(self, held: RunFolder | None = None) -> int:
        """Make what is missing there; returns how many objects that were.

        Of all runs but those that another process writes, or only of the one that is ``held``.
        """
        made = 0
        for run in self._runs() if held is None else [held.path]:
            if held is not None:
                held.seal()
                keep_versions(run)
            elif not is_being_written(run):
                with RunFolder(run) as folder:
                    folder.seal()
                    keep_versions(run)
            for files in _shared(run):
                names = (path.relative_to(self.folder).as_posix() for path in files)
                missing = [name for name in names if name not in self._there]
                made += sum(_each(self._make, missing))
        return made

    def has_leftovers(self) -> bool:
        """Whether a call that ended without pushing left something here."""
        for run in self._runs():
            if not all(map(is_segment, (run / "observations").glob("*.jsonl"))):
                return True
            names = (p.relative_to(self.folder).as_posix() for kind in _shared(run) for p in kind)
            if not self._there.issuperset(names):
                return True
        return False

    def check_writable(self) -> None:
        """Find out before anything is computed whether the result may go there."""
        self._objects.create(MARKER, json.dumps({"schema": 1}).encode())

    def _runs(self) -> list[Path]:
        """Every folder that has documents, pulled or made here."""
        found = {path.parent.parent for path in self.folder.glob("**/documents/*")}
        return sorted(found | {path.parent for path in self.folder.glob("**/run.json")})

    def _fetch(self, name: str) -> None:
        content = self._objects.read(name)
        _check(f"{self.url}/{name}", name.rpartition("/")[2], content)
        write_whole(self.folder / name, content)

    def _make(self, name: str) -> bool:
        made = self._objects.create(name, (self.folder / name).read_bytes())
        self._there.add(name)
        return made


def _shared(run: Path) -> Iterator[Iterable[Path]]:
    """What of a run goes to the bucket, in an order in which nothing refers to what comes later."""
    yield versions(run)
    yield sorted((run / "fingerprints").glob("[!.]*"))
    yield sorted((run / "tensors").glob("[!.]*"))
    yield [path for path in sorted((run / "observations").glob("*.jsonl")) if is_segment(path)]


def _check(where: str, file: str, content: bytes) -> None:
    """Raise where the name says that the content is another one."""
    found = VERSION.fullmatch(file) or _BY_CONTENT.fullmatch(file)
    if found is not None and blake3(content).hexdigest() != found["digest"]:
        raise StoreError(f"{where}: its content is not what its name says; the object is damaged")


def _each(do: Callable[[str], bool | None], names: list[str]) -> Iterator[bool]:
    """``do`` with all names, several at a time; the first error ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for done in pool.map(do, names):
                yield bool(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _name(objects: Objects) -> str:
    """Of the mirror: readable, and another one for every server."""
    key = hashlib.sha256(f"{objects.url}\0{objects.server}".encode()).hexdigest()[:12]
    return f"{re.sub('[^A-Za-z0-9.-]+', '-', objects.url)[:60]}-{key}"
