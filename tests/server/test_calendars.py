"""When an answer is due: at the same time of day, on the next working day."""

from __future__ import annotations

from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server.calendars import DEFAULT, Calendar

BERLIN = Calendar(
    zone="Europe/Berlin",
    weekdays=frozenset({1, 2, 3, 4, 5}),
    holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-23 10:00", "2026-11-24 10:00"),  # a Monday
        ("2026-11-27 16:30", "2026-11-30 16:30"),  # a Friday
        ("2026-11-28 15:00", "2026-11-30 15:00"),  # a Saturday
        ("2026-12-24 09:00", "2026-12-28 09:00"),  # Christmas is a Friday
        ("2026-03-27 02:30", "2026-03-30 02:30"),  # the clocks go forward in between
        ("2026-10-23 18:00", "2026-10-26 18:00"),  # and back
    ],
)
def test_the_same_time_on_the_next_working_day(asked: str, due: str) -> None:
    """Weekends and holidays are not counted, whatever the clocks do meanwhile."""
    zone = ZoneInfo("Europe/Berlin")
    found = BERLIN.due(datetime.fromisoformat(asked).replace(tzinfo=zone))
    assert found == datetime.fromisoformat(due).replace(tzinfo=zone)


def test_days_are_those_of_the_vendor() -> None:
    """What comes on a Friday evening in New York has come on a Saturday in Auckland."""
    friday = datetime(2026, 11, 28, 1, tzinfo=timezone.utc)
    auckland = Calendar(zone="Pacific/Auckland", weekdays=frozenset({1}), holidays=frozenset())
    new_york = Calendar(zone="America/New_York", weekdays=frozenset({6}), holidays=frozenset())
    assert auckland.due(friday).date() == date(2026, 11, 30)
    assert new_york.due(friday).date() == date(2026, 11, 28)


@given(st.integers(0, 2**32).map(lambda s: datetime.fromtimestamp(s, timezone.utc)))
def test_it_is_never_sooner_than_the_next_day(asked: datetime) -> None:
    """Nobody is overdue on the day on which somebody asked."""
    due = DEFAULT.due(asked)
    assert due.date() > asked.date()
    assert DEFAULT.works_on(due.date())
    assert (due.hour, due.minute) == (asked.hour, asked.minute)
