"""The installation's id, which survives whatever damages one of its two files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.profile import present

from exitpoll_agent import installation, statefile

FILE = installation.NAME
COPY = "installation.copy.json"


def test_the_id_is_made_once(tmp_path: Path) -> None:
    """An installation is made at the first need and is the same ever after."""
    assert installation.read(tmp_path) is None
    made = installation.ensure(tmp_path, present())
    assert installation.ensure(tmp_path, present()) == made == installation.read(tmp_path)


@pytest.mark.parametrize("hurt", [FILE, COPY])
@pytest.mark.parametrize("damage", [b"", b'{"format": 1}', None])
def test_one_damaged_file_does_not_lose_the_id(
    tmp_path: Path, hurt: str, damage: bytes | None
) -> None:
    """The sound file wins; the other is put aside where it is damaged, and written anew."""
    made = installation.ensure(tmp_path, present())
    if damage is None:
        (tmp_path / hurt).unlink()
    else:
        (tmp_path / hurt).write_bytes(damage)
    assert installation.read(tmp_path) == made
    assert installation.ensure(tmp_path, present()) == made
    assert (tmp_path / FILE).read_bytes() == (tmp_path / COPY).read_bytes()
    assert (tmp_path / f"{hurt}.corrupt-1").exists() is (damage is not None)


def test_where_both_are_damaged_both_are_put_aside(tmp_path: Path) -> None:
    """Only then a new installation takes the place, and what was there can still be looked at."""
    made = installation.ensure(tmp_path, present())
    for name in (FILE, COPY):
        (tmp_path / name).write_text('{"format": 1, "id": "maybe"}')
    with pytest.raises(statefile.DamagedError):
        installation.read(tmp_path)
    assert installation.ensure(tmp_path, present()).installation_id != made.installation_id
    assert (tmp_path / f"{FILE}.corrupt-1").exists()
    assert (tmp_path / f"{COPY}.corrupt-1").exists()
