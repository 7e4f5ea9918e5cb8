"""`feedback`: the product's own menu opens a page, and the agent itself sends nothing."""

from __future__ import annotations

import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile
from tests.agent.test_leaving import Browser, _install_browser

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is POSIX's")


@pytest.fixture
def browser(profile: Profile) -> Browser:
    profile.environment["LC_ALL"] = "ru_RU.UTF-8"
    return _install_browser(profile, profile.folder, "")


def test_the_page_of_this_copy_is_opened(
    profile: Profile, server: Loopback, browser: Browser
) -> None:
    """The address names copy, version and language, and no connection is opened by the agent."""
    profile.run("launch")
    server.received.clear()
    told = profile.json("feedback")
    assert browser.pages == [told["address"]]
    assert told["opened"] is True
    parts = urlsplit(told["address"])
    assert f"{parts.scheme}://KEY@{parts.netloc}" == server.address
    assert parts.path == "/u/KEY"
    assert parse_qs(parts.query) == {
        "survey": ["feedback"],
        "id": [profile.json("status")["installation_id"]],
        "v": ["1.0"],
        "lang": ["ru-RU"],
    }
    assert server.received == []


@pytest.mark.parametrize(
    "setting", [{"EXITPOLL_CONSENT": "none"}, {"EXITPOLL_CONSENT": "exit"}, {"DO_NOT_TRACK": "1"}]
)
def test_short_of_full_consent_the_address_names_no_copy(
    profile: Profile, server: Loopback, browser: Browser, setting: dict[str, str]
) -> None:
    """Whoever refused may still speak, and is not told from others."""
    profile.run("launch")
    server.received.clear()
    profile.environment |= setting
    assert profile.json("feedback")["opened"] is True
    assert "id=" not in browser.pages[0]
    assert server.received == []


def test_no_copy_is_made_up_for_it(profile: Profile, browser: Browser) -> None:
    """Before the first launch there is no id, and giving feedback makes none."""
    profile.json("feedback")
    assert "id=" not in browser.pages[0]
    assert not profile.state.exists()


def test_a_page_that_cannot_be_opened_is_told(profile: Profile, browser: Browser) -> None:
    """Without a display or a browser the person gets the address, and exit code 1 says why."""
    for change in ({"BROWSER": "/no/browser", "PATH": "/no"}, {"DISPLAY": ""}):
        profile.environment |= change
        done = profile.run("feedback")
        assert done.returncode == 1
        assert done.stdout.startswith("The feedback page is at http")
        assert "no page was opened" in done.stderr
    assert browser.pages == []
