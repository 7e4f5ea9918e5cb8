"""Reports of nothing, of little and of much, to be rendered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.bench import assumptions, loading
from tests.server.handmade import (
    AS_OF,
    counts,
    group,
    line,
    stay,
)

from exitpoll_agent import wire
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    Erased,
    KnownFrom,
    Reclassified,
    When,
    Window,
)
from exitpoll_server.report import Report
from exitpoll_server.store import Store

SIZES = {0: (7, 0), 1: (7, 3), 3: (7, 8), 40: (7, 98), 400: (9, 1_012)}
"""By how many uninstall: the seed of a simulation, and how many install."""


def empty() -> Report:
    return reports.make(counts())


def few() -> Report:
    """Return three uninstalls, one of them with a comment, of a product three days old."""
    said = line(reason="switched", comment="it is too slow for me", score=2)
    made = counts(
        group(1, reason="switched", commented=True),
        group(1, not_asked="unattended", may_still_answer=True, when="never_launched"),
        group(1, known_from="link"),
        comments=(said,),
        stays=(stay(3, uninstalled=True, known_from="agent"), stay(5)),
    )
    young = dataclasses.replace(made.stays, first_seen=AS_OF - timedelta(days=3))
    return reports.make(dataclasses.replace(made, stays=young))


def many() -> Report:
    """Return 1,500 uninstalls with something in every list and everything counted apart."""
    groups = [
        group(40, known_from=known_from, when=when, reason=reason, commented=reason == "other")
        for known_from in get_args(KnownFrom)
        for when, reason in zip(
            get_args(When), ["other", "switched", None, "our-own"] * 2, strict=True
        )
    ]
    groups += [group(5, not_asked=cause) for cause in get_args(wire.NotAsked)]
    groups += [group(2, commented=True)]
    groups += [group(3, known_by_leaving=True, may_still_answer=True)]
    made = counts(
        *groups,
        comments=tuple(line(reason="other", comment=f"too slow {n}") for n in range(300)),
        window=Window(as_of=AS_OF, start=AS_OF - timedelta(days=90), end=AS_OF),
        reclassified=Reclassified(withdrawn=1, upgrades=2, reinstalls=3, late_answers=4),
    )
    erased = Erased(installations=5, uninstalled=4, answered=1)
    stays = dataclasses.replace(
        made.stays, known_by_leaving=3, censored=2, set_aside=7, erased=erased
    )
    return reports.make(dataclasses.replace(made, stays=stays))


def with_comment(comment: str, **facts: Any) -> Report:
    said = line(comment=comment, reason="switched", **facts)
    return reports.make(
        counts(group(1, reason="switched", commented=True), comments=(said,), lines=(said,))
    )


def of_size(uninstalls: int, file: Path) -> Report:
    """Return the report of a simulated product, whose database is put into a file."""
    seed, installs = SIZES[uninstalls]
    store = Store(f"sqlite:///{file}")
    product = loading.create_product(store)
    store.close()
    if installs:
        loading.fill_sqlite(file, loading.simulated(seed, installs))
    store = Store(f"sqlite:///{file}")
    window = Window(as_of=assumptions.AS_OF, start=None, end=None)
    made = store.counts(product, window, stopped_after_days=40, most_lines=reports.MOST_LINES)
    store.close()
    return reports.make(made)


ALL = pytest.mark.parametrize("make", [empty, few, many])
Make = Callable[[], Report]
