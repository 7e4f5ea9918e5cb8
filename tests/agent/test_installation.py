"""The installation's id, which survives whatever damages one of its two files."""

from __future__ import annotations

import stat
import sys
from dataclasses import replace

import pytest
from tests.agent.profile import Profile, present

from exitpoll_agent import installation, statefile
from exitpoll_agent.config import Config
from exitpoll_agent.installation import Installation

FILE = installation.NAME
COPY = "installation.copy.json"


@pytest.fixture
def config(offline: Profile) -> Config:
    return offline.config()


def ensured(config: Config) -> Installation:
    with statefile.locked(config.state_folder):
        return installation.ensure(config, present(), lambda: None)


def test_the_id_is_made_once(config: Config) -> None:
    """An installation is made at the first need and is the same ever after."""
    assert installation.read(config) is None
    made = ensured(config)
    assert ensured(config) == made == installation.read(config)


@pytest.mark.parametrize("hurt", [FILE, COPY])
@pytest.mark.parametrize("damage", [b"", b'{"format": 1}', None])
def test_one_damaged_file_does_not_lose_the_id(
    config: Config, hurt: str, damage: bytes | None
) -> None:
    """The sound file wins; the other is put aside where it is damaged, and written anew."""
    made = ensured(config)
    folder = config.state_folder
    if damage is None:
        (folder / hurt).unlink()
    else:
        (folder / hurt).write_bytes(damage)
    assert installation.read(config) == made
    assert ensured(config) == made
    assert (folder / FILE).read_bytes() == (folder / COPY).read_bytes()
    assert (folder / f"{hurt}.corrupt-1").exists() is (damage is not None)


def test_where_both_are_damaged_both_are_put_aside(config: Config) -> None:
    """Only then a new installation takes the place, and what was there can still be looked at."""
    made = ensured(config)
    for name in (FILE, COPY):
        (config.state_folder / name).write_text('{"format": 1, "id": "maybe"}')
    with pytest.raises(statefile.DamagedError):
        installation.read(config)
    assert ensured(config).installation_id != made.installation_id
    assert (config.state_folder / f"{FILE}.corrupt-1").exists()
    assert (config.state_folder / f"{COPY}.corrupt-1").exists()


# -- one id for everybody on a machine -----------------------------------------------------


@pytest.fixture
def shared(config: Config) -> Config:
    """Return the settings of a product that is installed for everybody, and has written its id."""
    config = replace(config, scope="machine")
    installation.write_shared(config, installation.made(present(), origin="new"))
    return config


def test_everybody_uses_the_id_of_the_machine(shared: Config) -> None:
    """Each person's profile has the machine's id, and keeps no id of its own."""
    first = ensured(shared)
    second = ensured(replace(shared, state_folder=shared.state_folder.with_name("another")))
    assert first == second
    assert first.origin == "new"
    assert not (shared.state_folder / FILE).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_is_shared_is_written_by_administrators_alone(shared: Config) -> None:
    """Everybody may read it, nobody else may write it or put another in its place."""
    folder = shared.machine_folder
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (folder, folder / FILE)}
    assert modes == {"machine": 0o755, FILE: 0o644}


@pytest.mark.parametrize("damage", ["", None])
def test_without_the_machines_id_the_persons_own_serves(shared: Config, damage: str | None) -> None:
    """Nobody but an administrator could mend it, and counting goes on."""
    file = shared.machine_folder / FILE
    if damage is None:
        file.unlink()
    else:
        file.write_text(damage)
    made = ensured(shared)
    assert ensured(shared) == made
    assert (shared.state_folder / FILE).exists()
