"""A product in C++ starts the Windows agent, under Wine: as elsewhere, and without a window."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.installer.conftest import Vendor
from tests.installer.languages import WINDOWS
from tests.installer.products import PATIENCE_SECONDS, SAID, until
from tests.installer.wine import WINE, stand_in, wine_up

pytestmark = [pytest.mark.slow, pytest.mark.installer]

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "dist" / ".program-windows"
"""Names the Windows agent that `make bundle-windows` built."""

HOSTILE = "Ink well $HOME 'y' %PATH% & Söhne Чернила"
"""As hostile as a name may be on Windows; but for the semicolon, in whose folder Wine finds no
library of a frozen program's."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the product and what stands in for the agent."""
    if not WINDOWS.is_at_hand:
        pytest.skip(f"not installed: {WINDOWS.packages}")
    out = tmp_path_factory.mktemp("built") / "product"
    WINDOWS.build(out)
    stand_in(out)
    return out


@pytest.fixture(scope="module", autouse=True)
def _wine(built: Path) -> Iterator[None]:
    assert built.exists()  # else there may be no Wine
    with wine_up():
        yield


@pytest.fixture
def product(built: Path, tmp_path: Path) -> Path:
    """Give a product without an agent."""
    (tmp_path / HOSTILE).mkdir()
    shutil.copy(built / "inkwell.exe", tmp_path / HOSTILE)
    return tmp_path / HOSTILE


def goes_on(product: Path, **environment: str) -> None:
    """Run it to its end: its pipe ends with it, and it says nothing else."""
    done = subprocess.run(
        [WINE, product / "inkwell.exe"],
        env={**{n: v for n, v in os.environ.items() if n != "CI"}, **environment},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # Wine itself hands it on, and says there who crashed
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.stdout.replace("\r", ""), done.returncode) == (SAID, 0)


def give(product: Path, built: Path, does: str) -> Path:
    """Put the stand-in into the agent's place, and return its folder."""
    folder = product / "exitpoll"
    folder.mkdir()
    shutil.copy(built / "stand-in.exe", folder / "exitpoll-agentw.exe")
    (folder / "does").write_text(does, "ascii")
    return folder


def noted(folder: Path) -> dict[str, str]:
    """Wait for what the stand-in noted."""
    until((folder / "noted").exists)
    lines = (folder / "noted").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_the_windows_agent_is_started_as_it_should_be(product: Path, built: Path) -> None:
    """One argument, its own folder, no console and no stream."""
    folder = give(product, built, "nothing")
    goes_on(product)
    assert noted(folder) == {
        "command": "exitpoll-agentw.exe launch",
        "folder": "Z:" + str(folder).replace("/", "\\"),
        "stream": "0",
        "console": "0",
    }


def test_a_slow_or_crashing_windows_agent_is_not_seen(product: Path, built: Path) -> None:
    """The product ends at once, with its own exit code."""
    folder = give(product, built, "crash")
    goes_on(product)
    assert noted(folder)
    (folder / "noted").unlink()
    (folder / "does").write_text("sleep", "ascii")
    goes_on(product)
    assert noted(folder)
    (folder / "end").touch()


@pytest.mark.parametrize("what", ["folder", "program", "sense"])
def test_without_a_windows_agent_the_product_goes_on(product: Path, what: str) -> None:
    """Nothing is said where it is missing, or is no program."""
    if what != "folder":
        (product / "exitpoll").mkdir()
    if what == "sense":
        (product / "exitpoll" / "exitpoll-agentw.exe").write_bytes(b"MZ, not really")
    goes_on(product)


def test_a_start_is_counted_by_the_windows_agent(product: Path, vendor: Vendor) -> None:
    """The server stores one launch of one start, told by the agent of `make bundle-windows`."""
    if not BUILT.exists():
        pytest.skip("there is no Windows agent: make bundle-windows")
    agent = ROOT / BUILT.read_text("utf-8").strip()
    shutil.copytree(agent.parent, product / "exitpoll")
    address = vendor.product(WINDOWS.sample)
    settings = f'address = "{address}"\nproduct = "Inkwell"\nversion = "1.0.0"\n'
    (product / "exitpoll" / "exitpoll.toml").write_text(settings, "utf-8")
    state = "Z:" + str(product.parent / "state").replace("/", "\\")
    goes_on(product, EXITPOLL_STATE_DIR=state, EXITPOLL_CONTAINERS="count")
    until(lambda: vendor.launches() > 0)
    assert vendor.launches() == 1
