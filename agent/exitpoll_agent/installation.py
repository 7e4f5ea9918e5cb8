"""Which installation this is, and what its person consented to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

from exitpoll_agent import statefile, wire
from exitpoll_agent.config import Config

NAME = "installation.json"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One copy on one machine: a random id, never a fingerprint."""

    installation_id: UUID
    created_at: datetime
    consent: wire.Consent | None = None
    """What the person chose; None where the configured default holds."""


def read(folder: Path) -> Installation | None:
    """Return the installation of a state folder, changing nothing; None where there is none.

    Raises:
        statefile.StateError: there is one, which cannot be read.
    """
    return statefile.read(folder / NAME, _parsed)


def ensure(folder: Path, now: datetime) -> Installation:
    """Return the installation of a state folder, made now if there is none."""
    with statefile.locked(folder):
        known = statefile.read_or_put_aside(folder / NAME, _parsed)
        if known is not None:
            return known
        made = Installation(installation_id=uuid4(), created_at=now)
        statefile.write(folder / NAME, _plain(made))
        return made


def consent(config: Config) -> wire.Consent:
    """Return the consent that holds: the person's own choice, else the configured default."""
    try:
        known = read(config.state_folder)
    except statefile.DamagedError:
        known = None
    return config.consent if known is None or known.consent is None else known.consent


def _parsed(value: Mapping[str, Any]) -> Installation:
    chosen = value.get("consent")
    if chosen is not None and chosen not in get_args(wire.Consent):
        raise ValueError(f"{chosen!r} is no consent")
    return Installation(
        installation_id=UUID(value["installation_id"]),
        created_at=wire.parse_instant(value["created_at"]),
        consent=chosen,
    )


def _plain(installation: Installation) -> dict[str, object]:
    return {
        "installation_id": str(installation.installation_id),
        "created_at": wire.format_instant(installation.created_at),
        "consent": installation.consent,
    }
