"""How long they had it who left."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "tenures.band": (
        "Of the uninstalls whose tenure is known to the day, those after so many days."
    ),
    "tenures.unknown": (
        "Uninstalls in the window of which nobody knows the install, or only a coarse step of it."
    ),
}
