"""A new address: taken only from the configured one over verified TLS, and given up again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.agent import faults
from tests.agent.loopback import Answer, Loopback, running
from tests.agent.profile import Profile

from exitpoll_agent import moving, wire

pytestmark = pytest.mark.agent


@dataclass
class Move:
    """A profile whose configured server speaks TLS, and another such server."""

    profile: Profile
    old: Loopback
    new: Loopback

    @property
    def new_address(self) -> str:
        return self.new.address.replace("KEY", "NEWKEY")

    def launch(self) -> dict[str, Any]:
        """Launch, with something due to be sent."""
        self.profile.change_state("counter.json", pinged_version=None, backoff_until=None)
        return self.profile.json("launch")

    def skip_to_question(self) -> None:
        """Pass over the messages before the next question to the configured address."""
        seq = self.profile.counter().seq
        last = seq - seq % moving.ASK_EVERY + moving.ASK_EVERY - 1
        self.profile.change_state("counter.json", seq=last)

    def forget(self) -> None:
        """Forget what arrived so far."""
        self.old.received.clear()
        self.new.received.clear()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faults.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def move(tmp_path: Path, certificate: Path) -> Iterator[Move]:
    """Have the old server say that it moved to the new one."""
    with contextlib.ExitStack() as stack:
        servers = [Loopback(), Loopback()]
        for server in servers:
            server.speaks_tls(str(certificate))
            stack.enter_context(running(server))
        profile = Profile(tmp_path, servers[0].address)
        profile.environment["SSL_CERT_FILE"] = str(certificate.with_name("public.pem"))
        move = Move(profile, *servers)
        move.old.answers_with_policy(move_to=move.new_address)
        yield move


@pytest.fixture
def moved(move: Move) -> Move:
    """Have the agent know of the move."""
    assert move.profile.json("launch")["upload"] == "confirmed"
    assert len(move.old.received) == 1
    move.forget()
    return move


# -- taken ---------------------------------------------------------------------------------


def test_messages_follow_a_move(moved: Move) -> None:
    """After the configured address said so, messages go to the new one, under its key."""
    assert moved.launch()["upload"] == "confirmed"
    (received,) = moved.new.received
    assert received.headers["Authorization"] == "Bearer NEWKEY"
    assert received.message["launches_total"] == 2
    assert moved.old.received == []
    assert moved.profile.json("status")["address"] == moved.new_address


@pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is POSIX's")
def test_event_and_survey_follow_a_move(moved: Move, tmp_path: Path) -> None:
    """The uninstall is told, and the page opened, where the product's server now is."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {tmp_path / "opened"}\n')
    script.chmod(0o700)
    moved.profile.environment |= {"BROWSER": str(script), "DISPLAY": ":0"}
    moved.profile.json("uninstall", "--open-survey")
    assert [received.path for received in moved.new.received] == [wire.UNINSTALLS_PATH]
    page = moved.new.address.replace("KEY@", "") + "/u/NEWKEY/"
    assert (tmp_path / "opened").read_text().startswith(page)
    assert moved.old.received == []


def test_a_withdrawal_follows_a_move(moved: Move) -> None:
    """The last message goes where the counts went."""
    assert moved.profile.json("consent", "none")["withdrawal"] == "confirmed"
    assert [received.message["consent"] for received in moved.new.received] == ["none"]


def test_an_erasure_is_asked_of_both(moved: Move) -> None:
    """What was sent before the move may still be there; only the new address has to confirm."""
    moved.old.answer = Answer(503)
    assert moved.profile.json("erase")["erased"] is True
    for server in (moved.new, moved.old):
        assert [received.path for received in server.received] == [wire.ERASURES_PATH]


# -- not taken -----------------------------------------------------------------------------


def test_a_move_is_not_taken_over_plain_http(
    profile: Profile, server: Loopback, certificate: Path
) -> None:
    """Where anybody in between may have said it, nobody moves."""
    new = Loopback()
    new.speaks_tls(str(certificate))
    with running(new):
        profile.environment["SSL_CERT_FILE"] = str(certificate.with_name("public.pem"))
        server.answers_with_policy(move_to=new.address)
        assert Move(profile, server, new).profile.json("launch")["upload"] == "confirmed"
        assert Move(profile, server, new).launch()["upload"] == "confirmed"
        assert (len(server.received), new.received) == (2, [])


@pytest.mark.parametrize(
    "move_to",
    [
        "http://KEY@127.0.0.1:1",
        "https://127.0.0.1:1",
        "https://KEY@",
        "ftp://KEY@127.0.0.1",
        "https://KEY@[",
        "somewhere",
        "",
        "https://KEY@127.0.0.1:1/" + "x" * moving.MAX_ADDRESS_CHARS,
    ],
)
def test_an_address_that_cannot_be_used_is_not_taken(move: Move, move_to: str) -> None:
    """A new address is whole, encrypted and has a key, or it is as if nothing was said."""
    move.old.answers_with_policy(move_to=move_to)
    move.profile.json("launch")
    assert move.launch()["upload"] == "confirmed"
    assert len(move.old.received) == 2


def test_a_move_leads_no_further(moved: Move) -> None:
    """What the new address says of moving is not heard; the rest of its policy holds."""
    moved.new.answers_with_policy(move_to="https://KEY@127.0.0.1:1", survey=False)
    assert moved.launch()["upload"] == "confirmed"
    assert moved.launch()["upload"] == "confirmed"
    assert len(moved.new.received) == 2
    assert moved.profile.counter().policy.survey is False


def test_another_configured_address_did_not_move(moved: Move, server: Loopback) -> None:
    """What one address said does not hold for the one that an update configures."""
    moved.profile.address = server.address
    assert moved.launch()["upload"] == "confirmed"
    assert (len(server.received), moved.new.received) == (1, [])


# -- given up again ------------------------------------------------------------------------


def test_the_configured_address_is_asked_again(moved: Move) -> None:
    """Now and then it gets a question without counts; those go to the new address as before."""
    moved.skip_to_question()
    assert moved.launch()["upload"] == "confirmed"
    (question,) = (received.message for received in moved.old.received)
    carried = {name for name, value in question.items() if value not in (None, [], {}, False)}
    assert carried == {"installation_id", "counter", "seq", "sent_at", "consent", "origin"}
    assert question["origin"] == "unknown"
    (ping,) = (received.message for received in moved.new.received)
    assert [row["launches"] for row in ping["days"]] == [2]


def test_the_configured_address_calls_back(moved: Move) -> None:
    """Where it no longer speaks of a move, messages go to it again, and so does this launch."""
    moved.old.answers_with_policy()
    moved.skip_to_question()
    assert moved.launch()["upload"] == "confirmed"
    assert [len(received.message["days"]) for received in moved.old.received] == [0, 1]
    assert moved.new.received == []


def test_the_new_addresss_policy_outlives_the_question(moved: Move) -> None:
    """While the move holds, only the new address says the rest of the policy."""
    moved.new.answers_with_policy(survey=False)
    moved.launch()
    moved.new.answer = Answer(503)
    moved.skip_to_question()
    assert moved.launch()["upload"] == "later"
    assert moved.profile.counter().policy.survey is False
    assert len(moved.old.received) == 1


def test_a_new_address_that_died_is_left(moved: Move) -> None:
    """The configured address is asked after a few failures, and may name another way."""
    moved.new.answer = Answer(502)
    moved.old.answers_with_policy()
    said = [moved.launch()["upload"] for _ in range(moving.ASK_EVERY - 1)]
    assert said == ["later"] * (len(said) - 1) + ["confirmed"]
    assert moved.old.received[-1].message["launches_total"] == 1 + len(said)


def test_a_configured_address_that_is_gone_costs_one_attempt(moved: Move) -> None:
    """A question that nobody answers is one failure; the next message reaches the new address."""
    moved.old.answer = Answer(502)
    moved.skip_to_question()
    assert moved.launch()["upload"] == "later"
    assert moved.launch()["upload"] == "confirmed"
    assert len(moved.new.received) == 1
