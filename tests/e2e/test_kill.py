"""The server is killed with -9, again and again, while the story is played."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tests.e2e.story import AS_OF, BEGIN, Cast, play
from tests.e2e.world import Server, World

pytestmark = pytest.mark.slow

LEAST_KILLS = 15
"""The server is never up for a second; where the story is over too soon, life goes on."""

THOSE_WHO_STAY = ("Emil", "Farah", "Ivan", "Kofi", "Noor anew")


@contextmanager
def sabotage(server: Server, seed: int) -> Iterator[None]:
    """Kill the server at random moments, and start it again each time."""
    moments, ended = random.Random(seed), threading.Event()

    def strike() -> None:
        while not ended.wait(moments.uniform(0.05, 0.9)):
            server.kill()
            server.start()

    saboteur = threading.Thread(target=strike)
    saboteur.start()
    try:
        yield
    finally:
        ended.set()
        saboteur.join()


def launch_daily(world: World, cast: Cast, server: Server) -> None:
    """Let those who stay launch day by day until the server was killed often enough."""
    today = AS_OF
    while server.kills < LEAST_KILLS:
        today += timedelta(days=1)
        world.at(today)
        for name in THOSE_WHO_STAY:
            cast.people[name].launch()


def launches_stored(world: World, installation: str) -> int:
    rows = world.stored(
        "SELECT COALESCE(SUM(l.launches), 0) FROM launches l"
        " JOIN installations i ON i.id = l.installation_id WHERE i.uuid = ?",
        UUID(installation).hex,
    )
    return int(rows[0][0])


def check_launches(world: World, cast: Cast) -> None:
    for person in cast.people.values():
        confirmed = [said for said in person.confirmed if said["command"] == "launch"]
        if confirmed:
            stored = launches_stored(world, person.status()["installation_id"])
            assert stored >= confirmed[-1]["launches_total"], f"launches of {person.name} are lost"


def check_uninstalls(world: World, cast: Cast) -> None:
    rows = world.stored(
        "SELECT u.uuid FROM uninstalls u JOIN receipts r ON r.uninstall_id = u.id"
        " WHERE r.channel = 'agent'"
    )
    stored = {uuid for (uuid,) in rows}
    for person in cast.people.values():
        for said in person.confirmed:
            if said["command"] == "uninstall":
                assert UUID(said["uninstall_id"]).hex in stored, (
                    f"{person.name}'s uninstall is lost"
                )


def check_answers(world: World, cast: Cast) -> None:
    stored = world.stored("SELECT reason, comment FROM answers WHERE channel = 'page'")
    for name, browser in cast.browsers.items():
        for form in browser.acknowledged:
            answer = (form.get("reason"), form["comment"] or None)
            assert answer in stored, f"an answer of {name} is lost"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_answered_with_200_is_lost_however_often_the_server_is_killed(
    tmp_path: Path, seed: int
) -> None:
    """What agents and browsers were told is saved is saved; what was not heals by itself."""
    world = World(tmp_path, BEGIN)
    try:
        server = world.start_server()
        with sabotage(server, seed):
            cast = play(world, lambda _: None)
            launch_daily(world, cast, server)
        check_launches(world, cast)
        check_uninstalls(world, cast)
        check_answers(world, cast)
        world.at(AS_OF + timedelta(days=365))
        for name in THOSE_WHO_STAY:
            person = cast.people[name]
            person.launch()
            known = person.status()
            assert known["unconfirmed_rows"] == 0
            assert launches_stored(world, known["installation_id"]) == known["launches_total"]
    finally:
        world.close()
