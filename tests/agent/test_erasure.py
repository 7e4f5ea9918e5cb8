"""Erasing: everything goes, there and here, or nothing does and it can be tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.loopback import Answer, Loopback
from tests.agent.profile import Profile

from exitpoll_agent import wire


def _files(profile: Profile) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in profile.state.iterdir() if file.name != "lock"}


def test_everything_of_an_installation_goes(profile: Profile, server: Loopback) -> None:
    """The server is asked by the installation's id, and then no file of it is left here."""
    profile.run("launch")
    (profile.state / "counter.json").write_text("{")
    profile.run("launch")
    assert (profile.state / "counter.json.corrupt-1").exists()
    known = profile.json("status")["installation_id"]
    done = profile.run("erase")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Everything of this installation was erased, at the server and here.\n"
    assert server.received[-1].path == wire.ERASURES_PATH
    assert server.received[-1].message == {"installation_id": known, "test": False}
    assert _files(profile) == {}


def test_after_an_erasure_it_is_somebody_new(profile: Profile, server: Loopback) -> None:
    """The next launch begins anew, with another id and another counter."""
    profile.run("launch")
    profile.run("erase")
    assert profile.json("launch")["launches_total"] == 1
    first, _, second = (received.message for received in server.received)
    assert first["installation_id"] != second["installation_id"]
    assert first["counter"] != second["counter"]
    assert second["seq"] == 1


@pytest.mark.parametrize("status", [404, 422, 503])
def test_without_the_servers_word_nothing_is_deleted(
    profile: Profile, server: Loopback, status: int
) -> None:
    """One line says why, the exit code is 1, and the id is kept to try again by."""
    profile.run("launch")
    before = _files(profile)
    server.answer = Answer(status, b"")
    done = profile.run("erase")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "nothing was erased, and the id is kept to try again: the server" in done.stderr
    assert _files(profile) == before
    server.answer = Answer()
    assert profile.json("erase")["erased"] is True
    assert _files(profile) == {}


def test_an_erasure_without_a_network_says_so(offline: Profile) -> None:
    """Where nobody can be reached the answer says it, as one JSON object too."""
    offline.run("launch")
    done = offline.run("erase", "--json")
    assert done.returncode == 1
    assert '"erased": false' in done.stdout
    assert "no connection (ConnectionError)" in done.stderr
    assert offline.json("status")["installation_id"] is not None


def test_a_refusal_outlives_the_erasure(profile: Profile, server: Loopback) -> None:
    """Whoever refused can still erase, and is not counted again by the next launch."""
    profile.run("launch")
    profile.run("consent", "none")
    assert profile.json("erase")["erased"] is True
    assert set(_files(profile)) == {"consent.json", "consent.copy.json"}
    assert profile.json("launch")["counted"] is False
    assert server.received[-1].path == wire.ERASURES_PATH


def test_where_nothing_is_known_nothing_is_asked(profile: Profile, server: Loopback) -> None:
    """Before the first launch there is no id that the server could know."""
    done = profile.run("erase")
    assert (done.returncode, done.stdout) == (0, "There is nothing to erase.\n")
    assert server.received == []
    assert not profile.state.exists()


def test_files_of_others_are_left_alone(profile: Profile) -> None:
    """A state folder that holds something else too loses only what is ours."""
    profile.run("launch")
    other: Path = profile.state / "diary.json"
    other.write_text("mine")
    profile.run("erase")
    assert _files(profile) == {"diary.json": b"mine"}


def test_an_id_that_is_lost_is_said(profile: Profile, server: Loopback) -> None:
    """Where both files of the id are damaged nothing can be asked for, and nothing is deleted."""
    profile.run("launch")
    for name in ("installation.json", "installation.copy.json"):
        (profile.state / name).write_text("{")
    done = profile.run("erase")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is damaged" in done.stderr
    assert len(server.received) == 1
