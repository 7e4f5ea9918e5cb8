"""Instants as the store keeps them: milliseconds since 1970 UTC; days since 1970-01-01."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
EPOCH_DAY = EPOCH.toordinal()
DAY_MS = 86_400_000
NOON_MS = DAY_MS // 2

CLOCK_TOLERANCE_MS = 5 * 60 * 1000
"""An agent's clock off by more than this is corrected when read (FIGURES, ground rules)."""


def to_ms(instant: datetime) -> int:
    """Return milliseconds since the epoch, rounded down."""
    since = instant - EPOCH
    return since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000


def from_ms(milliseconds: int) -> datetime:
    """Return the instant, aware UTC."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def to_day(day: date) -> int:
    """Return days since the epoch."""
    return day.toordinal() - EPOCH_DAY


def from_day(number: int) -> date:
    """Return the day of a number of days since the epoch."""
    return date.fromordinal(number + EPOCH_DAY)


def noon(day: int) -> int:
    """Return the instant at which a day row is read: noon UTC, in milliseconds."""
    return day * DAY_MS + NOON_MS


def as_read(label: int, clock_offset: int | None, received_at: int) -> int:
    """Return an agent's instant as the report reads it, in milliseconds.

    Corrected by the clock offset where that is more than five minutes, and never later than its
    receipt: what we have heard of has happened. Nor is it earlier than 1970, whatever nonsense
    the clock was: a correction may otherwise lead to where no date can be written.
    """
    if clock_offset is not None and abs(clock_offset) > CLOCK_TOLERANCE_MS:
        label += clock_offset
    return min(max(label, 0), received_at)
