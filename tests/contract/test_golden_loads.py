"""The golden messages at the server: what an agent of any age sent is understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.test_golden import (
    ERASURE,
    EVENT,
    EVENT_EXIT,
    GOLDEN,
    PING,
    PING_MINIMAL,
    as_compact,
    golden,
)

from exitpoll_agent import wire
from exitpoll_server import schemas

SENT: list[tuple[str, Callable[[object], schemas.Loaded[Any]], object]] = [
    ("ping.json", schemas.load_ping, PING),
    ("ping-minimal.json", schemas.load_ping, PING_MINIMAL),
    ("uninstall.json", schemas.load_uninstall, EVENT),
    ("uninstall-exit.json", schemas.load_uninstall, EVENT_EXIT),
    ("erasure.json", schemas.load_erasure, ERASURE),
]


@pytest.mark.parametrize(("name", "load", "message"), SENT)
def test_golden_messages_load(
    name: str, load: Callable[[object], schemas.Loaded[Any]], message: Any
) -> None:
    """What an agent of any age sends loads, whole, into exactly this."""
    assert load(golden(name)) == schemas.Loaded(message, ())


def test_the_golden_event_loads_as_it_was_encoded() -> None:
    """The address of an agent of any age brings the whole event, but for what it must not tell."""
    text = (GOLDEN / "compact-event.txt").read_text("ascii").strip()
    assert schemas.load_uninstall(wire.decode_event(text)) == schemas.Loaded(as_compact(EVENT), ())
