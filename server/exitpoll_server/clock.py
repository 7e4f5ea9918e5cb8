"""The one clock, and the one way to read an instant that a person wrote."""

from __future__ import annotations

import time
from datetime import datetime, timezone

UTC = timezone.utc


def now() -> datetime:
    """Return the present as an aware UTC instant, to the millisecond: what the store keeps."""
    return datetime.fromtimestamp(round(time.time(), 3), UTC)


def elapsed() -> float:
    """Return seconds since some moment; setting the machine's clock does not disturb them."""
    return time.monotonic()


def read(text: str) -> datetime:
    """Read an ISO 8601 instant or day as aware UTC; without an offset it is UTC.

    For what people write, in options and files; agents' messages are read by the wire, strictly.

    Raises:
        ValueError, OverflowError: no such instant.
    """
    instant = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)
