"""The functions for products written in Python: quick, and never a reason for the host to fail."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile

import exitpoll_agent
from exitpoll_agent import Failed
from exitpoll_agent.api import Settings
from exitpoll_agent.leaving import Request

WAIT_SECONDS = 20.0


@pytest.fixture
def host(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Be a product in this process, and return the settings that it has in its code."""
    for name in ("HOME", "TMPDIR", "EXITPOLL_STATE_DIR", "EXITPOLL_MACHINE_DIR"):
        monkeypatch.setenv(name, profile.variables.get(name, str(profile.folder)))
    monkeypatch.chdir(profile.folder)
    return {"address": profile.address, "product": "Sample", "version": "1.0"}


def until_sent(server: Loopback, messages: int) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while len(server.received) < messages and time.monotonic() < until:
        time.sleep(0.01)
    assert len(server.received) == messages


def until_confirmed(host: Settings) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        known = exitpoll_agent.status(**host)
        assert known
        if known.last_confirmed_at:
            return
        time.sleep(0.01)
    pytest.fail("nothing was confirmed")


def test_a_launch_counts_at_once_and_sends_behind(host: Settings, server: Loopback) -> None:
    """The count is on disk when the function returns, whatever the network does meanwhile."""
    server.before_answering = lambda _received: time.sleep(0.5)
    launched = exitpoll_agent.launch(**host)
    assert launched
    assert (launched.counted, launched.launches_total) == (True, 1)
    known = exitpoll_agent.status(**host)
    assert known
    assert (known.launches_total, known.last_confirmed_at) == (1, None)
    until_sent(server, 1)
    until_confirmed(host)


def test_launches_after_it_follow_an_order(host: Settings, profile: Profile) -> None:
    """They are as short as those of the program, and say the same."""
    exitpoll_agent.launch(**host)
    until_confirmed(host)
    exitpoll_agent.launch(**host)
    before = (profile.state / "counter.json").read_bytes()
    launched = exitpoll_agent.launch(**host)
    assert launched
    assert (launched.launches_total, launched.upload) == (3, "not_due")
    assert (profile.state / "counter.json").read_bytes() == before


def test_other_arguments_have_no_order(host: Settings, profile: Profile) -> None:
    """A launch of a new version, or with another edition, is not counted as the last one was."""
    exitpoll_agent.launch(**host)
    until_confirmed(host)
    exitpoll_agent.launch(**host)
    newer: Settings = {**host, "version": "1.1"}
    exitpoll_agent.launch(**newer)
    assert [row.version for row in profile.counter().rows] == ["1.0", "1.1"]


def test_every_command_is_a_function(host: Settings, profile: Profile, server: Loopback) -> None:
    """Milestone, consent, status, erase and uninstall do what the program's commands do."""
    assert exitpoll_agent.install(**host)
    exitpoll_agent.launch(**host)
    until_confirmed(host)
    reached = exitpoll_agent.milestone("first-export", **host)
    assert reached
    assert reached.is_new
    decision = exitpoll_agent.consent(**host)
    assert decision
    assert decision.consent == "full"
    departed = exitpoll_agent.uninstall(Request(unattended=True), **host)
    assert departed
    assert (departed.upload, departed.not_asked) == ("confirmed", "unattended")
    finished = exitpoll_agent.finish(Request(context="remove"), **host)
    assert finished
    assert finished.deleted
    chosen = exitpoll_agent.choose("none", **host)
    assert chosen
    assert chosen.decision.consent == "none"
    erased = exitpoll_agent.erase(**host)
    assert erased
    assert erased.installation_id is None
    assert not list(profile.state.glob("order-*"))
    assert [received.path for received in server.received] == ["/v1/pings", "/v1/uninstalls"]


@pytest.fixture
def troubles(host: Settings, tmp_path: Path) -> list[Settings]:
    """Return settings that cannot work, each for another reason."""
    return [
        {**host, "address": "feedback.example.com"},
        {**host, "version": "x" * 100},
        {**host, "installed_at": "yesterday"},  # type: ignore[typeddict-item] # what a host may do
        {**host, "edtion": "trial"},  # type: ignore[typeddict-unknown-key] # as above
        {**host, "config": tmp_path / "nowhere.toml"},
    ]


def test_nothing_raises_into_the_host(troubles: list[Settings]) -> None:
    """Whatever is wrong, the function returns what it was in one sentence."""
    for settings in troubles:
        failed = exitpoll_agent.launch(**settings)
        assert isinstance(failed, Failed)
        assert not failed
        assert failed.detail
        assert "\n" not in failed.detail


def test_arguments_stand_between_file_and_environment(
    host: Settings, profile: Profile, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is the weakest, EXITPOLL_* the strongest."""
    (profile.folder / "exitpoll.toml").write_text('channel = "file"\nedition = "file"')
    monkeypatch.setenv("EXITPOLL_VERSION", "9.9")
    installed_at = datetime(2026, 11, 1, tzinfo=timezone.utc)
    settings: Settings = {**host, "edition": "code", "installed_at": installed_at}
    exitpoll_agent.launch(**settings)
    until_sent(server, 1)
    sent = server.received[0].message
    told = {name: sent[name] for name in ("version", "edition", "channel", "installed_at")}
    assert told == {
        "version": "9.9",
        "edition": "code",
        "channel": "file",
        "installed_at": "2026-11-01T00:00:00Z",
    }


def test_a_program_that_ends_at_once_is_heard(profile: Profile, server: Loopback) -> None:
    """A product that runs for a moment is held for its upload, for a second at most."""
    script = "import exitpoll_agent; exitpoll_agent.launch()"
    subprocess.run([sys.executable, "-c", script], env=profile.variables, check=True)
    assert len(server.received) == 1


def test_a_network_that_hangs_holds_nobody(profile: Profile, server: Loopback) -> None:
    """Where the upload takes longer the program ends without it, and the next one sends again."""
    server.before_answering = lambda _received: time.sleep(15)
    script = (
        "import atexit, time; began = time.monotonic();"
        "atexit.register(lambda: print(time.monotonic() - began));"
        "import exitpoll_agent; exitpoll_agent.launch()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=profile.variables,
        check=True,
        capture_output=True,
        text=True,
        timeout=14,
    )
    assert float(done.stdout) < 14
    assert profile.counter().launches_total == 1
