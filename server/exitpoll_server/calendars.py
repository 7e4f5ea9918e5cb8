"""On which days somebody answers: an answer is due at the same clock time on the next of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MOST_HOLIDAYS = 400
"""A list of every year's has a few hundred days; beyond that something else was pasted."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """A vendor's working days."""

    zone: str
    """As the time zone database calls it: Europe/Berlin."""
    weekdays: frozenset[int]
    """Monday is 1; at least one."""
    holidays: frozenset[date]

    def works_on(self, day: date) -> bool:
        """Tell whether somebody answers on a day."""
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def due(self, at: datetime) -> datetime:
        """Return one working day after an instant (FIGURES 11), in this calendar's time."""
        local = at.astimezone(ZoneInfo(self.zone))
        day = local.date() + timedelta(days=1)
        while not self.works_on(day):
            day += timedelta(days=1)
        return local.replace(year=day.year, month=day.month, day=day.day)

    def morning_of(self, day: date) -> datetime:
        """Return when a day begins here."""
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))


DEFAULT = Calendar(zone="UTC", weekdays=frozenset({1, 2, 3, 4, 5}), holidays=frozenset())
