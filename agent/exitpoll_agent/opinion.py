"""The product's feedback page, for whoever chose it in the product's own menu.

The person opens it themselves, so it opens under any consent; the agent sends nothing, and short of
full consent the address does not say whose copy it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exitpoll_agent import browser, consents, installation, leaving, machine, wire
from exitpoll_agent.config import Config


@dataclass(frozen=True, kw_only=True)
class Invited:
    """The page, and whether a browser took it."""

    address: str
    opened: bool
    not_opened: wire.NotAsked | Literal["no_browser"] | None = None
    """Why it was not opened."""


def invite(config: Config, environment: Mapping[str, str]) -> Invited:
    """Open the feedback page.

    Raises:
        statefile.StateError, OSError: consent or the id cannot be read.
    """
    address = config.address.link(_said(config))
    request = leaving.Request(open_survey=True)
    why_not = leaving.why_not_ask(request, wire.Policy(), environment)
    if why_not is not None:
        return Invited(address=address, opened=False, not_opened=why_not)
    opened = browser.open_page(address, environment)
    return Invited(address=address, opened=opened, not_opened=None if opened else "no_browser")


def _said(config: Config) -> dict[str, str]:
    """Return what the address says; the id only where one is known and consent is full."""
    allowed = consents.decide(config).consent
    here = installation.read(config) if allowed == "full" else None
    said = {
        "survey": "feedback",
        "id": None if here is None else str(here.installation_id),
        "v": config.version,
        "lang": machine.locale(),
    }
    return {name: value for name, value in said.items() if value is not None}


def sentence(invited: Invited) -> str:
    """Say that the page was opened, or where it is."""
    if invited.opened:
        return f"The feedback page was opened: {invited.address}"
    return f"The feedback page is at {invited.address}"
