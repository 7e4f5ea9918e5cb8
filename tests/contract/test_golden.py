"""The golden messages: what agents in the field send and understand, for good.

Once released, files of `v1/` are only ever added to. A test that fails here says that an agent
somewhere is no longer understood.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exitpoll_agent import wire

GOLDEN = Path(__file__).parent / "v1"

INSTALLATION = UUID("7f1d2c3b-4a59-4e68-8770-8695a4b3c2d1")
COUNTER = UUID("0c1b2a39-4857-4665-9483-72615f4e3d2c")
UNINSTALL = UUID("5e4d3c2b-1a09-4f18-a726-354453627180")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=wire.UTC)


PING = wire.Ping(
    installation_id=INSTALLATION,
    counter=COUNTER,
    seq=12,
    sent_at=at("2026-11-20T08:30:00"),
    consent="full",
    test=True,
    version="2.1.0",
    channel="stable",
    edition="trial",
    source="download.example",
    os="windows-11",
    arch="x86_64",
    locale="ru-RU",
    agent="1.0.0",
    origin="upgrade",
    installed_at=at("2026-10-01T17:00:00.250000"),
    installed_version="2.0.0",
    counted_since=at("2026-10-02T06:15:00"),
    launches_total=57,
    first_launch_day=date(2026, 10, 2),
    last_launch_day=date(2026, 11, 20),
    days=(
        wire.DayCount(day=date(2026, 11, 19), version="2.0.9", launches=3),
        wire.DayCount(day=date(2026, 11, 20), version="2.1.0", launches=0),
    ),
    milestones={"first-export": date(2026, 10, 3)},
    customer="9b74c9897bac770f",
    attributes={
        "plan": "pro",
        "seats": 5,
        "ratio": 0.5,
        "beta": False,
        "team": None,
        "город": "Пермь",
    },
)

PING_MINIMAL = wire.Ping(
    installation_id=INSTALLATION, seq=0, sent_at=at("2026-11-20T08:30:00"), consent="none"
)

EVENT = wire.UninstallEvent(
    installation_id=INSTALLATION,
    counter=COUNTER,
    seq=13,
    sent_at=at("2026-11-20T09:00:05"),
    consent="full",
    test=True,
    version="2.1.0",
    channel="stable",
    edition="trial",
    source="download.example",
    os="windows-11",
    arch="x86_64",
    locale="ru-RU",
    agent="1.0.0",
    origin="new",
    installed_at=at("2026-10-01T17:00:00"),
    installed_version="2.0.0",
    counted_since=at("2026-10-01T17:00:10"),
    launches_total=58,
    first_launch_day=date(2026, 10, 1),
    last_launch_day=date(2026, 11, 20),
    days=(wire.DayCount(day=date(2026, 11, 20), version="2.1.0", launches=1),),
    milestones={"first-export": date(2026, 10, 3)},
    customer="9b74c9897bac770f",
    attributes={"plan": "pro"},
    uninstall=wire.Leaving(
        uninstall_id=UNINSTALL,
        at=at("2026-11-20T09:00:00"),
        context="remove",
        asked="installer",
        not_asked="unattended",
        scope="machine",
        answers=wire.Answers(
            reason="too-expensive", comment="Слишком дорого.\nTrop cher.", score=3
        ),
        tenure_step=720,
        launches_step=10,
    ),
)

EVENT_EXIT = wire.UninstallEvent(
    installation_id=INSTALLATION,
    seq=0,
    sent_at=at("2026-11-20T09:00:05"),
    consent="exit",
    version="2.1.0",
    os="windows-11",
    locale="ru-RU",
    uninstall=wire.Leaving(
        uninstall_id=UNINSTALL,
        at=at("2026-11-20T09:00:00"),
        asked="page",
        scope="user",
        tenure_step=720,
        launches_step=10,
    ),
)

EVENT_CI = wire.UninstallEvent(
    installation_id=INSTALLATION,
    counter=COUNTER,
    seq=14,
    sent_at=at("2026-11-21T09:00:00"),
    consent="full",
    version="2.1.0",
    uninstall=wire.Leaving(
        uninstall_id=UNINSTALL, at=at("2026-11-21T09:00:00"), not_asked="ci", scope="machine"
    ),
)

ERASURE = wire.Erasure(installation_id=INSTALLATION, test=True)

CONFIRMATION = wire.Confirmation(
    ignored=("days.3", "locale"),
    policy=wire.Policy(
        collection=False,
        survey=False,
        interval_hours=48,
        resend_since=date(2026, 11, 1),
        move_to="https://kabc@elsewhere.example",
    ),
    prompt=wire.Prompt(survey="nps", address="https://feedback.example.com/s/abc"),
    received={"installation_id": str(INSTALLATION), "test": True},
)

REFUSAL = wire.Refusal(
    code="invalid",
    message="The message's envelope is broken.",
    fields={"seq": ("No whole number from 0.",)},
)


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ping.json", PING),
        ("uninstall.json", EVENT),
        ("uninstall-exit.json", EVENT_EXIT),
        ("uninstall-ci.json", EVENT_CI),
        ("erasure.json", ERASURE),
        ("confirmation.json", CONFIRMATION),
        ("refusal.json", REFUSAL),
    ],
)
def test_golden_messages_are_what_we_write(name: str, message: wire.Message) -> None:
    """What we write is the golden message, field by field and in its order."""
    written = json.loads(wire.to_json(message))
    assert written == golden(name)
    assert list(written) == list(golden(name))


def test_the_golden_confirmation_is_understood() -> None:
    """The agent reads every field of an answer."""
    assert wire.confirmation_from_json((GOLDEN / "confirmation.json").read_bytes()) == CONFIRMATION


def test_a_refusal_confirms_nothing_and_keeps_its_sentences() -> None:
    """A refusal is our JSON, with a code and sentences by field."""
    refusal = golden("refusal.json")
    assert refusal["exitpoll"] == wire.PROTOCOL
    assert set(refusal) == {field.name for field in fields(wire.Refusal)}


@pytest.mark.parametrize("message", [PING, EVENT, EVENT.uninstall, CONFIRMATION.policy])
def test_golden_messages_fill_every_field(message: Any) -> None:
    """No field of a full golden message is left open, so none goes untested."""
    said = {field.name: getattr(message, field.name) for field in fields(message)}
    assert [name for name, value in said.items() if value in (None, (), {}, "unknown")] == []


def test_the_golden_event_is_what_we_write() -> None:
    """The encoding of the same event never changes."""
    assert wire.encode_event(EVENT) == (GOLDEN / "compact-event.txt").read_text("ascii").strip()


def as_compact(event: wire.UninstallEvent) -> wire.UninstallEvent:
    """Return what an address may tell: no days, customer, attributes, milestones, answers."""
    return replace(
        event,
        days=(),
        milestones={},
        customer=None,
        attributes={},
        uninstall=replace(event.uninstall, answers=None),
    )
