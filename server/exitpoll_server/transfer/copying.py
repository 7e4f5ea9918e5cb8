"""Copies a whole database into an empty one, of the same engine or the other, and verifies it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exitpoll_server import report as reports
from exitpoll_server.counts import Window
from exitpoll_server.report import Report
from exitpoll_server.store import Store, Whole


class CopyError(Exception):
    """The copy was not made, and the database to copy into is as it was; says why."""


def copy(source: Store, target: Store, *, now: datetime) -> Mapping[str, int]:
    """Copy everything, and return how many rows of each table; all of it, or nothing.

    What is written to the source meanwhile is not copied.

    Raises:
        CopyError: the target is not empty, or not the same afterwards.
        StoreError: one engine takes something not that the other one kept.
    """
    with source.whole() as old, target.refilled() as new:
        if any(new.sizes().values()):
            raise CopyError("the database to copy into is not empty; name one that is new")
        new.fill(old)
        sizes = old.sizes()
        if new.sizes() != sizes or _reports(new, now) != _reports(old, now):
            raise CopyError("the copy is not the same, and was undone; please report this")
    return sizes


def _reports(whole: Whole, now: datetime) -> list[Report]:
    window = Window(as_of=now, start=None, end=None)
    return [
        reports.make(whole.counts(product, window, most_lines=reports.MOST_LINES))
        for product in whole.products()
    ]
