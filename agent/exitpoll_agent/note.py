"""A note in the system's temporary folder: who was here a moment ago, for the version that follows.

Some updaters uninstall the old version and install the new one without saying that it is an
upgrade. The note lets the new one go on as the same installation. The folder belongs to everybody,
so only a plain file of this person's, or of an administrator, is believed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from exitpoll_agent import statefile, wire
from exitpoll_agent.config import Config

VALID = timedelta(minutes=60)
"""Longer than any upgrade takes; who installs again after that has come back."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What the new version goes on with."""

    installation_id: UUID
    origin: wire.Origin
    installed_at: datetime | None
    installed_version: str | None
    left_at: datetime


def leave(config: Config, note: Note) -> None:
    """Leave a note in place of any earlier one.

    Raises:
        OSError: it cannot be written.
    """
    with contextlib.suppress(FileNotFoundError):
        config.note_file.unlink()
    # Exclusive: what somebody else puts there in the meantime is not written through.
    descriptor = os.open(config.note_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(statefile.as_json(wire.plain(note)))


def taken(config: Config, now: datetime) -> Note | None:
    """Return a note that is still valid, and remove it; None where there is none to believe."""
    file = config.note_file
    try:
        if not _is_to_be_believed(file.lstat()):
            return None
        note = statefile.read(file, _parsed)
        file.unlink()
    except (OSError, statefile.StateError):
        return None
    is_valid = note is not None and timedelta(0) <= now - note.left_at <= VALID
    return note if is_valid else None


def _is_to_be_believed(found: os.stat_result) -> bool:
    if sys.platform == "win32":  # the temporary folder there is the person's own
        return stat.S_ISREG(found.st_mode)
    is_ours = found.st_uid in (os.getuid(), 0)
    is_anybodys = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and is_ours and not is_anybodys


def _parsed(value: Mapping[str, Any]) -> Note:
    if value["origin"] not in get_args(wire.Origin):
        raise ValueError(f"{value['origin']!r} is no origin")
    installed_at = value["installed_at"]
    return Note(
        installation_id=UUID(value["installation_id"]),
        origin=value["origin"],
        installed_at=None if installed_at is None else wire.parse_instant(installed_at),
        installed_version=value["installed_version"],
        left_at=wire.parse_instant(value["left_at"]),
    )
