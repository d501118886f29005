"""What copies of one run say of what was asked of it, united: calls of ``eqc run``, their plans.

A call is an invocation in ``run.json``. It names the plan that it wrote by its content and, in
``after``, the calls whose plans that one replaces: so what a call dropped can be told from what it
never knew. The rules are in docs/formats.md, section 5.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
PARTS = ("platforms", "workloads", "inputs", "variants")
"""What ``plan.json`` stores once and refers to by id."""


def identity(invocation: Mapping[str, Any]) -> str:
    """What makes two invocations the same; early versions of this program gave no id."""
    known = invocation.get("id")
    return str(known or json.dumps([invocation["started"], invocation["argv"]]))


def unite_runs(documents: Iterable[Document]) -> Document:
    """One ``run.json`` of many, oldest first: every invocation once, as it was when it ended.

    Name, tag and start of the run, which never change, are the oldest document's.
    """
    united: Document = {}
    invocations: dict[str, Document] = {}
    for document in documents:
        for invocation in document["invocations"]:
            name = identity(invocation)
            earlier = invocations.get(name, {})
            both = {**invocation, **earlier} if "ended" in earlier else {**earlier, **invocation}
            if "after" in both:
                known = {*earlier.get("after", ()), *invocation.get("after", ())}
                both["after"] = sorted(known)
            invocations[name] = both
        united = {**document, **united}
    order = sorted(invocations.items(), key=lambda item: (item[1]["started"], item[0]))
    return {**united, "invocations": [invocation for _, invocation in order]}


def complete(document: Document, named: Mapping[str, str]) -> Document:
    """``document`` as this program writes it: early versions wrote neither digests nor ``after``.

    They made one plan after the other, and the newest call that of the same folder: ``named`` has
    the digests of its documents, as keys of an invocation.
    """
    invocations: list[Document] = []
    for invocation in document["invocations"]:
        before = [identity(invocations[-1])] if invocations else []
        invocations.append({"after": before, **invocation})
    if invocations and "plan" not in invocations[-1]:
        invocations[-1] = {**invocations[-1], **named}
    return {**document, "invocations": invocations}


def newest(invocations: Iterable[Document], among: Collection[str] | None = None) -> list[Document]:
    """Those, of all or of ``among`` (identities), that no other of them comes after.

    The latest started is the first.
    """
    known = {identity(each): each for each in invocations}
    names = [name for name in known if among is None or name in among]
    before = {name: _before(name, known) for name in names}
    ends = [
        (known[name]["started"], name)
        for name in names
        # Two that name each other are both kept: better too much asked than something lost.
        if not any(name in before[other] and other not in before[name] for other in names)
    ]
    return [known[name] for _, name in sorted(ends, reverse=True)]


def unite_plans(plans: Sequence[Document]) -> Document:
    """One ``plan.json`` of many that do not know of each other, the newest first.

    Every cell that one of them has, in the order of the newest and then of the others, with the
    most sessions that are asked of it.
    """
    united: Document = {**plans[0], "cells": [], **{part: {} for part in PARTS}}
    cells: dict[str, Document] = {}
    for plan in plans:
        for cell in plan["cells"]:
            earlier = cells.get(cell["cell"], cell)
            sessions = max(earlier["sessions"], cell["sessions"])
            cells[cell["cell"]] = {**earlier, "sessions": sessions}
        for part in PARTS:
            united[part] = {**plan[part], **united[part]}
    united["cells"] = list(cells.values())
    return united


def _before(name: str, known: Mapping[str, Document]) -> set[str]:
    """All that ``name`` comes after, also by way of others."""
    found: set[str] = set()
    left = list(known[name].get("after", ()))
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += known.get(each, {}).get("after", ())
    return found
