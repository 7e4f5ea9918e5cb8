"""Asks the server to delete everything of this installation, then deletes it here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exitpoll_agent import installation, moving, state, statefile, wire
from exitpoll_agent.config import Config
from exitpoll_agent.installation import Installation


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What came of an erasure."""

    erased: bool
    """Whether nothing of this installation is left, there and here."""
    installation_id: str | None = None
    """None: there was nothing to erase."""
    upload: Literal["confirmed", "refused", "later", "not_sent"] = "not_sent"
    detail: str | None = None
    """Why the server did not confirm."""


def erase(config: Config, now: datetime) -> Erased:
    """Erase the installation; without the server's word the id is kept, to try again by.

    Whatever consent says: this is the person's own wish. What the person chose stays, since
    without it the vendor's default would hold for the next launch.

    Raises:
        OSError, statefile.StateError: the id cannot be read, or the files cannot be deleted.
    """
    here = installation.read(config)
    if here is None:
        return Erased(erased=True)
    # Imported here: without an installation nothing is sent.
    from exitpoll_agent import upload  # noqa: PLC0415

    wish = wire.Erasure(installation_id=here.installation_id)
    patience = upload.FOR_SOMEBODY_WHO_WAITS
    # The configured one too after a move: what was sent before may still be there. Its word is
    # not waited for, since it may be gone for good.
    outcome, *_ = [
        upload.post(to, wire.ERASURES_PATH, wish, patience, now)
        for to in dict.fromkeys((moving.read_address(config), config.address))
    ]
    is_erased = outcome.result == "confirmed"
    if is_erased:
        _delete(config, here, now)
    return Erased(
        erased=is_erased,
        installation_id=str(here.installation_id),
        upload=outcome.result,
        detail=outcome.detail,
    )


def _delete(config: Config, here: Installation, now: datetime) -> None:
    with statefile.locked(config.state_folder):
        state.delete(config.state_folder)
        if installation.read(config) is not None:
            # The id is everybody's on this machine, and only an administrator can remove it.
            installation.write_own(config, installation.made(now, instead_of=here.installation_id))
