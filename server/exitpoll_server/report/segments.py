"""The same figures side by side for versions, channels, systems, languages… (section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from exitpoll_server.counts import Segment
from exitpoll_server.report.chances import benjamini_hochberg
from exitpoll_server.report.exact import mid_p
from exitpoll_server.report.figures import Figure, rate, share, unknown

PRIOR = 20
"""Installations at the whole's rate that are added to each segment, for the order only: without
them the smallest segments would always stand first and last."""

MOST_FALSE_DISCOVERIES = 0.10
"""Of the segments that are marked, at most this share is expected to be marked by chance."""

PER = 1_000

Column: TypeAlias = Literal[
    "installations", "stopped", "uninstalls", "answered", "commented", "active_days"
]
COLUMNS: tuple[Column, ...] = get_args(Column)


@dataclass(frozen=True, kw_only=True)
class SegmentRow:
    """One segment, as it is: nothing in it is shrunk or adjusted."""

    value: str | None
    uninstalled: Figure
    """Of the installations seen."""
    stopped: Figure
    answered: Figure
    """Of the uninstalls."""
    commented: Figure
    per_active_days: Figure
    """Uninstalls per 1,000 active installation-days."""
    p: Figure
    """How often chance alone sets a segment at least this far apart from the rest."""
    q: Figure
    """The same, with all segments of all tables taken into account."""
    stands_out: Literal["more", "less"] | None
    """Loses more, or less, than the rest: q below 0.10."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The segments of one dimension, the most losing first, in the order of shrunk rates."""

    dimension: str
    whole: SegmentRow
    rows: tuple[SegmentRow, ...]


def tables(segments: Iterable[Segment], *, stopped_known: bool = True) -> tuple[Table, ...]:
    """Return a table for each dimension, in the order in which they first occur.

    Args:
        segments: In any order; parts of one segment are added up.
        stopped_known: False while nobody can have stopped yet.
    """
    found = [
        _table(name, rows, stopped_known=stopped_known)
        for name, rows in _by_dimension(segments).items()
    ]
    tested = [row.p.value for table in found for row in table.rows if row.p.value is not None]
    q_values = iter(benjamini_hochberg(tested))
    return tuple(
        replace(
            table,
            rows=tuple(
                row if row.p.value is None else _with_q(row, table.whole, next(q_values))
                for row in table.rows
            ),
        )
        for table in found
    )


def not_adding_up(segments: Iterable[Segment], whole: Mapping[Column, int]) -> tuple[str, ...]:
    """Return which columns of which dimensions are not the whole's, as "dimension: column".

    Columns that are not given in `whole` are compared with those of the first dimension.
    """
    sums = {name: _added(rows) for name, rows in _by_dimension(segments).items()}
    if not sums:
        return ()
    first = next(iter(sums.values()))
    expected = {column: whole.get(column, getattr(first, column)) for column in COLUMNS}
    return tuple(
        f"{name}: {column}"
        for name, total in sums.items()
        for column in COLUMNS
        if getattr(total, column) != expected[column]
    )


def _by_dimension(segments: Iterable[Segment]) -> dict[str, list[Segment]]:
    merged: dict[str, dict[str | None, Segment]] = {}
    for one in segments:
        rows = merged.setdefault(one.dimension, {})
        rows[one.value] = _added([rows[one.value], one]) if one.value in rows else one
    return {name: list(rows.values()) for name, rows in merged.items()}


def _added(segments: list[Segment]) -> Segment:
    """Return one segment with the sums of all."""
    sums = {column: sum(getattr(one, column) for one in segments) for column in COLUMNS}
    return replace(segments[0], **sums)


def _table(name: str, segments: list[Segment], *, stopped_known: bool) -> Table:
    total = replace(_added(segments), value=None)
    prior = total.uninstalls / total.installations if total.installations else 0.0

    def order(one: Segment) -> tuple[float, int, str]:
        shrunk = (one.uninstalls + PRIOR * prior) / (one.installations + PRIOR)
        return -shrunk, -one.installations, one.value or ""

    return Table(
        dimension=name,
        whole=_row(total, None, stopped_known=stopped_known),
        rows=tuple(
            _row(one, total, stopped_known=stopped_known) for one in sorted(segments, key=order)
        ),
    )


def _row(one: Segment, total: Segment | None, *, stopped_known: bool) -> SegmentRow:
    left, seen = one.uninstalls, one.installations
    return SegmentRow(
        value=one.value,
        uninstalled=_of_seen(left, seen),
        stopped=share(one.stopped, seen, "segments.stopped")
        if stopped_known
        else unknown("segments.stopped"),
        answered=share(one.answered, left, "segments.answered"),
        commented=share(one.commented, left, "segments.commented"),
        per_active_days=rate(left, one.active_days, "segments.per_active_days", per=PER),
        p=unknown("segments.p") if total is None else _p(one, total),
        q=unknown("segments.q"),
        stands_out=None,
    )


def _of_seen(left: int, seen: int) -> Figure:
    """Return the share that left; of a segment in which more left than were seen, there is none.

    That happens where people are known only by leaving: consent `exit`.
    """
    name = "segments.uninstalled"
    return share(left, seen, name) if left <= seen else Figure(None, left, seen, None, None, name)


def _p(one: Segment, total: Segment) -> Figure:
    k, n, all_k, all_n = one.uninstalls, one.installations, total.uninstalls, total.installations
    # Of a segment that is the whole there is no rest.
    if not (0 < n < all_n and k <= n and all_k - k <= all_n - n):
        return Figure(None, k, n, None, None, "segments.p")
    return Figure(mid_p(k, n, all_k, all_n), k, n, None, None, "segments.p")


def _with_q(row: SegmentRow, whole: SegmentRow, q: float) -> SegmentRow:
    figure = Figure(q, row.p.numerator, row.p.denominator, None, None, "segments.q")
    more = (row.uninstalled.value or 0.0) > (whole.uninstalled.value or 0.0)
    stands_out: Literal["more", "less"] = "more" if more else "less"
    return replace(row, q=figure, stands_out=stands_out if q < MOST_FALSE_DISCOVERIES else None)
