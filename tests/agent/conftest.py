from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback, dead_port, running
from tests.agent.profile import Profile


@pytest.fixture(autouse=True)
def _no_wish_of_the_testers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have set DO_NOT_TRACK; some of them call the program in here."""
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)


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
