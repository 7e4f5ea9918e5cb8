"""Rows of launch counts, one a UTC day and version, and how their number stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from exitpoll_agent import wire

MAX_DAY_ROWS = 1_000
"""Almost three years of a version a day without a server; beyond it old days merge into months, so
that the file, which is written with many launches, stays near a hundred kilobytes."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Launches of one UTC day by one version, and how many of them the server confirmed."""

    day: date
    version: str
    launches: int
    confirmed: int = 0
    confirmed_on: date | None = None
    """None: never, which differs from 0 of 0 confirmed."""
    was_sent: bool = False
    """In some message, answered or not: the server may have it under this label."""

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the server has yet to hear of this row as it stands."""
        return self.confirmed_on is None or self.confirmed < self.launches

    @property
    def label(self) -> tuple[date, str]:
        """What tells this row from the counter's others."""
        return self.day, self.version

    @property
    def count(self) -> wire.DayCount:
        """Return it as it travels."""
        return wire.DayCount(day=self.day, version=self.version, launches=self.launches)


def bounded(rows: Sequence[Row], today: date) -> tuple[Row, ...]:
    """Return rows of the same launches, as few as `MAX_DAY_ROWS` where that can be had.

    Only rows that never were in a message merge: the server adds up labels, and would count a
    day twice that it has under its own label and gets again within a month. Those that were are
    few, since a message takes no more than `wire.MAX_ROWS` and the oldest go first.

    Args:
        rows: sorted by label.
        today: the present UTC day; the month that it lies in is merged last.
    """
    # By version and month; then by month alone; then the present month too, for a product that
    # calls itself something else at every start.
    for by_version, present_too in ((True, False), (False, False), (False, True)):
        if len(rows) <= MAX_DAY_ROWS:
            break
        rows = _merged(rows, today, by_version=by_version, present_too=present_too)
    # What is confirmed is only kept for a server that was restored from its backup.
    spare = len(rows) - MAX_DAY_ROWS
    confirmed = [row.label for row in rows if not row.is_unconfirmed][: max(spare, 0)]
    return tuple(row for row in rows if row.label not in set(confirmed))


def _merged(rows: Sequence[Row], today: date, *, by_version: bool, present_too: bool) -> list[Row]:
    groups: dict[tuple[int, int, str], list[Row]] = {}
    stay = []
    for row in rows:
        month = (row.day.year, row.day.month)
        if row.was_sent or (month >= (today.year, today.month) and not present_too):
            stay.append(row)
        else:
            groups.setdefault((*month, row.version if by_version else ""), []).append(row)
    merged = (row for group in groups.values() for row in _months_rows(group))
    return sorted([*stay, *merged], key=lambda row: row.label)


def _months_rows(group: Iterable[Row]) -> list[Row]:
    """Add up rows under the label of the first, and of the next where one row is full."""
    merged: list[Row] = []
    for row in group:
        if merged and merged[-1].launches + row.launches <= wire.MAX_LAUNCHES_A_ROW:
            merged[-1] = replace(merged[-1], launches=merged[-1].launches + row.launches)
        else:
            merged.append(row)
    return merged
