"""The state on disk: whole after any crash, never older than it says, never another's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from tests.agent.profile import Profile, present

from exitpoll_agent import counterfile, host, installation, state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter

VERSION = "1.0"


@pytest.fixture
def config(offline: Profile) -> Config:
    return offline.config()


def counted(config: Config, times: int = 1) -> Counter:
    for _ in range(times):
        with state.held(config, present()) as held:
            held.counter = held.counter.counted(VERSION, present())
    return held.counter


def tallied(config: Config, lines: str) -> None:
    """Add lines as launches do that follow an order."""
    known = state.open_tally(config.state_folder)
    assert known is not None
    with known[1].open("a") as file:
        file.write(lines)


def today() -> str:
    return present().date().isoformat()


def known(config: Config) -> Counter:
    counter = state.read_counter(config.state_folder)
    assert counter is not None
    return counter


def test_a_counter_comes_back_from_disk_as_it_was(config: Config) -> None:
    """Everything that a counter knows survives the end of the process."""
    with state.held(config, present()) as held:
        begun = held.counter.counted(VERSION, present()).reached("export", present())
        answers = wire.Answers(reason="price", score=3)
        leaving = wire.Leaving(uninstall_id=uuid4(), at=present(), answers=answers)
        former = replace(begun, rows=begun.rows).succeeded()
        held.counter = (
            former.counted("1.1", present()).left(leaving, present()).postponed(present(), None)
        )
    assert known(config) == held.counter


def test_nothing_is_written_where_the_change_fails(config: Config) -> None:
    """An exception while the counter is held leaves the old state."""

    def fail() -> None:
        with state.held(config, present()) as held:
            held.counter = held.counter.counted(VERSION, present())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert state.read_counter(config.state_folder) is None


def test_what_was_tallied_is_taken_in_once(config: Config) -> None:
    """Lines of the tally are launches, before and after the next change takes them in."""
    counted(config)
    tallied(config, f"\n{today()} 1.0.\n{today()} 2.0 beta.")
    assert known(config).launches_total == 3
    assert counted(config).launches_total == 4
    assert {row.version: row.launches for row in known(config).rows} == {"1.0": 3, "2.0 beta": 1}


@pytest.mark.parametrize("line", ["\n2026-11-", "\n2026-11-20 1.0", "\n\0\0\0\0", "\nno day 1.0."])
def test_a_line_that_was_cut_off_counts_nothing(config: Config, line: str) -> None:
    """The loss of power may cut a line; the ones after it count."""
    counted(config)
    tallied(config, f"{line}\n{today()} 1.0.")
    assert counted(config).launches_total == 3


def test_a_crash_after_taking_in_counts_nothing_twice(config: Config) -> None:
    """A tally that was taken in, and is still there because the process was killed, is known."""
    counted(config)
    tallied(config, f"\n{today()} 1.0.")
    known_tally = state.open_tally(config.state_folder)
    assert known_tally is not None
    tally = known_tally[1]
    lines = tally.read_bytes()
    counted(config)
    for file in config.state_folder.glob("tally-*"):
        file.unlink()
    tally.write_bytes(lines)
    assert counted(config).launches_total == 4


def test_a_crash_before_the_new_tally_is_there_loses_no_launch(config: Config) -> None:
    """Launches by order are added to the tally that the counter will take in, and to no other."""
    counted(config)
    for file in config.state_folder.glob("tally-*"):
        file.rename(file.with_name("tally-0"))  # what the killed process had taken in before
    tallied(config, f"\n{today()} 1.0.")
    assert counted(config).launches_total == 3


def test_a_crash_between_the_two_renames_leaves_the_one_before(config: Config) -> None:
    """Where a process was killed as it put the new counter in place, the old one holds."""
    counted(config, 2)
    (config.state_folder / counterfile.NAME).unlink()
    assert known(config).launches_total == 1


@pytest.mark.parametrize(
    ("was", "becomes"),
    [('"seq":0', '"seq":-1'), ('"seq":0', '"seq":true'), ('"rows":[', '"rows":[1,')],
)
def test_a_damaged_counter_is_put_aside(config: Config, was: str, becomes: str) -> None:
    """Another counter takes over from the last sound one: what was counted is not lost."""
    old = counted(config, 3)
    path = config.state_folder / counterfile.NAME
    path.write_text(path.read_text().replace(was, becomes))
    new = counted(config)
    assert becomes in (config.state_folder / "counter.json.corrupt-1").read_text()
    assert new.counter != old.counter
    assert new.installation_id == old.installation_id
    assert [former.counter for former in new.formers] == [old.counter]
    # The last count of the damaged file stood nowhere else.
    assert sum(row.launches for former in new.formers for row in former.rows) == 2
    assert new.launches_ever == 3


def test_counts_of_another_installation_are_put_aside(config: Config) -> None:
    """Launches confirmed under a lost installation id are not sent again under the new one."""
    counted(config)
    installation.write_own(config, installation.made(present()))
    assert counted(config).launches_ever == 1
    assert (config.state_folder / "counter.json.corrupt-1").exists()


def test_a_restored_backup_is_taken_over_from(config: Config, tmp_path: Path) -> None:
    """Launches after a restored backup are another counter's: they cannot hide behind old ones."""
    old = counted(config, 2)
    shutil.copytree(config.state_folder, tmp_path / "backup")
    counted(config, 3)
    shutil.rmtree(config.state_folder)
    shutil.copytree(tmp_path / "backup", config.state_folder)
    new = counted(config)
    assert new.counter != old.counter
    assert [row.launches for row in new.rows] == [1]
    assert [(f.counter, [row.launches for row in f.rows]) for f in new.formers] == [
        (old.counter, [2])
    ]
    assert counted(config).counter == new.counter


def test_a_counter_file_alone_from_a_backup_is_recognised(config: Config) -> None:
    """The file is older than its tally, and launches tallied since still count."""
    counted(config, 2)
    path = config.state_folder / counterfile.NAME
    backup = path.read_bytes()
    old = counted(config, 3)
    tallied(config, f"\n{today()} 1.0.")
    path.write_bytes(backup)
    new = counted(config)
    assert new.counter != old.counter
    assert [row.launches for row in new.rows] == [2]


def test_an_id_that_is_lost_twice_is_known_from_the_counts(config: Config) -> None:
    """The counter is a third place that remembers which installation this is."""
    old = counted(config)
    for name in ("installation.json", "installation.copy.json"):
        (config.state_folder / name).write_text("{")
    new = counted(config)
    assert (new.installation_id, new.counter) == (old.installation_id, old.counter)
    assert new.launches_total == 2


def test_a_copied_machine_gets_a_new_id(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system's own id is another than when the state was made, it is another machine."""
    machine_id = config.state_folder.parent / "machine-id"
    monkeypatch.setattr(host, "MACHINE_ID_FILES", (machine_id,))
    machine_id.write_text("original\n")
    original = counted(config, 2)
    assert counted(config).installation_id == original.installation_id
    machine_id.write_text("copy\n")
    copy = counted(config)
    assert copy.installation_id != original.installation_id
    assert copy.counter != original.counter
    assert (copy.launches_ever, copy.formers) == (1, ())
    assert b"original" not in b"".join(file.read_bytes() for file in config.state_folder.iterdir())


@pytest.mark.parametrize("unknown", ["", "uninitialized", None])
def test_a_machine_without_an_id_is_no_copy(
    config: Config, monkeypatch: pytest.MonkeyPatch, unknown: str | None
) -> None:
    """Where the system tells no id, or no more, the installation stays what it is."""
    machine_id = config.state_folder.parent / "machine-id"
    monkeypatch.setattr(host, "MACHINE_ID_FILES", (machine_id,))
    machine_id.write_text("original\n")
    original = counted(config)
    if unknown is None:
        machine_id.unlink()
    else:
        machine_id.write_text(unknown)
    assert counted(config).counter == original.counter
