"""How much one installation may bring: what a message costs to merge must not grow for good.

Whoever has the public key may invent as many installations as the rate limits let through; these
limits keep any one of them from being a burden on all others. A genuine copy brings far less.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from exitpoll_server.store.bulk import BulkQuery

MAX_COUNTERS = 10_000
"""Everybody on a large terminal server, where one copy is installed for all."""

MAX_CHANGES = 1_000
"""An update a week for twenty years. The last facts are kept on the installation all the same."""

MAX_UNINSTALLS = 100
"""Every message reads them all. Beyond these another one counts as the last one, said again."""

MAX_ANSWERS = 100
"""Of one uninstall by one way. Nobody who changes their mind so often is read."""


def full(connection: Connection, table: str, owners: Collection[int], most: int) -> set[int]:
    """Return which installations have so many rows in a table, one of those named here."""
    if not owners:
        return set()
    found = _FULL[table].fetch(connection, [(owner,) for owner in owners], most=most)
    return {owner for (owner,) in found}


_FULL = {
    table: BulkQuery(
        ["r.owner"],
        f"""
        FROM {{rows}}
        WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM {table} t
                                     WHERE t.installation_id = r.owner LIMIT :most) c) >= :most
        """,  # noqa: S608 - names of our own tables
        owner="bigint",
    )
    for table in ("counters", "history")
}
