"""When what failed is tried again: at growing intervals, for about a day."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

INTERVALS = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 2 * 60, 4 * 60, 8 * 60, 10 * 60))
"""After the first attempt, the second, and so on; 25 hours in all. The first is longer than any
attempt takes: whoever finds one that is due may take it that nobody is at it."""

JITTER = 0.1
"""By so much an interval may be longer: what failed together does not come back together."""

ATTEMPTS = len(INTERVALS) + 1


def again_at(now: datetime, attempts: int) -> datetime:
    """Return when to try again after so many attempts, from 1 on."""
    interval = INTERVALS[min(attempts, len(INTERVALS)) - 1]
    return now + interval * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret
