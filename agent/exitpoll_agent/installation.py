"""Which installation this is: its random id, kept twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from exitpoll_agent import consents, statefile, wire

NAME = "installation.json"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One copy on one machine: a random id, never a fingerprint."""

    installation_id: UUID
    created_at: datetime


def read(folder: Path) -> Installation | None:
    """Return the installation of a state folder, changing nothing; None where there is none.

    Raises:
        statefile.StateError: there is one, which cannot be read.
    """
    return statefile.read_twice(folder / NAME, _parsed)


def ensure(folder: Path, now: datetime) -> Installation:
    """Return the installation of a state folder, made now if there is none.

    Whatever is kept twice is healed on the way: every command that writes comes through here.
    """
    with statefile.locked(folder):
        consents.heal(folder)
        known = statefile.heal(folder / NAME, _parsed)
        if known is not None:
            return known
        made = Installation(installation_id=uuid4(), created_at=now)
        statefile.write_twice(folder / NAME, _plain(made))
        return made


def _parsed(value: Mapping[str, Any]) -> Installation:
    return Installation(
        installation_id=UUID(value["installation_id"]),
        created_at=wire.parse_instant(value["created_at"]),
    )


def _plain(installation: Installation) -> dict[str, object]:
    return {
        "installation_id": str(installation.installation_id),
        "created_at": wire.format_instant(installation.created_at),
    }
