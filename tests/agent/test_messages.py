"""What is sent, under each consent, and how much of it at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.agent.profile import Profile

from exitpoll_agent import __version__, machine, messages, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.installation import Installation
from exitpoll_agent.rows import Row
from exitpoll_agent.state import Held

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
DAY = timedelta(days=1)


@pytest.fixture
def config(offline: Profile) -> Config:
    return replace(
        offline.config(channel="stable", edition="trial", source="example", customer="c-1"),
        installed_at=NOW - 40 * DAY,
        installed_version="0.9",
        origin="new",
        attributes={"plan": "pro"},
        scope="machine",
    )


def counts(rows: int, version: str = "1.0") -> Counter:
    return Counter(
        counter=uuid4(),
        installation_id=uuid4(),
        counted_since=NOW - 500 * DAY,
        seq=7,
        launches_total=57,
        first_launch_day=NOW.date() - 500 * DAY,
        last_launch_day=NOW.date(),
        rows=tuple(
            Row(day=NOW.date() - n * DAY, version=version, launches=1)
            for n in reversed(range(rows))
        ),
    )


def held(counter: Counter) -> Held:
    """Return a counter beside an installation of which nothing more is known."""
    here = Installation(installation_id=counter.installation_id, created_at=NOW, salt="", host=None)
    return Held(counter, here)


def leaving(answers: wire.Answers | None = None) -> wire.Leaving:
    return wire.Leaving(uninstall_id=uuid4(), at=NOW, context="remove", answers=answers)


def test_a_ping_carries_the_whole_state(config: Config) -> None:
    """Every field of the envelope is filled from settings, counter and machine."""
    counter = counts(1)
    assert messages.ping(config, held(counter), NOW) == wire.Ping(
        installation_id=counter.installation_id,
        counter=counter.counter,
        seq=7,
        sent_at=NOW,
        consent="full",
        version="1.0",
        channel="stable",
        edition="trial",
        source="example",
        os=machine.os_name(),
        arch=machine.arch(),
        locale=machine.locale(),
        agent=__version__,
        origin="new",
        installed_at=NOW - 40 * DAY,
        installed_version="0.9",
        counted_since=NOW - 500 * DAY,
        launches_total=57,
        first_launch_day=NOW.date() - 500 * DAY,
        last_launch_day=NOW.date(),
        days=(wire.DayCount(day=NOW.date(), version="1.0", launches=1),),
        customer="c-1",
        attributes={"plan": "pro"},
    )


def test_a_ping_takes_the_oldest_400_rows(config: Config) -> None:
    """A longer backlog is split; the oldest rows go first."""
    ping = messages.ping(config, held(counts(1000)), NOW)
    assert len(ping.days) == wire.MAX_ROWS
    assert ping.days[0].day == NOW.date() - 999 * DAY


def test_an_event_takes_the_newest_400_rows(config: Config) -> None:
    """Nothing may follow an uninstall, so it carries what matters most: how it ended."""
    event = messages.uninstall_event(config, held(counts(1000)), "full", leaving(), NOW)
    assert len(event.days) == wire.MAX_ROWS
    assert event.days[-1].day == NOW.date()


def test_messages_fit_into_a_body(config: Config) -> None:
    """With the longest texts of the widest letters a message stays within the server's limit."""
    wide = "\N{PILE OF POO}"
    attributes = {f"{n:02}" + wide * 62: "\x01" * 200 for n in range(20)}
    config = replace(
        config, version=wide * 64, source=wide * 200, customer="\x01" * 200, attributes=attributes
    )
    answers = wire.Answers(reason=wide * 64, comment="\x01" * wire.MAX_COMMENT_CHARS, score=0)
    counter = counts(1000, version=wide * 64)
    ping = messages.ping(config, held(counter), NOW)
    event = messages.uninstall_event(config, held(counter), "full", leaving(answers), NOW)
    assert 0 < len(ping.days) < wire.MAX_ROWS
    assert len(wire.to_json(ping)) <= wire.MAX_BODY_BYTES
    assert len(wire.to_json(event)) <= wire.MAX_BODY_BYTES
    assert event.uninstall.answers == answers


def test_consent_exit_carries_no_history(config: Config) -> None:
    """Under `exit` an event has version, language, system, answers and two coarse steps only."""
    answers = wire.Answers(reason="price")
    counter = counts(3)
    event = messages.uninstall_event(config, held(counter), "exit", leaving(answers), NOW)
    told = {name: value for name, value in json.loads(wire.to_json(event)).items() if value}
    uninstall = told.pop("uninstall")
    assert set(told) - {"locale"} == {
        "installation_id",
        "sent_at",
        "consent",
        "version",
        "os",
        "origin",
    }
    assert (event.seq, event.consent, event.origin) == (0, "exit", "unknown")
    assert uninstall["tenure_step"] == 30 * 24
    assert uninstall["launches_step"] == 10
    assert uninstall["answers"]["reason"] == "price"


@pytest.mark.parametrize(
    ("launches", "installed_ago", "step"),
    [(0, None, None), (2, None, 365 * 24), (0, 3 * DAY, 24), (2, 3 * DAY, 24), (1, -DAY, 0)],
)
def test_tenure_is_since_install_or_first_launch(
    config: Config, launches: int, installed_ago: timedelta | None, step: int | None
) -> None:
    """Tenure begins with the install, or the first launch; without either it is not known."""
    config = replace(config, installed_at=None if installed_ago is None else NOW - installed_ago)
    counter = replace(counts(0), launches_total=launches)
    event = messages.uninstall_event(config, held(counter), "exit", leaving(), NOW)
    assert event.uninstall.tenure_step == step
