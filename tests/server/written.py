"""Comments made by hand, for what is read of them without a store."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any
from uuid import UUID

from exitpoll_server.counts import Departure

LEFT = datetime(2026, 11, 1, tzinfo=timezone.utc)

_numbers = count(1)


def wrote(comment: str, locale: str | None = "en-GB", **fields: Any) -> Departure:
    """Return who left with this comment, each a minute after the one before."""
    number = next(_numbers)
    whole: dict[str, Any] = {
        "installation_id": UUID(int=number),
        "at": LEFT + timedelta(minutes=number),
        "tenure_days": 12.0,
        "launches": 3,
        "health": None,
        "version": "1.0",
        "os": "windows-11",
        "edition": None,
        "known_from": "agent",
        "not_asked": None,
        "asked": True,
        "reason": "other",
        "score": None,
        "wants_answer": False,
        **fields,
    }
    return Departure(comment=comment, locale=locale, **whole)
