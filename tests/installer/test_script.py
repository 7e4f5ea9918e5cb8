"""A tarball with install.sh and uninstall.sh, really run by a person."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.installer import hostile
from tests.installer.conftest import Vendor
from tests.installer.desk import AT_MOST_SECONDS, BROKEN, Desk, break_agent, eventually

pytestmark = [pytest.mark.installer, pytest.mark.slow]

PRODUCT = "Exitpoll sample script"
CONSENT, REASON, COMMENT = "Help to improve", "What made you uninstall", "like to add?"
RUSSIAN = [("Что побудило вас удалить", "1"), ("Хотите что-нибудь добавить?", "до свидания")]


class Tarball:
    """What a person downloaded, and where they have it installed."""

    def __init__(self, vendor: Vendor, desk: Desk, *options: str, product: str = PRODUCT) -> None:
        vendor.product(product)
        if product == hostile.NAME:
            hostile.ask(vendor, product)
        kit = vendor.kit("script", "kit", *options, product=product)
        self.unpacked = desk.home / "unpacked"
        with tarfile.open(vendor.folder / "sample.tar", "w") as packed:
            packed.add(kit, "unpacked")
        subprocess.run(["tar", "xf", vendor.folder / "sample.tar", "-C", desk.home], check=True)
        subprocess.run(["chown", "-R", f"{desk.uid}:{desk.uid}", self.unpacked], check=True)
        self.here = desk.home / "installed"
        self.program = self.here / "inkwell"
        self.agent = self.here / "exitpoll" / "exitpoll-agent"
        self.person = (
            "setpriv", f"--reuid={desk.uid}", f"--regid={desk.uid}", "--clear-groups",
            "env", f"HOME={desk.home}",
        )  # fmt: skip
        self.install = (*self.person, "sh", self.unpacked / "install.sh", self.here)
        self.uninstall = (*self.person, "sh", self.here / "uninstall.sh")

    def is_gone(self) -> bool:
        return not self.here.exists()


def launch(desk: Desk, vendor: Vendor, tarball: Tarball) -> None:
    before = vendor.launches()
    assert "Inkwell" in desk.start(tarball.program)
    eventually(lambda: vendor.launches() == before + 1)


@pytest.mark.parametrize("platform", ["linux-x86_64", "any"])
def test_a_life(platform: str, vendor: Vendor, desk: Desk) -> None:
    """Asked at install and at uninstall, on the terminal: the answers arrive, nothing stays."""
    tarball = Tarball(vendor, desk, "--platform", platform)
    assert desk.type(*tarball.install, answers=[(CONSENT, "1")]).exit_code == 0
    launch(desk, vendor, tarball)
    answers = [(REASON, "2"), (COMMENT, 'it said "%s" $HOME `id`')]
    ended = desk.type(*tarball.uninstall, answers=answers)
    assert ended.exit_code == 0
    [told] = vendor.uninstalls()
    assert (told["asked"], told["context"], told["version"]) == ("installer", "remove", "1.0.0")
    assert (told["reason"], told["comment"]) == ("too-difficult", 'it said "%s" $HOME `id`')
    assert tarball.is_gone()
    assert not list((desk.home / ".local").rglob("*.json"))
    assert desk.page() is None


def test_in_the_persons_language(vendor: Vendor, desk: Desk) -> None:
    """Both questions are in the person's language; none of the answers has to be a word of it."""
    tarball = Tarball(vendor, desk, "--platform", "any")
    asked = [("Помогите улучшить", "1")]
    assert desk.type(*tarball.install, answers=asked, LC_ALL="ru_RU.UTF-8").exit_code == 0
    ended = desk.type(*tarball.uninstall, answers=RUSSIAN, LC_ALL="ru_RU.UTF-8")
    assert "Не хватает того, что мне нужно" in ended.shown
    assert vendor.uninstalls()[0]["comment"] == "до свидания"


@pytest.mark.parametrize("typed", ["0", "", "\x04"])
def test_who_says_no(typed: str, vendor: Vendor, desk: Desk) -> None:
    """Who does not agree is not counted; the uninstall alone is told, without history."""
    tarball = Tarball(vendor, desk, "--platform", "any")
    desk.type(*tarball.install, answers=[(CONSENT, typed)])
    desk.start(tarball.program)
    desk.type(*tarball.uninstall, answers=[(REASON, "")])
    assert vendor.launches() == 0
    [told] = vendor.uninstalls()
    assert (told["asked"], told["reason"]) == ("installer", None)


def test_nobody_there(vendor: Vendor, desk: Desk) -> None:
    """Without a terminal nothing is asked: nobody agreed, and nobody was asked why."""
    tarball = Tarball(vendor, desk, "--platform", "any")
    assert desk.run(*tarball.install).shown == ""
    desk.start(tarball.program)
    assert desk.run(*tarball.uninstall).shown == ""
    assert (vendor.launches(), vendor.uninstalls()[0]["not_asked"]) == (0, "unattended")
    assert tarball.is_gone()


def test_who_is_not_to_be_asked(vendor: Vendor, desk: Desk) -> None:
    """An option says that nobody is to be asked, whatever terminal there is."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    assert desk.type(*tarball.uninstall, "--unattended").shown == ""
    assert vendor.uninstalls()[0]["not_asked"] == "unattended"


def test_an_answer_that_makes_no_sense(vendor: Vendor, desk: Desk) -> None:
    """What is no number of the list is asked for again."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    answers = [(REASON, "99"), ("> ", "-1"), ("> ", "x; id"), ("> ", "007"), (COMMENT, "")]
    desk.type(*tarball.uninstall, answers=answers)
    assert vendor.uninstalls()[0]["reason"] == "other"


def test_in_the_browser(vendor: Vendor, desk: Desk) -> None:
    """The page opens where there is a screen; without one it is not on the list."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    desk.type(*tarball.uninstall, answers=[(REASON, "8")], DISPLAY=":0")
    assert (desk.page() or "").startswith(f"{vendor.server.url}/u/")
    assert vendor.uninstalls()[0]["asked"] == "page"
    desk.type(*tarball.install)
    ended = desk.type(*tarball.uninstall, answers=[(REASON, "")])
    assert "browser" not in ended.shown


def test_a_page_without_a_question(vendor: Vendor, desk: Desk) -> None:
    """With --survey open the page opens at once."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full", "--survey", "open")
    desk.type(*tarball.install)
    desk.type(*tarball.uninstall, DISPLAY=":0")
    assert (desk.page() or "").startswith(f"{vendor.server.url}/u/")


def test_an_upgrade_is_no_uninstall(vendor: Vendor, desk: Desk) -> None:
    """Installed over the top, while it runs: one copy goes on, and nobody is asked again."""
    tarball = Tarball(vendor, desk, "--platform", "linux-x86_64")
    desk.type(*tarball.install, answers=[(CONSENT, "1")])
    launch(desk, vendor, tarball)
    assert CONSENT not in desk.type(*tarball.install).shown
    assert desk.run(*tarball.install).exit_code == 0
    desk.start(tarball.program)
    assert vendor.uninstalls() == []
    assert len(vendor.stored("SELECT id FROM installations")) == 1


def test_an_updater_that_removes_first(vendor: Vendor, desk: Desk) -> None:
    """A new version that removes the old one before it installs itself goes on with the copy."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    launch(desk, vendor, tarball)
    desk.type(*tarball.uninstall, "--unattended")
    desk.type(*tarball.install)
    launch(desk, vendor, tarball)
    eventually(lambda: vendor.uninstalls()[0]["withdrawn"] == 1)
    assert len(vendor.stored("SELECT id FROM installations")) == 1


def test_the_agent_comes_with_an_update(vendor: Vendor, desk: Desk) -> None:
    """A version without the agent was in use before: the copy is no new one."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    tarball.here.mkdir()
    tarball.program.touch(0o755)
    subprocess.run(["chown", "-R", f"{desk.uid}:{desk.uid}", tarball.here], check=True)
    desk.type(*tarball.install)
    launch(desk, vendor, tarball)
    assert vendor.stored("SELECT origin FROM installations") == [("upgrade",)]


@pytest.mark.parametrize("how", BROKEN)
def test_an_agent_that_does_not_work(how: str, vendor: Vendor, desk: Desk) -> None:
    """Whatever became of the agent, the product is removed as it would be without it."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    break_agent(tarball.agent, how)
    ended = desk.type(*tarball.uninstall, answers=[(REASON, "")])
    assert (ended.exit_code, tarball.is_gone()) == (0, True)
    assert ended.seconds < AT_MOST_SECONDS


def test_the_agents_folder_is_gone(vendor: Vendor, desk: Desk) -> None:
    """Somebody deleted the agent's whole folder: the product is removed all the same."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    desk.type(*tarball.install)
    subprocess.run(["rm", "-rf", tarball.agent.parent], check=True)
    assert (desk.type(*tarball.uninstall).exit_code, tarball.is_gone()) == (0, True)


def test_for_everybody(vendor: Vendor, desk: Desk) -> None:
    """Installed by root for everybody, and removed with sudo: it is the person's copy."""
    options = ("--platform", "any", "--scope", "machine", "--consent", "full")
    tarball = Tarball(vendor, desk, *options)
    root = ("sh", tarball.unpacked / "install.sh", desk.folder / "everybodys")
    assert desk.type(*root).exit_code == 0
    tarball.program = desk.folder / "everybodys" / "inkwell"
    launch(desk, vendor, tarball)
    removal = ("sh", desk.folder / "everybodys" / "uninstall.sh")
    desk.type(*removal, answers=[(REASON, "8")], **desk.with_sudo())
    assert vendor.uninstalls()[0]["asked"] == "page"
    assert desk.page() is not None
    assert len(vendor.stored("SELECT id FROM installations")) == 1
    assert not list(Path("/var/lib/exitpoll").glob("exitpoll-sample-script-*"))


def test_a_file_that_runs_itself(vendor: Vendor, desk: Desk) -> None:
    """A tool such as makeself packs the kit into one file, which installs as the tarball does."""
    tarball = Tarball(vendor, desk, "--platform", "any", "--consent", "full")
    run = desk.home / "sample.run"
    made = desk.run("makeself", "--quiet", tarball.unpacked, run, PRODUCT, "./install.sh")
    assert made.exit_code == 0
    desk.type(*tarball.person, "sh", run, "--quiet", "--", tarball.here)
    launch(desk, vendor, tarball)
    desk.type(*tarball.uninstall, answers=[(REASON, "")])
    assert vendor.uninstalls()[0]["asked"] == "installer"


def test_a_hostile_vendor(vendor: Vendor, desk: Desk) -> None:
    """What the vendor wrote is what the person reads and the server knows, and runs nothing."""
    tarball = Tarball(vendor, desk, "--platform", "any", product=hostile.NAME)
    desk.type(*tarball.install, answers=[(f"Help to improve {hostile.NAME}", "1")])
    launch(desk, vendor, tarball)
    answers = [(f"Why {hostile.NAME}?", "4"), (COMMENT, "")]
    ended = desk.type(*tarball.uninstall, answers=answers)
    assert [one for one in hostile.REASONS if f"  {one}" not in ended.shown] == []
    [told] = vendor.uninstalls()
    assert (told["product"], told["reason"]) == (hostile.NAME, "r3")
