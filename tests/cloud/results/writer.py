"""A process that adds sessions to a shared run as fast as it can: python -m … URL FIRST COUNT."""

from __future__ import annotations

import sys

from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.bucket.push import Sharing
from orchestrator.store.run_folder import RunFolder
from tests.cloud.results.stores import append, started


def main(url: str, first: int, count: int) -> None:
    store = RemoteStore(url)
    store.pull()
    path = started(store, f"writer {first}")
    with Sharing(store, print) as sharing, RunFolder(path, sharing.stored) as run:
        for session in range(first, first + count):
            append(run, session, machine=f"m{session % 3}")
            if session % 5 == 0:
                store.push(run)
        print("half", flush=True)
        if sys.stdin.readline() == "wait\n":
            sys.stdin.readline()
    assert sharing.problem is None


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
