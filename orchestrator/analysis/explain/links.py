"""What a framework chose, as the link between the causes of a minimal set and the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.analysis.hardware.attribute_costs import order
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import (
    CHOICES,
    AttributeValue,
    Link,
    MinimalSet,
    Rule,
)

Values = dict[str, AttributeValue]
"""Of one choice, by platform."""


def links_of(given: MinimalSet, table: AttributeTable) -> tuple[Link, ...]:
    """The choices that follow from ``given`` and go with the classes, by name.

    A choice is a link if it differs between platforms and is known of all of them, if platforms
    of one case made the same choice, and if it is one for all of a class or all with one value
    are in one class. So it says nothing of a class that hardware does not say; it says how.
    """
    names = [str(name) for name in table.frame.columns if table.kinds[str(name)] in CHOICES]
    found = (
        _link(name, given, table)
        for name in sorted(names, key=lambda one: order(one, table.kinds[one]))
    )
    return tuple(link for link in found if link is not None)


def linked(rules: Sequence[Rule], links: Sequence[Link], table: AttributeTable) -> tuple[Rule, ...]:
    """The rules, each with what was chosen on the platforms that support it."""
    chosen = {link.attribute: _values(link.attribute, table) for link in links}
    return tuple(
        replace(
            rule,
            choices=tuple(
                (name, tuple(dict.fromkeys(values[platform] for platform in rule.platforms)))
                for name, values in chosen.items()
            ),
        )
        for rule in rules
    )


def _link(name: str, given: MinimalSet, table: AttributeTable) -> Link | None:
    values = _values(name, table)
    by_value: dict[AttributeValue, set[int]] = {}
    by_class: dict[int, set[AttributeValue]] = {}
    for case in given.cases:
        made, *others = {values[platform] for platform in case.platforms}
        if others or made is None:
            return None
        by_value.setdefault(made, set()).add(case.class_number)
        by_class.setdefault(case.class_number, set()).add(made)
    one_each = all(len(made) == 1 for made in by_class.values())
    link = Link(
        name,
        table.kinds[name],
        tuple((value, tuple(sorted(numbers))) for value, numbers in by_value.items()),
    )
    return link if len(by_value) > 1 and (one_each or link.determines) else None


def _values(name: str, table: AttributeTable) -> Values:
    return dict(zip(map(str, table.frame.index), table.frame[name].tolist(), strict=True))
