"""The last step of an uninstaller: the event is certain now, and the state is deleted.

Until then an uninstall that was cancelled, or failed, is taken back by the next launch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from exitpoll_agent import (
    consents,
    installation,
    leaving,
    lock,
    note,
    ordering,
    state,
    statefile,
    wire,
)
from exitpoll_agent.config import Config
from exitpoll_agent.installation import Installation
from exitpoll_agent.leaving import Departed, Request
from exitpoll_agent.note import Note
from exitpoll_agent.places import OURS


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What came of the last step."""

    deleted: bool
    """Whether there was a state to delete."""
    told_again: Departed | None = None
    """What came of telling the event again; None: it stood as it was told."""
    note: bool = False
    """Whether a new version that is installed within the hour goes on as this installation."""


def finish(
    config: Config,
    request: Request,
    environment: Mapping[str, str],
    now: datetime,
    *,
    spent_seconds: float = 0.0,
    lingers: bool = False,
) -> Finished:
    """Tell the event again where that is needed, leave a note for an upgrade, delete the state.

    The arguments are those of `leaving.uninstall`, and whether nobody waits for us: then what the
    network did not take is sent once more in the end.

    Raises:
        OSError, statefile.StateError: the state cannot be read or deleted.
    """
    here = installation.read(config)
    if here is None:
        return Finished(deleted=False)
    counter = state.read_counter(config.state_folder)
    # A launch in between, of a program in the tray, took it back; or the network was away.
    is_told = counter is not None and counter.is_departure_told
    again, untold = None, None
    if not is_told:
        again, untold = leaving.depart(config, request, environment, now, spent_seconds)
    noted = _leave_note(config, here, request.context, now)
    ordering.withdraw(environment)
    try:
        with statefile.locked(config.state_folder, leaving.LOCK_SECONDS):
            _delete(config.state_folder)
    except TimeoutError:  # somebody waits for us, and whoever holds it counts what is gone
        _delete(config.state_folder)
    _remove_what_is_empty(config.state_folder)
    with contextlib.suppress(OSError):
        installation.delete_shared(config)
    # Last of all: a new version may be installed by now, and what is there is its own.
    if lingers and again is not None and untold is not None:
        sent = untold.tell()
        again = replace(again, upload=sent.result, detail=sent.detail)
    return Finished(deleted=True, told_again=again, note=noted)


def finish_for_everybody(config: Config, context: wire.Context, now: datetime) -> None:
    """Do of the last step what root alone can: everybody's id goes, and the note is root's own.

    Raises:
        OSError: it cannot be deleted.
    """
    here = installation.read(config)
    if here is not None:
        _leave_note(config, here, context, now)
    installation.delete_shared(config)


def _leave_note(config: Config, here: Installation, context: wire.Context, now: datetime) -> bool:
    if context == "remove" or consents.decide(config).consent == "none":
        return False
    left = Note(
        installation_id=here.installation_id,
        origin=here.origin,
        installed_at=here.installed_at,
        installed_version=here.installed_version,
        left_at=now,
    )
    with contextlib.suppress(OSError):
        note.leave(config, left)
        return True
    return False


def _delete(folder: Path) -> None:
    state.delete(folder)
    consents.forget_but_a_refusal(folder)


def _remove_what_is_empty(folder: Path) -> None:
    # A refusal stays, and so does its folder.
    with contextlib.suppress(OSError):
        if {file.name for file in folder.iterdir()} <= {lock.NAME}:
            (folder / lock.NAME).unlink(missing_ok=True)
            folder.rmdir()
            if folder.parent.parent.name == OURS:  # not where the vendor named the folder
                folder.parent.rmdir()
                folder.parent.parent.rmdir()
