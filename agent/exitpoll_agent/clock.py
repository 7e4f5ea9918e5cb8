"""The agent's one clock: every reading of the present goes through here."""

from __future__ import annotations

import time
from datetime import datetime

from exitpoll_agent.wire import UTC


def now() -> datetime:
    """Return the present as aware UTC, in whole seconds."""
    return datetime.fromtimestamp(int(time.time()), tz=UTC)
