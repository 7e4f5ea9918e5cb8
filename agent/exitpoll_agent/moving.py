"""Where messages go: to the configured address, or to the one that it moved to.

The configured address stays the root. Only it can say where to go, over verified TLS; what the
new one says of moving is not heard, so that one hop is all there is, and the configured one is
asked again now and then: it can call everybody back, and a new address that died is left.
"""

from __future__ import annotations

from dataclasses import replace

from exitpoll_agent import state, statefile, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter

ASK_EVERY = 10
"""Of the messages after a move, one in so many is a question to the configured address: what it
said in wrong hands is healed soon, and where it is gone for good, one attempt in ten that fails
costs nobody anything."""

MAX_ADDRESS_CHARS = 500
"""The survey's page must fit into what address bars take, event and all."""


def address(config: Config, counts: Counter) -> wire.Address:
    """Return where messages go, and where the survey's page is."""
    if counts.moved_from != str(config.address):
        return config.address
    return _new_address(counts.policy.move_to) or config.address


def read_address(config: Config) -> wire.Address:
    """Return as `address` what is on disk; the configured one where that cannot be read."""
    try:
        counts = state.read_counter(config.state_folder)
    except (statefile.StateError, OSError):
        return config.address
    return config.address if counts is None else address(config, counts)


def is_time_to_ask(config: Config, counts: Counter) -> bool:
    """Whether this message should be a question to the configured address whether it moved."""
    return address(config, counts) != config.address and counts.seq % ASK_EVERY == 0


def heard(config: Config, counts: Counter, asked: wire.Address, told: wire.Policy) -> Counter:
    """Return the counter with the policy that holds after an answer of `asked`.

    What the configured address says of moving holds, if it may say so. While it has moved, the
    rest of the policy is the new address's to say.
    """
    if asked != config.address:
        return replace(counts, policy=replace(told, move_to=counts.policy.move_to))
    move_to = told.move_to if _may_move(config.address, told.move_to) else None
    if move_to is not None and address(config, counts) == _new_address(move_to):
        return counts
    moved_from = None if move_to is None else str(config.address)
    return replace(counts, policy=replace(told, move_to=move_to), moved_from=moved_from)


def _may_move(configured: wire.Address, move_to: str | None) -> bool:
    """Only what came over verified TLS: over plain http anybody may have said it."""
    return configured.base.startswith("https://") and _new_address(move_to) is not None


def _new_address(move_to: str | None) -> wire.Address | None:
    """Read a new address; None where it cannot be used, or is not encrypted."""
    if move_to is None or len(move_to) > MAX_ADDRESS_CHARS:
        return None
    try:
        new = wire.parse_address(move_to)
    except wire.AddressError:
        return None
    return new if new.base.startswith("https://") else None
