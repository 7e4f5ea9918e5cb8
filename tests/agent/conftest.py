from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback, dead_port, running
from tests.agent.profile import Profile

from exitpoll_agent.order import BUILD_SERVERS


@pytest.fixture(autouse=True)
def _nothing_of_the_testers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have set DO_NOT_TRACK, be a build server, or have used sudo.

    Some of the tests call the program in here.
    """
    for name in ("DO_NOT_TRACK", "SUDO_UID", "PKEXEC_UID", *BUILD_SERVERS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EXITPOLL_CONTAINERS", "count")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running(Loopback()) as server:
        yield server


@pytest.fixture
def profile(tmp_path: Path, server: Loopback) -> Profile:
    """Make a profile whose agent talks to `server`."""
    return Profile(tmp_path, server.address)


@pytest.fixture
def offline(tmp_path: Path) -> Profile:
    """Make a profile whose agent reaches nobody."""
    return Profile(tmp_path, f"http://KEY@127.0.0.1:{dead_port()}")
