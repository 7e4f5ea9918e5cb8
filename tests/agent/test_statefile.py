"""Files that survive crashes, damage, newer agents and each other's company."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from exitpoll_agent import statefile
from exitpoll_agent.lock import Lock


def _name_of(path: Path) -> str | None:
    return statefile.read_or_put_aside(path, lambda value: str(value["name"]))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """A state file comes back as it was written, and is missing before."""
    path = tmp_path / "a.json"
    assert _name_of(path) is None
    statefile.write(path, {"name": "Юлия"})
    assert _name_of(path) == "Юлия"


def test_a_crash_before_the_replacement_leaves_the_old_state(tmp_path: Path) -> None:
    """Half a temporary file of a killed process neither counts nor gets in the way."""
    path = tmp_path / "a.json"
    statefile.write(path, {"name": "old"})
    (tmp_path / "a.json.new").write_text('{"format": 1, "na' + "x" * 1000)
    assert _name_of(path) == "old"
    statefile.write(path, {"name": "new"})
    assert _name_of(path) == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file stays whole until the new one is on disk: a full disk loses nothing."""
    path = tmp_path / "a.json"
    statefile.write(path, {"name": "old"})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)  # a full disk cannot be had here
    with pytest.raises(OSError, match="No space left"):
        statefile.write(path, {"name": "new"})
    assert _name_of(path) == "old"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\0" * 100,
        b"[]",
        b'{"format": 1}',
        b'{"name": "no format"}',
        b'{"format": "1", "name": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_put_aside(tmp_path: Path, damage: bytes) -> None:
    """Damage is never overwritten: it is renamed, with the first number that is free."""
    path = tmp_path / "a.json"
    for _ in range(2):
        path.write_bytes(damage)
        assert _name_of(path) is None
    aside = sorted(file.name for file in tmp_path.iterdir())
    assert aside == ["a.json.corrupt-1", "a.json.corrupt-2"]
    assert (tmp_path / "a.json.corrupt-1").read_bytes() == damage


def test_a_newer_agents_file_is_left_alone(tmp_path: Path) -> None:
    """After a downgrade the newer state is neither misread nor thrown away."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"format": 2, "name": "future"}))
    with pytest.raises(statefile.NewerError, match="newer agent"):
        _name_of(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the profile private itself")
def test_state_is_private(tmp_path: Path) -> None:
    """Files are for their owner alone, and so are the folders made for them."""
    folder = tmp_path / "one" / "two"
    with statefile.locked(folder):
        statefile.write(folder / "a.json", {})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"one": 0o700, "two": 0o700, "lock": 0o600, "a.json": 0o600}


def test_a_lock_that_is_never_freed_is_given_up(tmp_path: Path) -> None:
    """The wait for the lock is bounded, since somebody waits for the agent."""
    with (
        Lock(tmp_path),
        pytest.raises(TimeoutError, match="was not free in time"),
        statefile.locked(tmp_path, wait_seconds=0.05),
    ):
        pytest.fail("two held the lock at once")


def test_damage_does_not_fill_the_disk(tmp_path: Path) -> None:
    """Of files that are damaged again and again the first and the last ones are kept."""
    path = tmp_path / "a.json"
    for number in range(10):
        path.write_text(str(number))
        _name_of(path)
    aside = sorted(file.name for file in tmp_path.iterdir())
    assert aside == [f"a.json.corrupt-{number}" for number in (1, 2, 3)]
    assert (tmp_path / "a.json.corrupt-3").read_text() == "9"
