"""Rows stay bounded however long a machine is offline, and no launch is dropped."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exitpoll_agent import rows, wire
from exitpoll_agent.rows import MAX_DAY_ROWS, Row, bounded

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def daily(number: int, *, version: str = "1.0", launches: int = 2) -> list[Row]:
    """Return rows of so many days up to yesterday."""
    return [
        Row(day=TODAY - n * DAY, version=version, launches=launches) for n in range(number, 0, -1)
    ]


def launches_of(kept: tuple[Row, ...] | list[Row]) -> int:
    return sum(row.launches for row in kept)


def test_up_to_the_limit_every_day_has_its_row() -> None:
    """Three years of a version a day stay as they were counted."""
    known = daily(MAX_DAY_ROWS)
    assert bounded(known, TODAY) == tuple(known)


def test_old_days_merge_into_months() -> None:
    """Past the limit each month of a version is one row, and the present month stays by days."""
    known = daily(MAX_DAY_ROWS + 1)
    kept = bounded(known, TODAY)
    months = {(row.day.year, row.day.month) for row in known}
    assert len(kept) == len(months) - 1 + (TODAY.day - 1)
    assert launches_of(kept) == launches_of(known)
    assert kept[-1] == known[-1]


def test_a_month_beyond_what_the_server_takes_has_several_rows() -> None:
    """No merged row has more launches than the server takes of one."""
    known = daily(MAX_DAY_ROWS + 1, launches=wire.MAX_LAUNCHES_A_ROW // 2)
    kept = bounded(known, TODAY)
    assert max(row.launches for row in kept) == wire.MAX_LAUNCHES_A_ROW
    assert launches_of(kept) == launches_of(known)


def test_a_new_version_at_every_start_is_bounded_too() -> None:
    """Where months of a version do not help, months merge as wholes, then the present."""
    known = sorted(
        (Row(day=TODAY, version=f"1.{n}", launches=1) for n in range(3 * MAX_DAY_ROWS)),
        key=lambda row: row.label,
    )
    kept = bounded(known, TODAY)
    assert (len(kept), launches_of(kept)) == (1, 3 * MAX_DAY_ROWS)


ROWS = st.lists(
    st.builds(
        Row,
        day=st.integers(0, 400).map(lambda n: TODAY - n * DAY),
        version=st.sampled_from(["1.0", "1.1", "2.0"]),
        launches=st.integers(0, wire.MAX_LAUNCHES_A_ROW),
        was_sent=st.booleans(),
    ),
    unique_by=lambda row: row.label,
    max_size=60,
)


@given(ROWS, st.integers(1, 60))
def test_merging_drops_no_launch_and_leaves_what_was_sent(known: list[Row], limit: int) -> None:
    """Whatever is merged: the sum stays, labels stay unique, and what was sent is untouched."""
    known.sort(key=lambda row: row.label)
    patched = rows.MAX_DAY_ROWS
    rows.MAX_DAY_ROWS = limit
    try:
        kept = bounded(known, TODAY)
    finally:
        rows.MAX_DAY_ROWS = patched
    assert launches_of(kept) == launches_of(known)
    assert [row for row in kept if row.was_sent] == [row for row in known if row.was_sent]
    assert all(before.label < after.label for before, after in pairwise(kept))
    assert {row.label for row in kept} <= {row.label for row in known}


def test_confirmed_rows_give_way_before_anything_grows() -> None:
    """What the server has is kept for its backup's sake alone, and goes first."""
    confirmed = [
        Row(
            day=TODAY - n * DAY,
            version="1.0",
            launches=1,
            confirmed=1,
            confirmed_on=TODAY,
            was_sent=True,
        )
        for n in range(MAX_DAY_ROWS, 0, -1)
    ]
    new = Row(day=TODAY, version="1.0", launches=1)
    assert bounded([*confirmed, new], TODAY) == (*confirmed[1:], new)
