"""`prompt`: a question kept for the product, opened once, and only from our own server."""

from __future__ import annotations

import json
import sys

import pytest
from tests.agent.loopback import Answer, Loopback
from tests.agent.profile import Profile
from tests.agent.test_leaving import Browser, _install_browser

from exitpoll_agent import wire

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is POSIX's")


@pytest.fixture
def browser(profile: Profile) -> Browser:
    return _install_browser(profile, profile.folder, "")


def origin(server: Loopback) -> str:
    return server.address.replace("KEY@", "")


def ask(server: Loopback, address: str, survey: str = "nps", **policy: object) -> None:
    """Let the server put a question with its next answer."""
    prompt = {"survey": survey, "address": address}
    body = {"exitpoll": 1, "policy": policy, "prompt": prompt}
    server.answer = Answer(body=json.dumps(body).encode())


def hear(profile: Profile, server: Loopback) -> None:
    """Send a ping, whatever was sent today: an update makes one due."""
    profile.environment["EXITPOLL_VERSION"] = f"1.{len(server.received)}"
    assert profile.json("launch")["upload"] == "confirmed"


def test_a_question_is_kept_and_told(profile: Profile, server: Loopback) -> None:
    """What came with a ping's answer is printed as often as the product asks, and only printed."""
    ask(server, f"{origin(server)}/s/abc")
    hear(profile, server)
    for _ in range(2):
        told = profile.json("prompt")
        assert (told["survey"], told["address"]) == ("nps", f"{origin(server)}/s/abc")
    assert f"{origin(server)}/s/abc" in profile.run("prompt").stdout
    assert len(server.received) == 1


def test_nothing_to_ask(profile: Profile, server: Loopback) -> None:
    """Before any launch, and where the server asks nothing, the command says so and succeeds."""
    for _ in range(2):
        done = profile.run("prompt")
        assert (done.returncode, done.stdout) == (0, "There is nothing to ask.\n")
        assert profile.json("prompt", "--open")["address"] is None
        hear(profile, server)
    assert {received.path for received in server.received} == {wire.PINGS_PATH}


@POSIX
def test_an_opened_question_is_gone(profile: Profile, server: Loopback, browser: Browser) -> None:
    """The page opens once, also where the server puts the same question again; a new one is new."""
    for address in (f"{origin(server)}/s/abc", f"{origin(server)}/s/def"):
        ask(server, address)
        hear(profile, server)
        assert profile.json("prompt", "--open")["opened"] is True
        assert browser.pages[-1] == address
        hear(profile, server)
        assert profile.json("prompt", "--open")["opened"] is False
        assert profile.json("prompt")["nothing"] == "no_question"
    assert len(browser.pages) == 2


def test_an_answer_without_a_question_takes_none_away(profile: Profile, server: Loopback) -> None:
    """The last question is kept until it was opened, however many pings go by."""
    ask(server, f"{origin(server)}/s/abc")
    hear(profile, server)
    server.answer = Answer()
    hear(profile, server)
    assert profile.json("prompt")["survey"] == "nps"


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/s/abc",
        "{origin}.elsewhere.example/s/abc",
        "{origin}@elsewhere.example/s/abc",
        "{origin}",
        "{scheme}://KEY@{host}/s/abc",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "{origin}/s/abc\\..\\evil",
        "{origin}/s/abc def",
        "/s/abc",
        "",
    ],
)
def test_another_servers_page_is_dropped(profile: Profile, server: Loopback, address: str) -> None:
    """Only a page of the configured server is ever kept, printed or opened."""
    scheme, host = origin(server).split("://")
    ask(server, address.format(origin=origin(server), scheme=scheme, host=host))
    hear(profile, server)
    assert profile.counter().prompt is None
    assert profile.json("prompt")["nothing"] == "no_question"


def test_a_new_address_makes_old_questions_strange(profile: Profile, server: Loopback) -> None:
    """A question of the server that was configured before is not asked any more."""
    ask(server, f"{origin(server)}/s/abc")
    hear(profile, server)
    profile.address = "https://KEY@feedback.example.com"
    assert profile.json("prompt")["nothing"] == "no_question"


@pytest.mark.parametrize(
    ("setting", "nothing"),
    [
        ({"EXITPOLL_CONSENT": "exit"}, "consent"),
        ({"EXITPOLL_CONSENT": "none"}, "consent"),
        ({"DO_NOT_TRACK": "1"}, "consent"),
    ],
)
def test_consent_forbids_to_ask(
    profile: Profile, server: Loopback, setting: dict[str, str], nothing: str
) -> None:
    """Whoever narrowed consent since is not asked."""
    ask(server, f"{origin(server)}/s/abc")
    hear(profile, server)
    profile.environment |= setting
    for options in ((), ("--open",)):
        told = profile.json("prompt", *options)
        assert (told["nothing"], told["address"], told["opened"]) == (nothing, None, False)


def test_policy_forbids_to_ask(profile: Profile, server: Loopback) -> None:
    """Where the server switched surveys off, a question that came along is not asked."""
    ask(server, f"{origin(server)}/s/abc", survey="nps")
    hear(profile, server)
    server.answers_with_policy(survey=False)
    hear(profile, server)
    assert profile.json("prompt")["nothing"] == "policy"


@POSIX
def test_without_a_display_the_question_is_kept(
    profile: Profile, server: Loopback, browser: Browser
) -> None:
    """Where no page can be shown nobody was asked: exit code 1, and the question stays."""
    ask(server, f"{origin(server)}/s/abc")
    hear(profile, server)
    display = profile.environment.pop("DISPLAY")
    done = profile.run("prompt", "--open")
    assert (done.returncode, "no_display" in done.stderr) == (1, True)
    profile.environment |= {"DISPLAY": display, "BROWSER": "/no/browser", "PATH": "/no"}
    assert profile.run("prompt", "--open").returncode == 1
    assert browser.pages == []
    assert profile.json("prompt")["survey"] == "nps"
