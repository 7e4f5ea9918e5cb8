"""How much one installation may bring: what a message costs to merge must not grow for good.

Whoever has the public key may invent as many installations as the rate limits let through; these
limits keep any one of them from being a burden on all others. A genuine copy brings far less.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Connection, func, select

MAX_COUNTERS = 10_000
"""Everybody on a large terminal server, where one copy is installed for all."""

MAX_CHANGES = 1_000
"""An update a week for twenty years. The last facts are kept on the installation all the same."""

MAX_UNINSTALLS = 100
"""Every message reads them all. Beyond these another one counts as the last one, said again."""

MAX_ANSWERS = 100
"""Of one uninstall by one way. Nobody who changes their mind so often is read."""


def full(
    connection: Connection, owner: Column[Any], installations: Collection[int], most: int
) -> set[int]:
    """Return which installations have so many rows in the table whose column names their owner."""
    if not installations:
        return set()
    return set(
        connection.scalars(
            select(owner)
            .where(owner.in_(installations))
            .group_by(owner)
            .having(func.count() >= most)
        )
    )
