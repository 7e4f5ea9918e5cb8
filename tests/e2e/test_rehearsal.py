"""`doctor --rehearse` against a real server process: shown to the person, and to no report."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.e2e.world import Person, World
from tests.program import AS_A_PERSON, INSTALLED

from exitpoll_agent import rehearsal, wire

BEGIN = datetime(2026, 11, 20, 8, tzinfo=timezone.utc)

TABLES = (
    "installations",
    "counters",
    "launches",
    "history",
    "uninstalls",
    "receipts",
    "showings",
    "answers",
    "feedback",
    "tombstones",
)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, BEGIN)
    try:
        world.start_server()
        yield world
    finally:
        world.close()


@pytest.fixture
def ada(vendor: World) -> Person:
    """Somebody who used the product already, so that a report has figures to be changed."""
    vendor.environment["LC_ALL"] = "en_US.UTF-8"
    ada = Person(vendor, "Ada", vendor.exitpoll("product", "create", "Inkwell").strip())
    ada.launch()
    return ada


def report(vendor: World) -> Any:
    """Return every figure of the next day, in which all of this has happened."""
    vendor.at(BEGIN + timedelta(days=2))
    of_the_next_day = ("--as-of", (BEGIN + timedelta(days=1)).isoformat())
    said = vendor.exitpoll("report", "--product", "Inkwell", "--format", "json", *of_the_next_day)
    vendor.at(BEGIN)
    return json.loads(said)


def stored(vendor: World) -> dict[str, int]:
    return {
        table: vendor.stored(f"SELECT COUNT(*) FROM {table}")[0][0]  # noqa: S608 - our own names
        for table in TABLES
    }


def send(vendor: World, person: Person, path: str, message: object) -> None:
    key = wire.parse_address(person.address).product_key
    url = vendor.environment["EXITPOLL_PUBLIC_URL"] + path
    answer = requests.post(
        url, json=message, headers={"Authorization": f"Bearer {key}"}, timeout=20
    )
    assert answer.json()["ignored"] == []


def state_of(person: Person) -> dict[str, bytes]:
    folder = person.world.folder / "people" / person.name
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_whole_play(vendor: World, ada: Person) -> None:
    """Every step is well and shows what arrived; no row, figure or state file is left changed."""
    before = stored(vendor), report(vendor), state_of(ada)
    said = ada.run("doctor", "--rehearse")["rehearsal"]
    assert [(step["name"], step["state"]) for step in said["steps"]] == [
        (name, "ok") for name in rehearsal.NAMES
    ]
    launch, uninstall, survey, tidying_up = (step["received"] for step in said["steps"])
    assert launch["test"] is uninstall["test"] is tidying_up["test"] is True
    assert launch["version"] == "1.0.0"
    assert [row["launches"] for row in launch["days"]] == [1]
    assert uninstall["uninstall"]["asked"] == "page"
    assert launch["installation_id"] != ada.status()["installation_id"]
    assert survey["comment"].startswith("Rehearsal ")
    assert (stored(vendor), report(vendor), state_of(ada)) == before


def test_a_play_in_progress_is_in_no_report(vendor: World, ada: Person) -> None:
    """While everything of it stands in the tables no figure, comment or version has changed."""
    before, rows = report(vendor), stored(vendor)
    ada.version = "6.6.6"
    play = ada.run("doctor", "--rehearse")["rehearsal"]
    # What was received is a message itself: sent once more, nobody tidies it up.
    launch, uninstall = (step["received"] for step in play["steps"][:2])
    send(vendor, ada, wire.PINGS_PATH, launch)
    send(vendor, ada, wire.UNINSTALLS_PATH, uninstall)
    opened = requests.get(play["page"], timeout=20)
    form = {"reason": "too-expensive", "comment": "This must never be seen"}
    assert "never be seen" in requests.post(opened.url, data=form, timeout=20).text
    unchanged = {table for table, n in stored(vendor).items() if n == rows[table]}
    assert unchanged == {"feedback", "tombstones"}
    assert report(vendor) == before


def test_it_is_read_on_a_screen(vendor: World, ada: Person) -> None:
    """A person sees what the server received field by field, and the page's address."""
    # The doctor compares clocks, and an answer's date is the machine's own, in no story.
    vendor.at(datetime.now(timezone.utc))
    done = screen(ada, "--rehearse")
    assert done.returncode == 0, done.stdout
    for line in ("version = 1.0.0", "uninstall.asked = page", "comment = Rehearsal "):
        assert line in done.stdout
    assert f"{vendor.environment['EXITPOLL_PUBLIC_URL']}/u/" in done.stdout
    assert done.stdout.endswith("Everything is as it should be.\n")


def test_under_consent_exit_no_launch_is_told(ada: Person) -> None:
    """The play keeps to consent as a real uninstall would: in coarse steps, without launches."""
    ada.settings = {"EXITPOLL_CONSENT": "exit"}
    steps = ada.run("doctor", "--rehearse")["rehearsal"]["steps"]
    assert [step["state"] for step in steps] == ["not_tried", "ok", "ok", "ok"]
    assert steps[1]["received"]["counter"] is None
    assert steps[1]["received"]["uninstall"]["launches_step"] == 1


def test_an_unknown_product_cannot_be_rehearsed(vendor: World, ada: Person) -> None:
    """Where a check failed nothing is played, and the exit code says so."""
    ada.address = vendor.environment["EXITPOLL_PUBLIC_URL"].replace("://", "://unknown@")
    before = stored(vendor)
    done = screen(ada, "--rehearse")
    assert done.returncode == 1
    assert done.stdout.count("the server comes first") == len(rehearsal.NAMES)
    assert stored(vendor) == before


def screen(person: Person, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_A_PERSON, *INSTALLED, "doctor", *options],
        env=person._environment(),  # noqa: SLF001 - `run` asks for JSON and for success
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
