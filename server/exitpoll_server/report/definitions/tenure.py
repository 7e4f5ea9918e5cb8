"""How long they had it who left."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "tenures.band": N_(
        "Of the uninstalls whose tenure is known to the day, those after so many days."
    ),
    "tenures.unknown": N_(
        "Uninstalls in the window of which nobody knows the install, or only a coarse step of it."
    ),
}
