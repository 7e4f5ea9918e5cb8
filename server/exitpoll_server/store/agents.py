"""The frozen agents that this server hands out, one a platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from exitpoll_server.store import tables
from exitpoll_server.store.instants import from_ms, to_ms


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent as `make bundle` packed it."""

    platform: str
    """Its system and processor: `linux-x86_64`."""
    version: str
    sha256: str
    """Of the archive, in hexadecimal digits."""
    added_at: datetime


def everything(connection: Connection) -> list[Agent]:
    """Return all agents, by platform."""
    t = tables.agents
    rows = connection.execute(
        select(t.c.platform, t.c.version, t.c.sha256, t.c.added_at).order_by(t.c.platform)
    )
    return [
        Agent(
            platform=row.platform,
            version=row.version,
            sha256=row.sha256,
            added_at=from_ms(row.added_at),
        )
        for row in rows
    ]


def archive(connection: Connection, platform: str) -> bytes | None:
    """Return the archive of a platform's agent, if there is one."""
    t = tables.agents
    return connection.scalars(select(t.c.archive).where(t.c.platform == platform)).one_or_none()


def put(connection: Connection, agent: Agent, packed: bytes) -> None:
    """Hand out this agent from now on, instead of an earlier one of its platform."""
    t = tables.agents
    connection.execute(delete(t).where(t.c.platform == agent.platform))
    connection.execute(
        t.insert(),
        {
            "platform": agent.platform,
            "version": agent.version,
            "sha256": agent.sha256,
            "added_at": to_ms(agent.added_at),
            "archive": packed,
        },
    )
