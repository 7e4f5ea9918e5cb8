"""Launches, counted and sent by the real program."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.agent.loopback import Answer, Loopback, Received
from tests.agent.profile import Profile, present

from exitpoll_agent import counterfile, state, wire
from exitpoll_agent.counter import ASK_AGAIN
from exitpoll_agent.launching import launch
from exitpoll_agent.rows import Row


def test_twenty_starts_at_once_are_twenty_launches(profile: Profile, server: Loopback) -> None:
    """Real processes that start together lose no launch, and share one installation."""
    processes = [profile.start("launch", "--json") for _ in range(20)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert sorted(answer["launches_total"] for answer in answers) == list(range(1, 21))
    assert profile.counter().launches_total == 20
    assert [row.launches for row in profile.counter().rows] == [20]
    assert len({received.message["counter"] for received in server.received}) == 1
    assert not list(profile.state.glob("*.corrupt-*"))


def test_a_launch_is_told_and_confirmed(profile: Profile, server: Loopback) -> None:
    """The first launch of a day is sent at once, and what was confirmed is not sent again."""
    assert profile.json("launch") == {
        "counted": True,
        "consent": "full",
        "launches_total": 1,
        "upload": "confirmed",
        "detail": None,
        "not_counted": None,
    }
    (received,) = server.received
    assert received.path == wire.PINGS_PATH
    assert [row["launches"] for row in received.message["days"]] == [1]
    assert profile.json("launch")["upload"] == "not_due"
    assert len(server.received) == 1


def test_offline_counts_and_heals(offline: Profile, server: Loopback) -> None:
    """Without a network launches are counted; the first ping that gets through brings them all."""
    assert offline.json("launch")["upload"] == "later"
    assert offline.json("launch")["upload"] == "not_due"
    offline.address = server.address
    offline.forget_backoff()
    assert offline.json("launch")["upload"] == "confirmed"
    assert server.received[0].message["days"][0]["launches"] == 3
    assert offline.counter().unconfirmed() == ()


def test_counting_comes_before_sending(profile: Profile, server: Loopback) -> None:
    """When the server sees a ping its launch and its seq are already on disk."""
    seen: list[tuple[int, int]] = []

    def look(_received: Received) -> None:
        seen.append((profile.counter().launches_total, profile.counter().seq))

    server.before_answering = look
    profile.run("launch")
    assert seen == [(1, 1)]


def test_a_row_that_grows_during_the_upload_stays_unconfirmed(
    profile: Profile, server: Loopback
) -> None:
    """A launch that happens while the ping is under way is not confirmed by its answer."""

    def launch_meanwhile(_received: Received) -> None:
        assert profile.json("launch")["upload"] == "not_due"

    server.before_answering = launch_meanwhile
    assert profile.json("launch")["upload"] == "confirmed"
    (row,) = profile.counter().rows
    assert (row.launches, row.confirmed, row.is_unconfirmed) == (2, 1, True)


def test_a_captive_portal_confirms_nothing(profile: Profile, server: Loopback) -> None:
    """Behind a portal that answers everything with its page, all launches are kept."""
    server.answer = Answer(200, b"<html>Welcome to the hotel</html>")
    answer = profile.json("launch")
    assert (answer["upload"], answer["detail"]) == ("later", "the answer was not from Exitpoll")
    assert len(profile.counter().unconfirmed()) == 1


def test_a_refusal_keeps_counting(profile: Profile, server: Loopback) -> None:
    """A refused ping loses no launch and is not repeated at every start."""
    server.answer = Answer(422, b'{"exitpoll": 1, "code": "invalid", "message": "no"}')
    assert profile.json("launch")["upload"] == "refused"
    assert profile.json("launch") == {
        "counted": True,
        "consent": "full",
        "launches_total": 2,
        "upload": "not_due",
        "detail": None,
        "not_counted": None,
    }
    assert len(server.received) == 1


def test_retry_after_holds_the_next_launch_back(profile: Profile, server: Loopback) -> None:
    """A server that asks for an hour gets an hour."""
    server.answer = Answer(429, b"", {"Retry-After": "3600"})
    before = present()
    profile.run("launch")
    until = profile.counter().backoff_until
    assert until is not None
    assert until >= before + timedelta(hours=1)


def test_an_update_is_an_ordinary_ping(profile: Profile, server: Loopback) -> None:
    """A new version is told at once, with the rows of both versions kept apart."""
    profile.run("launch")
    profile.environment["EXITPOLL_VERSION"] = "1.1"
    assert profile.json("launch")["upload"] == "confirmed"
    assert [received.path for received in server.received] == [wire.PINGS_PATH] * 2
    second = server.received[1].message
    assert (second["version"], second["installation_id"]) == (
        "1.1",
        server.received[0].message["installation_id"],
    )
    assert [row["version"] for row in second["days"]] == ["1.1"]


def _give_backlog(profile: Profile) -> None:
    """Leave 999 rows of earlier days that were never sent."""
    today = present().date()
    with state.held(profile.config(), present()) as held:
        rows = tuple(
            Row(day=today - timedelta(days=n), version="0.9", launches=1)
            for n in reversed(range(1, 1000))
        )
        held.counter = replace(held.counter, rows=rows)


def test_a_long_backlog_is_split(profile: Profile, server: Loopback) -> None:
    """1000 rows go out as three pings of at most 400, each with a seq of its own."""
    _give_backlog(profile)
    assert launch(profile.config(), present()).upload == "confirmed"
    sent = [received.message for received in server.received]
    assert [len(message["days"]) for message in sent] == [400, 400, 200]
    assert [message["seq"] for message in sent] == [1, 2, 3]
    assert len({(row["day"], row["version"]) for ping in sent for row in ping["days"]}) == 1000
    assert profile.counter().unconfirmed() == ()


def test_a_backlog_that_breaks_off_goes_on_later(profile: Profile, server: Loopback) -> None:
    """Where the second of three pings fails, the first one's rows are confirmed for good."""
    _give_backlog(profile)

    def fail_from_the_second_on(_received: Received) -> None:
        if len(server.received) > 1:
            server.answer = Answer(503)

    server.before_answering = fail_from_the_second_on
    assert launch(profile.config(), present()).upload == "later"
    assert len(server.received) == 2
    assert len(profile.counter().unconfirmed()) == 600


def test_a_policy_is_remembered(profile: Profile, server: Loopback) -> None:
    """What the server asked for holds for the launches after it, online or not."""
    server.answers_with_policy(collection=False)
    profile.run("launch")
    profile.environment["EXITPOLL_VERSION"] = "2.0"
    assert profile.json("launch")["upload"] == "not_due"
    assert len(server.received) == 1


def test_a_server_that_wants_nothing_is_asked_again(profile: Profile, server: Loopback) -> None:
    """After a month a question without counts is sent; a yes is followed by them at once."""
    server.answers_with_policy(collection=False)
    profile.run("launch")
    server.received.clear()
    for answer, days in (({"collection": False}, [[]]), ({}, [[], [4]])):
        long_ago = present() - ASK_AGAIN
        profile.change_state("counter.json", pinged_at=wire.format_instant(long_ago))
        promised = json.loads(profile.run("status", "--payload").stdout)
        server.answers_with_policy(**answer)
        assert profile.json("launch")["upload"] == "confirmed"
        assert profile.json("launch")["upload"] == "not_due"
        told = [received.message for received in server.received]
        assert [[row["launches"] for row in message["days"]] for message in told] == days
        assert [message["version"] for message in told] == [None, "1.0"][: len(days)]
        assert {**told[0], "sent_at": None} == {**promised, "sent_at": None}
        server.received.clear()


def test_a_backlog_stops_where_collection_does(profile: Profile, server: Loopback) -> None:
    """Between two pings of a backlog the server may switch collection off."""
    _give_backlog(profile)
    server.answers_with_policy(collection=False)
    profile.run("launch")
    assert len(server.received) == 1


def test_a_restored_server_gets_the_rows_again(profile: Profile, server: Loopback) -> None:
    """Confirmed rows are sent once more after the server asks for them."""
    profile.run("launch")
    server.answers_with_policy(resend_since="2020-01-01")
    for version in ("1.1", "1.2"):
        profile.environment["EXITPOLL_VERSION"] = version
        profile.run("launch")
    versions = [[row["version"] for row in got.message["days"]] for got in server.received]
    assert versions == [["1.0"], ["1.1"], ["1.0", "1.2"]]


def test_consent_exit_counts_and_sends_nothing(profile: Profile, server: Loopback) -> None:
    """Under `exit` launches are counted for the steps of the uninstall, and nothing is sent."""
    profile.environment["EXITPOLL_CONSENT"] = "exit"
    assert profile.json("launch") == {
        "counted": True,
        "consent": "exit",
        "launches_total": 1,
        "upload": "not_due",
        "detail": None,
        "not_counted": None,
    }
    assert server.received == []


def test_consent_none_leaves_no_trace(profile: Profile, server: Loopback) -> None:
    """Under `none` nothing is written, not even a folder, and no connection is opened."""
    profile.environment["EXITPOLL_CONSENT"] = "none"
    assert profile.json("launch")["counted"] is False
    assert not profile.state.exists()
    assert server.received == []


def test_a_launch_with_nothing_due_is_light(profile: Profile) -> None:
    """Nothing that speaks HTTP or TLS to a server is loaded where nothing is to be sent."""
    profile.run("launch")
    script = (
        "import sys; from exitpoll_agent.cli import main; main(['launch']);"
        "heavy = {'requests', 'urllib3', 'truststore', 'http.client', 'ssl', 'webbrowser'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=profile.variables,
        cwd=profile.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["Launch 2 counted; nothing is due to be sent.", "[]"]


def test_the_guest_leaves_the_hosts_tls_alone(profile: Profile) -> None:
    """An upload inside somebody else's process does not replace their ssl.SSLContext."""
    script = (
        "import ssl; before = ssl.SSLContext; from exitpoll_agent.cli import main;"
        "main(['launch']); print(ssl.SSLContext is before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=profile.variables,
        cwd=profile.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["Launch 1 counted; the server confirmed it.", "True"]


def test_a_damaged_counter_does_not_stop_the_count(profile: Profile, server: Loopback) -> None:
    """The damaged file is put aside, and another counter takes over from what is known of it."""
    profile.run("launch")
    profile.run("launch")
    (profile.state / counterfile.NAME).write_text("{")
    assert profile.json("launch")["launches_total"] == 3
    assert (profile.state / "counter.json.corrupt-1").read_text() == "{"
    first, former, new = (received.message for received in server.received)
    assert first["installation_id"] == former["installation_id"] == new["installation_id"]
    assert first["counter"] == former["counter"] != new["counter"]
    assert [ping["days"][0]["launches"] for ping in (first, former, new)] == [1, 1, 2]


def test_a_newer_agents_state_is_left_alone(profile: Profile, server: Loopback) -> None:
    """After a downgrade the agent says so in one line, and touches and sends nothing."""
    profile.run("launch")
    profile.change_state(counterfile.NAME, format=2)
    before = (profile.state / counterfile.NAME).read_bytes()
    done = profile.run("launch")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "newer agent" in done.stderr
    assert (profile.state / counterfile.NAME).read_bytes() == before
    assert len(server.received) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a file in the way of a folder, on POSIX")
def test_a_state_that_cannot_be_written_does_not_break_the_host(
    offline: Profile, tmp_path: Path
) -> None:
    """Where nothing can be written the host's start goes on: one line, exit code 0."""
    (tmp_path / "file").write_text("")
    offline.environment["EXITPOLL_STATE_DIR"] = str(tmp_path / "file" / "state")
    done = offline.run("launch")
    assert done.returncode == 0
    assert done.stderr.startswith("exitpoll-agent: ")
    assert done.stderr.count("\n") == 1
