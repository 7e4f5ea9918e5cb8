"""Milestones: noted with their first day, told with the next ping until confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.agent.loopback import Answer, Loopback
from tests.agent.profile import Profile, present

from exitpoll_agent import messages, wire
from exitpoll_agent.counter import Counter
from exitpoll_agent.installation import Installation
from exitpoll_agent.milestones import reach
from exitpoll_agent.state import Held

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
DAY = timedelta(days=1)


def _told(server: Loopback) -> list[dict[str, str]]:
    return [received.message["milestones"] for received in server.received]


def test_a_milestone_goes_with_the_next_ping(profile: Profile, server: Loopback) -> None:
    """It is noted without a connection, makes the next launch's ping due, and is told once."""
    profile.run("launch")
    reached = profile.json("milestone", "first-export")
    today = present().date().isoformat()
    assert (reached["day"], reached["is_new"]) == (today, True)
    assert len(server.received) == 1
    assert profile.json("launch")["upload"] == "confirmed"
    assert profile.json("launch")["upload"] == "not_due"
    assert _told(server) == [{}, {"first-export": today}]


def test_a_milestone_is_told_until_it_is_confirmed(profile: Profile, server: Loopback) -> None:
    """An answer that is not ours confirms no milestone."""
    profile.run("milestone", "first-export")
    server.answer = Answer(503)
    profile.run("launch")
    server.answer = Answer()
    profile.forget_backoff()
    profile.run("launch")
    first, second = _told(server)
    assert first == second != {}
    assert profile.counter().unconfirmed_milestones() == {}


def test_the_first_day_counts(profile: Profile) -> None:
    """A success that is repeated keeps the day on which it first happened."""
    config = profile.config()
    assert reach(config, "export", NOW).is_new
    again = reach(config, "export", NOW + 3 * DAY)
    assert (again.day, again.is_new) == ("2026-11-20", False)


def test_a_milestone_goes_with_the_uninstall_too(profile: Profile, server: Loopback) -> None:
    """Whoever leaves before the next launch is not taken for somebody who never succeeded."""
    profile.run("milestone", "first-export")
    profile.run("uninstall")
    assert list(server.received[-1].message["milestones"]) == ["first-export"]


@pytest.mark.parametrize("consent", ["none", "exit"])
def test_short_of_full_nothing_is_noted(profile: Profile, server: Loopback, consent: str) -> None:
    """Where consent is not full a milestone leaves no file and is never told."""
    profile.environment["EXITPOLL_CONSENT"] = consent
    done = profile.run("milestone", "first-export")
    assert (done.returncode, done.stdout) == (0, f"Nothing was noted: consent is {consent}.\n")
    assert not profile.state.exists()
    profile.run("uninstall")
    assert all(told == {} for told in _told(server))


def test_no_more_than_a_message_holds_are_noted(offline: Profile) -> None:
    """The fifty-first milestone is not noted, and the agent says so; the host goes on."""
    for n in range(wire.MAX_MILESTONES):
        reach(offline.config(), f"m{n}", NOW)
    done = offline.run("milestone", "one-more")
    assert (done.returncode, done.stdout) == (
        0,
        "Nothing was noted: there are 50 milestones already.\n",
    )
    assert len(offline.counter().milestones) == wire.MAX_MILESTONES


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "two\nlines"])
def test_a_name_that_cannot_travel_is_for_the_developer(offline: Profile, name: str) -> None:
    """A name that the server would not take is wrong usage: exit code 2, nothing written."""
    assert offline.run("milestone", name).returncode == 2
    assert not offline.state.exists()


def test_a_restored_server_is_told_of_milestones_again() -> None:
    """`policy.resend_since` brings every milestone once more, whenever it was reached."""
    begun = _fresh().reached("export", NOW - 90 * DAY).begun(NOW)
    ping = _ping(begun)
    confirmed = begun.confirmed(ping, wire.Policy(), NOW)
    assert confirmed.unconfirmed_milestones() == {}
    asked = confirmed.confirmed(_ping(confirmed), wire.Policy(resend_since=NOW.date()), NOW)
    assert asked.unconfirmed_milestones() == {"export": (NOW - 90 * DAY).date()}


def test_fifty_long_names_do_not_hang_the_uninstaller(offline: Profile) -> None:
    """Where texts, comment and milestones exceed a body, the milestones are given up."""
    wide = "\N{PILE OF POO}"
    counter = _fresh().counted("1.0", NOW)
    for n in range(wire.MAX_MILESTONES):
        counter = counter.reached(f"{n:02}" + wide * 62, NOW)
    attributes = {f"{n:02}" + wide * 62: "\x01" * 200 for n in range(wire.MAX_ATTRIBUTES)}
    config = replace(offline.config(), attributes=attributes)
    answers = wire.Answers(comment="\x01" * wire.MAX_COMMENT_CHARS)
    leaving = wire.Leaving(uninstall_id=uuid4(), at=NOW, answers=answers)
    here = Installation(installation_id=counter.installation_id, created_at=NOW, salt="", host=None)
    held = Held(counter, here)
    event = messages.uninstall_event(config, held, "full", leaving, NOW)
    assert len(wire.to_json(event)) <= wire.MAX_BODY_BYTES
    assert (event.uninstall.answers, len(event.days)) == (answers, 1)
    assert len(messages.ping(config, held, NOW).milestones) == wire.MAX_MILESTONES


def _fresh() -> Counter:
    return Counter(counter=uuid4(), installation_id=uuid4(), counted_since=NOW)


def _ping(counter: Counter) -> wire.Ping:
    return wire.Ping(
        installation_id=counter.installation_id,
        seq=counter.seq,
        sent_at=NOW,
        consent="full",
        milestones=counter.unconfirmed_milestones(),
    )
