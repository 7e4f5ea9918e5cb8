"""One playing of the story, shared by the tests that read its report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.story import AS_OF, BEGIN, PRODUCT, Cast, play
from tests.e2e.world import World


@dataclass(frozen=True)
class Played:
    """A story that was played to its end, and the report on it."""

    world: World
    cast: Cast
    told: tuple[str, ...]
    report: dict[str, Any]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    world = World(tmp_path_factory.mktemp("story"), BEGIN)
    told: list[str] = []
    try:
        world.start_server()
        cast = play(world, told.append)
        text = world.exitpoll(
            "report", "--product", PRODUCT, "--as-of", AS_OF.isoformat(), "--format", "json"
        )
        yield Played(world, cast, tuple(told), json.loads(text))
    finally:
        world.close()
