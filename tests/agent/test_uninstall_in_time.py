"""An uninstall takes three seconds at most, whatever the network does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.agent import faults
from tests.agent.profile import Profile

pytestmark = [pytest.mark.agent, pytest.mark.slow]

BUDGET_SECONDS = 3.0
"""In all: the start of the program, the message, and its end."""
ALONE_SECONDS = 1.0
"""What the program takes at most by itself. Where several others share the machine with the tests
it takes more, and the budget is that much longer."""

HOSTS = {"is dead": faults.dead_host, "refuses": faults.refusing_host}
FAULTS = (
    "accepts and never answers",
    "drips its headers",
    "drips its body",
    "says to go on for ever",
    "a body without an end",
    "resets in the middle",
    "half-closes",
    "a hotel's page",
    "redirects",
)
GREETINGS = ("never greets", "drips its greeting")


def _uninstalls_in_time(address: str, folder: Path) -> None:
    """Check that an uninstall ends within the budget, with exit code 0 and one sentence."""
    with faults.refusing_host() as nobody:
        alone = _seconds_of_an_uninstall(nobody, folder / "alone")
    took = _seconds_of_an_uninstall(address, folder / "faulty")
    assert took < BUDGET_SECONDS * max(1.0, alone / ALONE_SECONDS)


def _seconds_of_an_uninstall(address: str, folder: Path) -> float:
    folder.mkdir()
    started = time.monotonic()
    done = Profile(folder, address).run("uninstall", "--unattended")
    took = time.monotonic() - started
    assert (done.returncode, done.stderr) == (0, "")
    assert "The uninstall was not confirmed: " in done.stdout
    return took


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server_does_not_hold_the_uninstaller(fault: str, tmp_path: Path) -> None:
    """The whole program is gone in three seconds, with exit code 0 and one line."""
    with faults.serving(faults.PLAIN[fault]) as server:
        _uninstalls_in_time(server.address, tmp_path)


@pytest.mark.parametrize("fault", GREETINGS)
def test_a_faulty_greeting_does_not_hold_the_uninstaller(fault: str, tmp_path: Path) -> None:
    """Neither does a TLS handshake that does not end."""
    with faults.serving(faults.GREETINGS[fault], "https") as server:
        _uninstalls_in_time(server.address, tmp_path)


@pytest.mark.parametrize("host", HOSTS)
def test_a_missing_server_does_not_hold_the_uninstaller(host: str, tmp_path: Path) -> None:
    """Neither does a host behind a firewall, nor one without a server."""
    with HOSTS[host]() as address:
        _uninstalls_in_time(address, tmp_path)
