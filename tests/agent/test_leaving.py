"""Uninstalls: the event, whether the person is asked, and the browser."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.agent.loopback import Answer, Loopback, Received
from tests.agent.profile import Profile
from tests.program import IS_ROOT

from exitpoll_agent import wire
from exitpoll_agent.leaving import SHORTENED, shortened

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is POSIX's")


@dataclass
class Browser:
    """A program that $BROWSER names, and that writes down what it was to open."""

    opened: Path

    @property
    def pages(self) -> list[str]:
        return self.opened.read_text().splitlines() if self.opened.exists() else []


@pytest.fixture
def browser(profile: Profile, tmp_path: Path) -> Browser:
    return _install_browser(profile, tmp_path, "")


def _install_browser(profile: Profile, folder: Path, afterwards: str) -> Browser:
    browser = Browser(folder / "opened")
    script = folder / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {browser.opened}\n{afterwards}\n')
    script.chmod(0o700)
    profile.environment |= {"BROWSER": str(script), "DISPLAY": ":0"}
    return browser


def _event(server: Loopback) -> dict[str, Any]:
    """Return the `uninstall` block of the last message."""
    assert server.received[-1].path == wire.UNINSTALLS_PATH
    uninstall: dict[str, Any] = server.received[-1].message["uninstall"]
    return uninstall


# -- who is asked, and where ---------------------------------------------------------------


def test_an_uninstall_is_told(profile: Profile, server: Loopback) -> None:
    """The event carries the ping's envelope, with the launches that were not yet confirmed."""
    profile.run("launch")
    profile.run("launch")
    answer = profile.json("uninstall", "--context", "remove")
    message = server.received[-1].message
    assert message["launches_total"] == 2
    assert [row["launches"] for row in message["days"]] == [2]
    assert _event(server) == {
        "uninstall_id": answer["uninstall_id"],
        "at": message["sent_at"],
        "context": "remove",
        "asked": "no",
        "not_asked": "policy",
        "scope": None,
        "answers": None,
        "tenure_step": None,
        "launches_step": None,
    }
    assert answer["upload"] == "confirmed"
    assert profile.counter().unconfirmed() == ()


@POSIX
def test_the_survey_page_is_opened(profile: Profile, server: Loopback, browser: Browser) -> None:
    """The browser gets the configured server's page, with the event that was sent."""
    profile.run("launch")
    answer = profile.json("uninstall", "--open-survey")
    (page,) = browser.pages
    origin, event = page.split("/u/KEY/")
    assert origin == server.address.replace("KEY@", "")
    sent = server.received[-1].message
    told: dict[str, Any] = wire.decode_event(event)
    assert told["installation_id"] == sent["installation_id"]
    assert told["seq"] == sent["seq"]
    assert {**_event(server), **told["uninstall"]} == _event(server)
    assert (answer["asked"], answer["not_asked"], answer["survey_opened"]) == ("page", None, True)


@POSIX
def test_the_event_is_sent_before_the_browser_opens(
    profile: Profile, server: Loopback, browser: Browser
) -> None:
    """The page finds an uninstall that is already known, wherever the agent gets through."""
    seen: list[list[str]] = []
    server.before_answering = lambda _received: seen.append(browser.pages)
    profile.run("uninstall", "--open-survey")
    assert seen == [[]]
    assert len(browser.pages) == 1


@POSIX
def test_the_browser_is_the_second_channel(offline: Profile, tmp_path: Path) -> None:
    """Where the agent does not get through the page still opens, with the whole event."""
    browser = _install_browser(offline, tmp_path, "")
    answer = offline.json("uninstall", "--open-survey")
    assert (answer["upload"], answer["survey_opened"]) == ("later", True)
    assert wire.decode_event(browser.pages[0].rpartition("/")[2])["version"] == "1.0"


@POSIX
@pytest.mark.parametrize(
    ("options", "not_asked"),
    [
        (["--open-survey", "--unattended"], "unattended"),
        (["--unattended"], "unattended"),
        ([], "policy"),
    ],
)
def test_the_reason_for_not_asking_is_told(
    profile: Profile, server: Loopback, browser: Browser, options: list[str], not_asked: str
) -> None:
    """Where no page opens the event says why, and no browser starts."""
    answer = profile.json("uninstall", *options)
    assert (answer["asked"], answer["not_asked"]) == ("no", not_asked)
    assert (_event(server)["asked"], _event(server)["not_asked"]) == ("no", not_asked)
    assert browser.pages == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize(
    ("environment", "not_asked"),
    [
        ({}, "no_display"),
        ({"DISPLAY": ""}, "no_display"),
        ({"DISPLAY": ":0"}, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, None),
    ],
)
def test_a_page_needs_a_display(
    profile: Profile, browser: Browser, environment: dict[str, str], not_asked: str | None
) -> None:
    """On Linux no page is opened in a session without X or Wayland."""
    del profile.environment["DISPLAY"]
    profile.environment |= environment
    assert profile.json("uninstall", "--open-survey")["not_asked"] == not_asked
    assert len(browser.pages) == (not_asked is None)


@POSIX
def test_the_policy_can_switch_the_survey_off(
    profile: Profile, server: Loopback, browser: Browser
) -> None:
    """A server that wants no survey gets the event and no page."""
    server.answers_with_policy(survey=False)
    profile.run("launch")
    profile.run("uninstall", "--open-survey")
    assert (_event(server)["asked"], _event(server)["not_asked"]) == ("no", "policy")
    assert browser.pages == []


def test_collection_switched_off_says_nothing(profile: Profile, server: Loopback) -> None:
    """Where the server switched collection off, an uninstall is not told either."""
    server.answers_with_policy(collection=False)
    profile.run("launch")
    answer = profile.json("uninstall", "--open-survey")
    assert (answer["uninstall_id"], answer["not_asked"]) == (None, "policy")
    assert len(server.received) == 1


# -- answers of the installer's own page ---------------------------------------------------


@POSIX
def test_answers_go_with_the_event(
    profile: Profile, server: Loopback, browser: Browser, tmp_path: Path
) -> None:
    """Whoever answered on the installer's page is not asked again in the browser."""
    (tmp_path / "comment.txt").write_text("Слишком дорого.\n", encoding="utf-8-sig")
    answer = profile.json(
        "uninstall",
        "--open-survey",
        "--reason=price",
        f"--comment-file={tmp_path / 'comment.txt'}",
        "--score=0",
    )
    assert answer["asked"] == "installer"
    assert _event(server)["asked"] == "installer"
    assert _event(server)["not_asked"] is None
    assert _event(server)["answers"] == {
        "reason": "price",
        "comment": "Слишком дорого.",
        "score": 0,
    }
    assert browser.pages == []


def test_a_page_that_was_left_empty_was_asked_all_the_same(
    profile: Profile, server: Loopback, tmp_path: Path
) -> None:
    """An installer that asked and got no answer says so: the person was offered the question."""
    (tmp_path / "comment.txt").write_text(" \n")
    profile.run("uninstall", "--reason=", f"--comment-file={tmp_path / 'comment.txt'}")
    assert (_event(server)["asked"], _event(server)["answers"]) == ("installer", None)


def test_a_long_comment_is_shortened_and_said(
    profile: Profile, server: Loopback, tmp_path: Path
) -> None:
    """A comment is cut with a visible mark, never silently."""
    (tmp_path / "comment.txt").write_text("ж" * 9_000, encoding="utf-8")
    done = profile.run("uninstall", "--json", f"--comment-file={tmp_path / 'comment.txt'}")
    comment = _event(server)["answers"]["comment"]
    assert len(comment) == wire.MAX_COMMENT_CHARS
    assert comment == "ж" * (len(comment) - len(SHORTENED)) + SHORTENED
    assert done.stderr == "exitpoll-agent: the comment was cut to 4000 characters\n"
    assert "the comment was cut to 4000 characters" in done.stdout


def test_the_longest_comment_is_not_shortened() -> None:
    """Exactly as much as the wire carries arrives as it was written."""
    comment = "\N{PILE OF POO}" * wire.MAX_COMMENT_CHARS
    assert shortened(comment) == (comment, False)


def test_a_comment_in_another_encoding_arrives(
    profile: Profile, server: Loopback, tmp_path: Path
) -> None:
    """Bytes that are no UTF-8 are replaced, the rest is kept."""
    (tmp_path / "comment.txt").write_bytes(b"too expensive \x80")
    profile.run("uninstall", f"--comment-file={tmp_path / 'comment.txt'}")
    assert _event(server)["answers"]["comment"] == "too expensive \N{REPLACEMENT CHARACTER}"


def test_a_missing_comment_does_not_lose_the_event(profile: Profile, server: Loopback) -> None:
    """A comment file that is not there is said, and the event goes without it."""
    done = profile.run("uninstall", "--reason=price", "--comment-file=gone.txt")
    assert done.returncode == 0
    assert "gone.txt" in done.stderr
    assert _event(server)["answers"]["reason"] == "price"


# -- retries, and those who stay -----------------------------------------------------------


def test_a_retry_is_the_same_uninstall(offline: Profile, server: Loopback) -> None:
    """An event that did not get through keeps its id and instant, with a new seq."""
    first = offline.json("uninstall")
    offline.address = server.address
    second = offline.json("uninstall")
    assert (first["upload"], second["upload"]) == ("later", "confirmed")
    assert first["uninstall_id"] == second["uninstall_id"]
    assert server.received[-1].message["seq"] == 2


def test_the_event_is_on_disk_before_it_is_sent(profile: Profile, server: Loopback) -> None:
    """A process that is killed while sending has already written down which uninstall it is."""
    ids: list[str] = []

    def look(_received: Received) -> None:
        uninstalled = profile.counter().uninstalled
        ids.append(str(uninstalled and uninstalled.leaving.uninstall_id))

    server.before_answering = look
    answer = profile.json("uninstall")
    assert ids == [answer["uninstall_id"]]


def test_a_launch_after_the_uninstall_withdraws_it(profile: Profile, server: Loopback) -> None:
    """Whoever stayed carries on: same installation, same counter, a ping at once, later seq."""
    profile.run("launch")
    profile.run("uninstall")
    assert profile.json("launch")["upload"] == "confirmed"
    _, event, ping = (received.message for received in server.received)
    assert ping["installation_id"] == event["installation_id"]
    assert ping["counter"] == event["counter"]
    assert ping["seq"] > event["seq"]
    assert profile.json("launch")["upload"] == "not_due"


def test_the_next_uninstall_is_a_new_one(profile: Profile) -> None:
    """After a launch in between, an uninstall is another uninstall."""
    first = profile.json("uninstall")
    profile.run("launch")
    assert profile.json("uninstall")["uninstall_id"] != first["uninstall_id"]


def test_a_refused_event_does_not_break_the_uninstaller(profile: Profile, server: Loopback) -> None:
    """Whatever the server says, the uninstaller goes on with exit code 0."""
    server.answer = Answer(400, b'{"exitpoll": 1, "code": "invalid", "message": "no"}')
    done = profile.run("uninstall")
    assert done.returncode == 0
    assert "refused the message with status 400" in done.stdout


# -- consent -------------------------------------------------------------------------------


@POSIX
def test_consent_exit_is_kept_in_event_and_address(
    profile: Profile, server: Loopback, browser: Browser
) -> None:
    """Under `exit` neither the event nor the page's address has counts, counter or days."""
    profile.environment["EXITPOLL_CONSENT"] = "exit"
    profile.environment["EXITPOLL_CUSTOMER"] = "c-1"
    for _ in range(3):
        profile.run("launch")
    profile.run("uninstall", "--open-survey")
    (received,) = server.received
    told: dict[str, Any] = wire.decode_event(browser.pages[0].rpartition("/")[2])
    for message in (received.message, told):
        assert message["consent"] == "exit"
        assert message["seq"] == 0
        kept = ("counter", "launches_total", "counted_since", "first_launch_day", "installed_at")
        assert [message[name] for name in kept] == [None] * 5
        assert message["uninstall"]["launches_step"] == 2
        assert message["uninstall"]["tenure_step"] == 0
    assert (received.message["days"], received.message["customer"]) == ([], None)


def test_consent_none_says_nothing(profile: Profile, server: Loopback) -> None:
    """Under `none` an uninstall writes nothing, opens no connection and no browser."""
    profile.environment["EXITPOLL_CONSENT"] = "none"
    answer = profile.json("uninstall", "--open-survey", "--reason=price")
    assert (answer["uninstall_id"], answer["not_asked"]) == (None, "consent")
    assert not profile.state.exists()
    assert server.received == []


# -- where nothing can be written ----------------------------------------------------------

FULL_DISK = "mount -t tmpfs -o size=64k disk {0} && cp {1}/* {0}; dd if=/dev/zero of={0}/rest; true"
READ_ONLY = "mount --bind {1} {0} && mount -o remount,bind,ro {0}"


@pytest.mark.skipif(not IS_ROOT, reason="only root can mount a full disk, or a read-only one")
@pytest.mark.parametrize("mounts", [FULL_DISK, READ_ONLY])
@pytest.mark.parametrize("is_known", [True, False])
def test_where_nothing_can_be_written_the_event_is_sent(
    profile: Profile, server: Loopback, browser: Browser, mounts: str, *, is_known: bool
) -> None:
    """A full disk or a read-only home loses neither event nor page, and the id that is there."""
    if is_known:
        profile.run("launch")
    earlier = [received.message for received in server.received]
    profile.state.mkdir(exist_ok=True)
    kept = profile.state.rename(profile.folder / "kept")
    profile.state.mkdir()
    profile.mounts = mounts.format(profile.state, kept)
    answer = profile.json("uninstall", "--open-survey")
    assert (answer["upload"], answer["survey_opened"]) == ("confirmed", True)
    event = server.received[-1].message
    told = wire.decode_event(browser.pages[0].rpartition("/")[2])
    assert told["installation_id"] == event["installation_id"]
    assert event["launches_total"] == len(earlier)
    for ping in earlier:
        assert event["installation_id"] == ping["installation_id"]
        assert event["counter"] == ping["counter"]
        assert event["seq"] > ping["seq"]


@pytest.mark.skipif(not IS_ROOT, reason="only root can mount a full disk")
def test_collection_that_is_off_stays_off_where_nothing_can_be_written(
    profile: Profile, server: Loopback
) -> None:
    """What can be read still holds: the server that switched collection off hears nothing."""
    server.answers_with_policy(collection=False)
    profile.run("launch")
    profile.mounts = READ_ONLY.format(profile.state, profile.state)
    assert profile.json("uninstall", "--open-survey")["not_asked"] == "policy"
    assert len(server.received) == 1


def test_counts_of_a_newer_agent_do_not_hold_back_the_event(
    profile: Profile, server: Loopback
) -> None:
    """Counts that a newer agent wrote are left alone, and the uninstall is told without them."""
    profile.run("launch")
    profile.change_state("counter.json", format=99)
    before = (profile.state / "counter.json").read_bytes()
    assert profile.json("uninstall")["upload"] == "confirmed"
    ping, event = (received.message for received in server.received)
    assert event["installation_id"] == ping["installation_id"]
    assert (event["launches_total"], event["days"]) == (0, [])
    assert (profile.state / "counter.json").read_bytes() == before
