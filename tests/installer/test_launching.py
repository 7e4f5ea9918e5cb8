"""Products in six languages start the agent at launch, wait for nothing, and go on without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.installer.conftest import Vendor
from tests.installer.languages import LANGUAGES, LIBRARY
from tests.installer.products import (
    HOSTILE,
    NOTING,
    PATIENCE_SECONDS,
    SAID,
    SHELLS_OWN,
    Product,
    children_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.installer]


@pytest.fixture(scope="module", params=LANGUAGES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """Compile each sample once."""
    language = LANGUAGES[request.param]
    if not language.is_at_hand:
        pytest.skip(f"not installed: {language.packages}")
    folder = tmp_path_factory.mktemp("built") / "product"
    language.build(folder)
    return Product(language, folder)


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """Give one vendor for all languages: each sells a product of its own."""
    vendor = Vendor(tmp_path_factory.mktemp("vendor"))
    try:
        yield vendor
    finally:
        vendor.server.stop()


def launches(vendor: Vendor, product: str) -> int:
    """Return how many of a product's launches the server stored."""
    [(number,)] = vendor.stored(
        "SELECT COALESCE(SUM(l.launches), 0) FROM launches l "
        "JOIN counters c ON c.id = l.counter_id "
        "JOIN installations i ON i.id = c.installation_id "
        "JOIN products p ON p.id = i.product_id WHERE p.name = ?",
        product,
    )
    return int(number)


@pytest.fixture
def product(built: Product, tmp_path: Path) -> Product:
    """Give a product without an agent."""
    return Product(built.language, shutil.copytree(built.folder, tmp_path / HOSTILE))


def test_a_start_is_counted_once(product: Product, vendor: Vendor) -> None:
    """The server stores one launch of one start, though the product ended before it was told."""
    name = product.language.sample
    product.give_the_real_one(vendor.product(name))
    product.goes_on()
    until(lambda: launches(vendor, name) > 0)
    assert launches(vendor, name) == 1


def test_the_agent_is_started_as_it_should_be(product: Product) -> None:
    """One argument, the agent's own folder, three open files, and mostly a session of its own."""
    product.give(NOTING)
    product.goes_on()
    arguments, folder, session, files = product.noted()
    assert (arguments, folder) == ("1:launch", str(product.exitpoll))
    assert [int(file) for file in files.split(",") if int(file) < SHELLS_OWN] == [0, 1, 2]
    assert (int(session) != os.getsid(0)) is product.language.has_own_session


def _not_executable(product: Product) -> None:
    product.give(NOTING)
    product.program.chmod(0o644)


MISSING: dict[str, Callable[[Product], None]] = {
    "its folder": lambda _: None,
    "the program": lambda product: product.exitpoll.mkdir(),
    "its permission": _not_executable,
    "sense": lambda product: product.give("\x7fELF, not really"),
    "a file": lambda product: product.program.mkdir(parents=True),
}


@pytest.mark.parametrize("what", MISSING)
def test_without_an_agent_the_product_goes_on(product: Product, what: str) -> None:
    """Nothing is said and nothing is changed where the agent is missing, or cannot be run."""
    MISSING[what](product)
    product.goes_on()
    assert not (product.exitpoll / "noted").exists()


ADOPTING = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
while True:
    try:
        print(os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]))
    except ChildProcessError:
        break
"""
"""Starts a product, and tells the exit codes of the processes that it left."""
NO_PROGRAM = "127"
"""As shells say it."""


def test_no_second_product_goes_on(product: Product) -> None:
    """A process that was to become the agent, and cannot, ends without doing the product's work."""
    done = subprocess.run(
        [sys.executable, "-c", ADOPTING, *product.language.command(product.folder)],
        env=product.environment, stdout=subprocess.PIPE, text=True, check=True,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.stdout.split() in ([], [NO_PROGRAM])


@pytest.mark.parametrize("end", ["kill -SEGV $$", "echo no; echo no >&2; exit 3"])
def test_an_agent_that_crashes_is_not_seen(product: Product, end: str) -> None:
    """The product neither repeats what the agent says, nor ends as it does."""
    product.give(NOTING + end)
    product.goes_on()
    assert product.noted()


def test_nobody_waits_for_a_slow_agent(product: Product) -> None:
    """The product and all that it was given end at once, while the agent goes on."""
    product.give(NOTING + "exec sleep 60")
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        product.goes_on(holds=writing)
        os.close(writing)
        assert product.noted()  # it runs, and what is to be closed before that is closed
        if product.language.keeps_files:
            assert os.read(reading, 1) == b""  # nobody else has it open
    finally:
        os.close(reading)
        assert product.end_the_agent()


@pytest.fixture
def full_pipe() -> Iterator[tuple[int, int]]:
    """Give a pipe that takes nothing more: who writes into it goes no further until it is read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    os.set_blocking(writing, True)
    yield reading, writing
    os.close(reading)


def test_no_zombie_is_left(product: Product, full_pipe: tuple[int, int]) -> None:
    """While the product goes on, nothing is left of an agent that has ended."""
    product.give(NOTING)
    reading, writing = full_pipe
    with product.start(stdout=writing) as process:
        os.close(writing)
        product.noted()
        until(lambda: not children_of(process.pid))
        left = children_of(process.pid)
        assert process.poll() is None
        with os.fdopen(os.dup(reading), "rb") as pipe:
            assert pipe.read().decode().lstrip(".") == SAID
    assert not left


# -- the library, which starts nothing -----------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> Product:
    """Give a product that depends on the agent's library."""
    LIBRARY.build(tmp_path / HOSTILE)
    return Product(LIBRARY, tmp_path / HOSTILE)


def test_the_library_counts_a_start(
    library: Product, vendor: Vendor, full_pipe: tuple[int, int]
) -> None:
    """The server stores one launch while the product goes on."""
    library.give_the_real_one(vendor.product(LIBRARY.sample))
    reading, writing = full_pipe
    with library.start(stdout=writing) as process:
        os.close(writing)
        until(lambda: launches(vendor, LIBRARY.sample) > 0)
        with os.fdopen(os.dup(reading), "rb") as pipe:
            assert pipe.read().decode().lstrip(".") == SAID
        assert process.wait(PATIENCE_SECONDS) == 0
    assert launches(vendor, LIBRARY.sample) == 1


def test_without_settings_the_library_is_silent(library: Product) -> None:
    """A product whose settings are missing goes on."""
    library.goes_on()
