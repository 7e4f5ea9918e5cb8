"""The command line: what it says, and with which exit code."""

from __future__ import annotations

import io
import json
import signal
import sys
import threading

import pytest
from tests.agent.loopback import Loopback, Received
from tests.agent.profile import Profile

from exitpoll_agent import cli, clock, wire


@pytest.mark.parametrize("command", ["launch", "uninstall"])
def test_a_bad_configuration_does_not_break_the_host(offline: Profile, command: str) -> None:
    """One line on stderr says what to do; the exit code is 0 and there is no traceback."""
    offline.environment["EXITPOLL_ADDRESS"] = "https://feedback.example.com"
    done = offline.run(command)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "exitpoll-agent: the address 'https://feedback.example.com' has no product key;"
        " it should look like https://PRODUCT-KEY@feedback.example.com\n"
    )


def test_status_says_that_nothing_is_configured(offline: Profile) -> None:
    """`status` is for whoever integrates the agent: here a bad configuration is exit code 1."""
    offline.environment["EXITPOLL_ADDRESS"] = ""
    done = offline.run("status", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["configured"] is False
    assert "set address in exitpoll.toml" in answer["error"]


def test_status_of_an_agent_that_never_counted(offline: Profile) -> None:
    """Before the first launch `status` says so, and makes nothing."""
    assert offline.run("status").stdout == "Sample 1.0 is configured; nothing was counted yet.\n"
    assert offline.json("status")["installation_id"] is None
    assert not offline.state.exists()


def test_status_tells_what_is_known(profile: Profile, server: Loopback) -> None:
    """`status` shows ids, counts and what has yet to be sent."""
    profile.run("launch")
    profile.run("launch")
    profile.run("uninstall")
    profile.run("launch")
    profile.run("launch")
    known = profile.json("status")
    last = server.received[-1].message
    assert known["installation_id"] == last["installation_id"]
    assert known["counter"] == last["counter"]
    assert (known["launches_total"], known["unconfirmed_rows"], known["seq"]) == (4, 1, 3)
    assert known["last_confirmed_at"] == last["sent_at"]
    assert (known["backing_off_until"], known["uninstalled_at"]) == (None, None)
    assert profile.run("status").stdout == (
        "Sample 1.0: 4 launches counted, 1 rows to be sent, consent full."
        f" Last confirmed: {last['sent_at']}.\n"
    )


def test_status_of_a_damaged_state(offline: Profile) -> None:
    """`status` names a damaged file in one line, and leaves it for the next launch to put aside."""
    offline.run("launch")
    (offline.state / "counter.json").write_text("{")
    done = offline.run("status")
    assert done.returncode == 1
    assert "counter.json is damaged" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (offline.state / "counter.json").read_text() == "{"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["uninstall", "--score", "11"],
        ["uninstall", "--score", "-1"],
        ["uninstall", "--score", "high"],
        ["uninstall", "--reason", "x" * 65],
        ["uninstall", "--context", "upgrade"],
    ],
)
def test_wrong_usage_is_for_the_developer(offline: Profile, arguments: list[str]) -> None:
    """A command line that makes no sense exits with 2, and nothing is written or sent."""
    done = offline.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("exitpoll-agent")
    assert not offline.state.exists()


def test_a_file_can_be_named(offline: Profile) -> None:
    """--config names the settings of one product among several."""
    (offline.folder / "other.toml").write_text('channel = "beta"\nchanel = "beta"')
    done = offline.run("--config", "other.toml", "launch")
    assert "other.toml sets 'chanel', which is unknown" in done.stderr


def test_the_present_is_read_in_one_place(
    offline: Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever turns time.time turns the agent's day."""
    for name, value in offline.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.9)
    assert wire.format_instant(clock.now()) == "2027-01-15T08:00:00Z"
    assert cli.main(["launch"]) == 0
    assert capsys.readouterr().out.startswith("Launch 1 counted; it will be sent later: ")
    assert str(offline.counter().first_launch_day) == "2027-01-15"


def test_a_program_without_a_console_is_served(
    offline: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without streams, or with ones that lack a letter, launches are counted all the same."""
    for name, value in {**offline.variables, "EXITPOLL_PRODUCT": "Записки"}.items():
        monkeypatch.setenv(name, value)
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    assert cli.main(["launch"]) == 0
    monkeypatch.setattr("sys.stdout", ascii_only)
    assert cli.main(["status"]) == 0
    assert offline.counter().launches_total == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["launch"], 0),
        (["milestone", "m"], 0),
        (["uninstall"], 0),
        (["consent"], 1),
        (["consent", "none"], 1),
        (["erase"], 1),
        (["status", "--payload"], 1),
    ],
)
def test_no_command_ends_in_a_traceback(
    offline: Profile, arguments: list[str], exit_code: int
) -> None:
    """A product's command never fails its host; a person's says by its exit code that it failed."""
    offline.environment["EXITPOLL_ADDRESS"] = "nonsense"
    done = offline.run(*arguments, "--json")
    assert (done.returncode, done.stderr.count("\n")) == (exit_code, 1)
    assert json.loads(done.stdout)["configured"] is False


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT reaches one process on POSIX")
def test_an_interrupted_command_says_so(profile: Profile, server: Loopback) -> None:
    """Ctrl-C while the server takes its time is one line, and nothing is deleted."""
    profile.run("launch")
    arrived, answer = threading.Event(), threading.Event()

    def hang(_received: Received) -> None:
        arrived.set()
        answer.wait(10)

    server.before_answering = hang
    # What runs in the background of a shell inherits that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = profile.start("erase")
    assert arrived.wait(10)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    answer.set()
    assert (process.returncode, out, err) == (1, "", "exitpoll-agent: interrupted\n")
    assert profile.json("status")["installation_id"] is not None
