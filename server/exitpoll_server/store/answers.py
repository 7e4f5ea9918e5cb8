"""What people answered, append-only: by the page, by the installer, by an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from exitpoll_agent.wire import Answers, plain
from exitpoll_server.store import limits, lives, tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.instants import to_ms

SAID = ("reason", "comment", "score", "follow_up", "email")
"""The columns of what a person says."""


def add_answers(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    *,
    installation_id: int,
    uninstall_id: int | None,
    channel: str,
    received_at: int,
    answers: Mapping[str, object],
    showing_id: int | None = None,
) -> None:
    """Append what a person answered, by column; the same again, by the same way, is one."""
    table = tables.answers
    said = {name: answers.get(name) for name in SAID}
    if all(value is None for value in said.values()):
        return
    before = connection.execute(
        select(table.c.received_at, *(table.c[name] for name in SAID))
        .where(table.c.installation_id == installation_id)
        .where(table.c.uninstall_id.is_not_distinct_from(uninstall_id))
        .where(table.c.channel == channel)
        .order_by(table.c.received_at, table.c.id)
    ).all()
    if channel != "import" and len(before) >= limits.MAX_ANSWERS:
        return
    same = [row for row in before if tuple(row[1:]) == tuple(said.values())]
    if any(row is before[-1] or row.received_at == received_at for row in same):
        return
    connection.execute(
        table.insert(),
        {
            "installation_id": installation_id,
            "uninstall_id": uninstall_id,
            "showing_id": showing_id,
            "channel": channel,
            "received_at": received_at,
            **said,
        },
    )


def import_answers(
    connection: Connection, product_id: int, said: Sequence[tuple[UUID, datetime, Answers]]
) -> None:
    """Append imported answers; the report finds the uninstall that each belongs to."""
    ids = _installation_ids(connection, product_id, said)
    lives.forget(connection, ids.values())
    for installation_uuid, at, answers in said:
        installation_id = ids.get(installation_uuid)
        if installation_id is not None:
            add_answers(
                connection,
                installation_id=installation_id,
                uninstall_id=None,
                channel="import",
                received_at=to_ms(at),
                answers=plain(answers),
            )


def _installation_ids(
    connection: Connection, product_id: int, said: Sequence[tuple[UUID, datetime, Answers]]
) -> dict[UUID, int]:
    """Return the installations that answered, made known where nothing else is known of them."""
    i = tables.installations
    first: dict[UUID, int] = {}
    for uuid, at, _ in said:
        first[uuid] = min(first.get(uuid, to_ms(at)), to_ms(at))
    t = tables.tombstones
    for uuid in connection.scalars(
        select(t.c.uuid).where(t.c.product_id == product_id, t.c.uuid.in_(first))
    ):
        del first[uuid]
    if not first:
        return {}
    # An update that changes nothing, in the order of every writer: it locks those there are.
    rows = connection.execute(
        insert(connection, i)
        .on_conflict_do_update(
            index_elements=["product_id", "uuid", "test"], set_={"origin": i.c.origin}
        )
        .returning(i.c.uuid, i.c.id),
        [
            {
                "product_id": product_id,
                "uuid": uuid,
                "test": False,
                "first_received_at": at,
                "origin": "unknown",
            }
            for uuid, at in sorted(first.items())
        ],
    )
    return {row.uuid: row.id for row in rows}
