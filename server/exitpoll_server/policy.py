"""What a product may ask of its agents and of itself: bounds, and what a new address has to be."""

from __future__ import annotations

from exitpoll_agent import wire

MAX_INTERVAL_HOURS = 30 * 24
"""Agents wait no longer, whatever a policy says."""

MAX_RETENTION_DAYS = 3650

MAX_MOVE_CHARS = 500
"""Agents take no longer address: the survey's page has to fit behind it."""


def check_new_address(text: str) -> wire.Address:
    """Return the address that agents are sent to; nobody is asked whether it answers.

    Raises:
        wire.AddressError: agents would not take it.
    """
    address = wire.parse_address(text)
    if not address.base.startswith("https://") or len(text) > MAX_MOVE_CHARS:
        raise wire.AddressError(
            f"agents take only an encrypted address of at most {MAX_MOVE_CHARS} characters, "
            "such as https://PRODUCT-KEY@feedback.example.com"
        )
    return address
