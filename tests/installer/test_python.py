"""A program that pip installs, with the agent as its library: asked at its first start."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.installer import hostile
from tests.installer.conftest import Vendor
from tests.installer.desk import Desk, eventually

from exitpoll_server.kits import slug

pytestmark = [pytest.mark.installer, pytest.mark.slow]

PRODUCT = "Exitpoll sample pip"
CONSENT = "Help to improve"


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch what builds the sample, once: pip would, for every build."""
    folder = tmp_path_factory.mktemp("backend")
    pip = [_with_pip(), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--target", folder, "hatchling"], check=True)
    return folder


@pytest.fixture(autouse=True)
def _built_with(backend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(backend))


class Installed:
    """The sample, installed by pip into an environment of its own."""

    def __init__(self, vendor: Vendor, desk: Desk, *options: str, product: str = PRODUCT) -> None:
        vendor.product(product)
        self.kit = vendor.kit("python", "kit", *options, product=product)
        self.name = slug(product)
        self.desk = desk
        self._folder = desk.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self._folder], check=True)
        # The libraries are those of the tests; pip needs no network for them then.
        [packages] = self._folder.glob("lib/python*/site-packages")
        ours = "\n".join([sysconfig.get_path("purelib"), str(Path(__file__).parents[2] / "agent")])
        (packages / "ours.pth").write_text(ours)
        self.pip("install", "--no-deps", "--no-build-isolation", str(self.kit))
        self.program = self._folder / "bin" / self.name
        self.environment = {
            "PYTHONPATH": "",
            "HOME": str(desk.home),
            "EXITPOLL_STATE_DIR": str(desk.folder / "state"),
        }

    def pip(self, *arguments: str) -> None:
        pip = ("-m", "pip", "--python", str(self._folder / "bin" / "python"), "--quiet")
        command = [_with_pip(), *pip, "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, env=os.environ)

    def start(self, *answers: tuple[str, str], **environment: str) -> str:
        said = {**self.environment, **environment}
        ended = self.desk.type(self.program, answers=answers, **said)
        assert ended.exit_code == 0
        assert "Inkwell: nothing to write about yet" in ended.shown
        return ended.shown

    def start_in_a_pipe(self) -> str:
        ended = self.desk.run(self.program, **self.environment)
        assert ended.exit_code == 0
        return ended.shown


def _with_pip() -> str:
    """Return a Python that has pip: the environment of the tests has none."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}")


def test_who_agrees_is_counted(vendor: Vendor, desk: Desk) -> None:
    """Asked once, at the first start; from then on every start is counted."""
    sample = Installed(vendor, desk)
    assert CONSENT in sample.start((CONSENT, "1"))
    eventually(lambda: vendor.launches() == 1)
    assert CONSENT not in sample.start()
    sample.pip("uninstall", "--yes", sample.name)
    assert not sample.program.exists()
    assert vendor.uninstalls() == []  # pip tells nobody, and the report says so


@pytest.mark.parametrize("typed", ["0", "", "x"])
def test_who_does_not_agree_is_not(typed: str, vendor: Vendor, desk: Desk) -> None:
    """Who does not say yes is not counted, and not asked again."""
    sample = Installed(vendor, desk)
    sample.start((CONSENT, typed))
    assert CONSENT not in sample.start()
    assert vendor.stored("SELECT id FROM installations") == []


def test_nobody_there(vendor: Vendor, desk: Desk) -> None:
    """In a pipe nobody is asked, nothing is written, and the next terminal is asked."""
    sample = Installed(vendor, desk)
    assert CONSENT not in sample.start_in_a_pipe()
    assert not (desk.folder / "state").exists()
    assert CONSENT in sample.start((CONSENT, "\x04"))
    assert CONSENT in sample.start((CONSENT, "1"))


def test_who_said_no_to_all_programs(vendor: Vendor, desk: Desk) -> None:
    """Who set DO_NOT_TRACK has answered already."""
    sample = Installed(vendor, desk)
    assert CONSENT not in sample.start(DO_NOT_TRACK="1")
    assert vendor.stored("SELECT id FROM installations") == []


def test_in_the_persons_language(vendor: Vendor, desk: Desk) -> None:
    """The question is in the person's language."""
    sample = Installed(vendor, desk)
    assert "Пропустить" in sample.start(("Помогите улучшить", "1"), LC_ALL="ru_RU.UTF-8")


def test_a_vendor_who_does_not_ask(vendor: Vendor, desk: Desk) -> None:
    """With a word of the vendor's own nobody is asked."""
    sample = Installed(vendor, desk, "--consent", "full")
    assert CONSENT not in sample.start()
    eventually(lambda: vendor.launches() == 1)


def test_a_server_that_is_away(vendor: Vendor, desk: Desk) -> None:
    """Whatever becomes of the server, the program starts and ends as it would."""
    sample = Installed(vendor, desk, "--consent", "full")
    sample.start(EXITPOLL_ADDRESS="http://KEY@127.0.0.1:9")
    sample.start(EXITPOLL_ADDRESS="no address at all")


def test_a_hostile_name(vendor: Vendor, desk: Desk) -> None:
    """What the vendor called the product is what the person reads, and the server knows."""
    sample = Installed(vendor, desk, product=hostile.NAME)
    sample.start((f"Help to improve {hostile.NAME}", "1"))
    eventually(lambda: vendor.launches() == 1)
