"""Which tests can be run with a frozen agent: `make test-bundle`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.program import ON_WINE
from tests.windows import skip_what_cannot_run

START_THE_AGENT = {"profile", "offline", "played", "vendor"}
"""The fixtures whose tests start the agent as a program, through `tests.program`."""


@pytest.fixture(autouse=True, scope="session")
def _nobodys_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep whatever starts without a data folder of its own out of the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start the agent, so that none can be forgotten."""
    for item in items:
        if START_THE_AGENT & set(getattr(item, "fixturenames", ())):
            item.add_marker("agent")
        if ON_WINE and item.get_closest_marker("agent"):
            skip_what_cannot_run(item)
