"""What an installer says once: that the product is there now, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exitpoll_agent import consents, installation, statefile, surroundings, wire
from exitpoll_agent.config import Config
from exitpoll_agent.installation import Installation


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What came of it."""

    consent: wire.Consent
    not_counted: surroundings.NotCounted | None = None
    """Why nothing is counted here, so that nothing is written."""
    installation_id: str | None = None
    """None: consent, or where this is, forbids to write anything."""
    is_new: bool = False
    """Whether the id was made now; an upgrade or repair goes on with the one that is there."""
    shared: bool = False
    """Whether everybody on this machine uses it."""


def install(config: Config, now: datetime, *, was_in_use: bool) -> Installed:
    """Write down the id and the date of the installation, unless they are there.

    Args:
        config: the settings; with scope `machine` the id is everybody's on this machine.
        now: the present.
        was_in_use: the product was there before the agent came with this update of it.

    Raises:
        OSError, statefile.StateError: they cannot be written or read.
    """
    allowed = consents.decide(config).consent
    if allowed == "none" or config.not_counted is not None:
        return Installed(consent=allowed, not_counted=config.not_counted)
    shared = config.scope == "machine"
    folder = config.machine_folder if shared else config.state_folder
    if shared:
        installation.make_shared_folder(config)
    with statefile.locked(folder):
        known = installation.known(config)
        here = known or _made(config, now, was_in_use=was_in_use)
        if known is None and shared:
            installation.write_shared(config, here)
        elif known is None:
            installation.write_own(config, here)
    return Installed(
        consent=allowed,
        installation_id=str(here.installation_id),
        is_new=known is None,
        shared=shared,
    )


def _made(config: Config, now: datetime, *, was_in_use: bool) -> Installation:
    said: dict[str, object] = {"origin": "upgrade"}
    if not was_in_use:
        said = {"origin": "new", "installed_at": now, "installed_version": config.version}
    return installation.made(now, **(installation.noted(config, now) or said))
