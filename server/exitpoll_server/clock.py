"""The one clock: every reading of the present in the server goes through here."""

from __future__ import annotations

import time
from datetime import datetime, timezone

UTC = timezone.utc


def now() -> datetime:
    """Return the present as an aware UTC instant, to the millisecond: what the store keeps."""
    milliseconds = round(time.time() * 1000)
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(
        microsecond=milliseconds % 1000 * 1000
    )
