"""The compact event of the survey's address, whatever a vendor's texts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.test_golden import EVENT, GOLDEN, as_compact

from exitpoll_agent import wire
from exitpoll_server import schemas
from exitpoll_server.kinds import LARGEST
from exitpoll_server.schemas import LARGEST_TOTAL

SAMPLE = (GOLDEN / "compact-event.txt").read_text("ascii").strip()

INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(wire.UTC))  # noqa: DTZ001 - hypothesis adds the zone
TEXTS = {name: limit for name, limit in wire.TEXT_LIMITS.items() if name != "customer"}


def text_of_at_most(limit: int) -> st.SearchStrategy[str | None]:
    """Return any text, and often the longest there are: ASCII, four bytes each, escapes."""
    longest = st.sampled_from(["a", "я", "語", "😀", '"', "\\", "\x7f"])
    return st.one_of(st.none(), st.text(max_size=limit), longest.map(lambda c: c * limit))


def load(text: str) -> wire.UninstallEvent:
    return schemas.load_uninstall(wire.decode_event(text)).message


@settings(deadline=None)  # a busy machine is no failure of ours
@given(
    texts=st.fixed_dictionaries({name: text_of_at_most(limit) for name, limit in TEXTS.items()}),
    ids=st.tuples(st.uuids(), st.uuids(), st.uuids()),
    instants=st.tuples(INSTANTS, INSTANTS, INSTANTS, INSTANTS),
    counts=st.tuples(st.integers(0, LARGEST), st.integers(0, LARGEST_TOTAL)),
)
def test_an_address_is_never_too_long_and_keeps_who_and_when(
    texts: dict[str, Any],
    ids: tuple[UUID, UUID, UUID],
    instants: tuple[datetime, datetime, datetime, datetime],
    counts: tuple[int, int],
) -> None:
    """Whatever the vendor's texts: at most 1,500 characters, with every id, instant and count."""
    told: dict[str, Any] = {
        "installation_id": ids[0],
        "counter": ids[1],
        "seq": counts[0],
        "sent_at": instants[0],
        "installed_at": instants[1],
        "counted_since": instants[2],
        "launches_total": counts[1],
    }
    event = replace(
        EVENT,
        **told,
        **texts,
        uninstall=replace(EVENT.uninstall, uninstall_id=ids[2], at=instants[3]),
    )
    text = wire.encode_event(event)
    assert len(text) <= wire.MAX_EVENT_CHARS
    read = load(text)
    assert {name: getattr(read, name) for name in told} == told
    assert read.uninstall == replace(event.uninstall, answers=None)


def test_texts_are_given_up_one_by_one() -> None:
    """An address too long loses the least telling text first, and no more than it must."""
    event = replace(EVENT, source="語" * 200, channel="語" * 64)
    read = load(wire.encode_event(event))
    assert read == replace(as_compact(event), source=None)


def test_encoding_again_changes_nothing() -> None:
    """What was decoded and loaded is encoded as the same address."""
    assert wire.encode_event(load(SAMPLE)) == SAMPLE


def test_an_event_survives_an_address_bar() -> None:
    """An address holds only characters that nothing on its way escapes."""
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in SAMPLE)


def is_noticed(text: str) -> bool:
    try:
        wire.decode_event(text)
    except wire.EventDamagedError:
        return True
    return False


def test_an_altered_event_is_recognised() -> None:
    """Any one character altered, case included, or cut out is noticed."""
    unnoticed = [
        (position, other)
        for position, character in enumerate(SAMPLE)
        for other in {character.swapcase(), "A", "-", ".", "%", "é", ""} - {character}
        if not is_noticed(SAMPLE[:position] + other + SAMPLE[position + 1 :])
    ]
    assert unnoticed == []


def test_a_cut_event_is_recognised() -> None:
    """An address cut anywhere, as mail programs and shells do, is noticed."""
    assert [n for n in range(len(SAMPLE)) if not is_noticed(SAMPLE[:n])] == []


def test_a_longer_event_is_refused_unread() -> None:
    """What is longer than any agent writes is damaged."""
    with pytest.raises(wire.EventDamagedError):
        wire.decode_event(SAMPLE + "A" * wire.MAX_EVENT_CHARS)
