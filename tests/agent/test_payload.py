"""`status --payload`: what would be sent, byte for byte."""

from __future__ import annotations

import io
import json

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile

from exitpoll_agent import cli, wire


def _printed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> bytes:
    """Return the bytes that the program, run in here, writes to its standard output."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stdout)
    assert cli.main(arguments) == 0
    stdout.flush()
    buffer = stdout.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def test_the_payload_is_what_is_sent(
    offline: Profile, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a given instant the printed bytes equal those that the server then receives."""
    offline.run("launch")
    offline.run("milestone", "Ausfuhr-geglückt")
    offline.forget_backoff()
    offline.address = server.address
    offline.environment |= {"EXITPOLL_CUSTOMER": "Юлия", "EXITPOLL_EDITION": "trial"}
    for name, value in offline.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    printed = _printed(monkeypatch, "status", "--payload")
    assert server.received == []
    assert b"confirmed" in _printed(monkeypatch, "launch")
    assert printed == server.received[0].body
    assert json.loads(printed)["customer"] == "Юлия"


def test_printing_the_payload_changes_nothing(profile: Profile, server: Loopback) -> None:
    """No file is written and no connection opened, however often one looks."""
    profile.run("launch")
    before = {file.name: file.read_bytes() for file in profile.state.iterdir()}
    first = profile.run("status", "--payload")
    second = profile.run("status", "--payload", "--json")
    assert json.loads(first.stdout)["seq"] == json.loads(second.stdout)["seq"] == 2
    assert {file.name: file.read_bytes() for file in profile.state.iterdir()} == before
    assert len(server.received) == 1


def test_before_the_first_launch_the_ids_are_zeros(offline: Profile) -> None:
    """Whoever wants to look before anything is counted sees it all but ids not made yet."""
    payload = json.loads(offline.run("status", "--payload").stdout)
    zeros = "00000000-0000-0000-0000-000000000000"
    assert (payload["installation_id"], payload["counter"]) == (zeros, zeros)
    assert [row["launches"] for row in payload["days"]] == [1]
    assert not offline.state.exists()


@pytest.mark.parametrize("consent", ["none", "exit"])
def test_where_nothing_would_be_sent_nothing_is_printed(offline: Profile, consent: str) -> None:
    """Short of full consent there is no next ping, and the reason is said beside it."""
    offline.environment["EXITPOLL_CONSENT"] = consent
    done = offline.run("status", "--payload")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"exitpoll-agent: nothing would be sent: consent is {consent}\n"
    assert offline.json("status", "--payload")["payload"] is None


def test_collection_switched_off_sends_nothing(profile: Profile, server: Loopback) -> None:
    """Where the server wants nothing, the payload is nothing."""
    server.answers_with_policy(collection=False)
    profile.run("launch")
    assert profile.run("status", "--payload").stdout == ""


def test_a_long_backlog_shows_its_first_ping(offline: Profile) -> None:
    """What is printed never exceeds what one message may hold."""
    offline.run("launch")
    state = json.loads((offline.state / "counter.json").read_text())
    (row,) = state["rows"]
    rows = [{**row, "version": f"1.{n}"} for n in range(500)]
    offline.change_state("counter.json", rows=rows)
    payload = json.loads(offline.run("status", "--payload").stdout)
    assert len(payload["days"]) == wire.MAX_ROWS
