"""A .deb with the agent, really installed, upgraded and removed by dpkg."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.installer import hostile
from tests.installer.conftest import Vendor
from tests.installer.desk import AT_MOST_SECONDS, BROKEN, Desk, break_agent, eventually

pytestmark = [pytest.mark.installer, pytest.mark.slow]

PRODUCT = "Exitpoll sample deb"
PACKAGE = "exitpoll-sample-deb"
OTHER = "Exitpoll sample other"
FROZEN = "linux-x86_64"
HERE = Path("/opt") / PACKAGE
ASKED = {"DEBIAN_FRONTEND": "readline"}
REASON, COMMENT = "What made you uninstall", "Anything you would like to add?"
SKIP = "8"


@pytest.fixture(autouse=True)
def _nothing_left(desk: Desk) -> Iterator[None]:
    yield
    for package in _installed():
        subprocess.run(["rm", "-f", f"/var/lib/dpkg/info/{package}.prerm"], check=True)
        desk.run("dpkg", "--purge", "--force-all", package)


def _installed() -> list[str]:
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package}\n", "exitpoll-sample-*"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return listed.stdout.split()


def built(vendor: Vendor, version: str = "1.0.0", platform: str = "any", **kit: str) -> Path:
    """Make the kit once, and build the sample package out of it as it is."""
    folder = vendor.folder / f"kit-{platform}"
    if not folder.exists():
        vendor.product(kit.get("product", PRODUCT))
        options = (
            "--platform",
            platform,
            "--consent",
            "full",
            "--survey",
            kit.get("survey", "ask"),
        )
        vendor.kit("deb", folder.name, *options, product=kit.get("product", PRODUCT))
    subprocess.run(["sh", "build.sh", version], cwd=folder, check=True)
    [package] = folder.glob(f"*_{version}_*.deb")
    return package


def install(desk: Desk, package: Path) -> None:
    assert desk.run("dpkg", "-i", package).exit_code == 0


def launch(desk: Desk, vendor: Vendor, package: str = PACKAGE) -> None:
    before = vendor.launches()
    assert "Inkwell" in desk.start(Path("/usr/bin") / package)
    eventually(lambda: vendor.launches() == before + 1)


@pytest.mark.parametrize("platform", [FROZEN, "any"])
def test_a_life(platform: str, vendor: Vendor, desk: Desk) -> None:
    """Installed, launched and removed: the answers arrive, and nothing of us stays."""
    install(desk, built(vendor, platform=platform))
    launch(desk, vendor)
    answers = [(REASON, "2"), (COMMENT, 'Слишком сложно, "вправду"')]
    ended = desk.type("dpkg", "-r", PACKAGE, answers=answers, **ASKED, **desk.with_sudo())
    assert ended.exit_code == 0
    assert vendor.uninstalls() == [
        {
            "product": PRODUCT, "version": "1.0.0", "context": "unknown", "asked": "installer",
            "not_asked": None, "locale": None, "withdrawn": 0,
            "reason": "too-difficult", "comment": 'Слишком сложно, "вправду"',
        }
    ]  # fmt: skip
    assert desk.page() is None
    assert not HERE.exists()
    assert not list(Path("/var/lib/exitpoll").glob("exitpoll-sample-*"))
    assert not list((desk.home / ".local/state/exitpoll").rglob("*"))
    assert PACKAGE not in _installed()
    assert PACKAGE not in Path("/var/cache/debconf/templates.dat").read_text("utf-8")


def test_in_the_persons_language(vendor: Vendor, desk: Desk) -> None:
    """Question, reasons and the box for a comment are in the language of whoever removes it."""
    install(desk, built(vendor))
    russian = [("Что побудило вас удалить", "1"), ("Хотите что-нибудь добавить?", "")]
    ended = desk.type("dpkg", "-r", PACKAGE, answers=russian, LANGUAGE="ru", **ASKED)
    assert "Не хватает того, что мне нужно" in ended.shown
    assert "Пропустить" in ended.shown
    assert vendor.uninstalls()[0]["reason"] == "missing-feature"


def test_a_dialog(vendor: Vendor, desk: Desk) -> None:
    """Debconf's usual dialog asks the same; to press Enter is to skip."""
    install(desk, built(vendor))
    ended = desk.type("dpkg", "-r", PACKAGE, answers=[(REASON, "")], DEBIAN_FRONTEND="dialog")
    assert ended.exit_code == 0
    [told] = vendor.uninstalls()
    assert (told["asked"], told["reason"], told["comment"]) == ("installer", None, None)


def test_in_the_browser(vendor: Vendor, desk: Desk) -> None:
    """Who would rather tell it in the browser gets the page in their own, never in root's."""
    install(desk, built(vendor))
    desk.type("dpkg", "-r", PACKAGE, answers=[(REASON, "8")], **ASKED, **desk.with_sudo())
    assert (desk.page() or "").startswith(f"{vendor.server.url}/u/")
    assert vendor.uninstalls()[0]["asked"] == "page"


@pytest.mark.parametrize("sudo", [True, False])
def test_a_page_without_a_question(vendor: Vendor, desk: Desk, *, sudo: bool) -> None:
    """With --survey open the page opens for the person behind sudo, and for root none."""
    install(desk, built(vendor, survey="open"))
    desk.type(
        "dpkg", "-r", PACKAGE, answers=(), **(desk.with_sudo() if sudo else {"DISPLAY": ":0"})
    )
    [told] = vendor.uninstalls()
    assert (desk.page() is not None) is sudo
    assert (told["asked"], told["not_asked"]) == (("page", None) if sudo else ("no", "elevated"))


@pytest.mark.parametrize("is_silent", [True, False])
def test_nobody_there(vendor: Vendor, desk: Desk, *, is_silent: bool) -> None:
    """Without a terminal, or where debconf is told to ask nothing, nothing is shown."""
    install(desk, built(vendor))
    if is_silent:
        ended = desk.type("dpkg", "-r", PACKAGE, DEBIAN_FRONTEND="noninteractive")
    else:
        ended = desk.run("dpkg", "-r", PACKAGE)
    assert "What made" not in ended.shown
    assert vendor.uninstalls()[0]["not_asked"] == "unattended"


def test_an_upgrade_is_no_uninstall(vendor: Vendor, desk: Desk) -> None:
    """Upgraded, installed again and downgraded: one copy goes on, and nothing is asked."""
    install(desk, built(vendor))
    launch(desk, vendor)
    for version in ("1.1.0", "1.1.0", "1.2.0", "1.0.0"):
        ended = desk.type("dpkg", "-i", built(vendor, version), answers=(), **ASKED)
        assert (ended.exit_code, "What made" in ended.shown) == (0, False)
        if version == "1.2.0":
            launch(desk, vendor)
    assert vendor.uninstalls() == []
    assert len(vendor.stored("SELECT id FROM installations")) == 1


def test_a_purge_tells_once(vendor: Vendor, desk: Desk) -> None:
    """Removing with all configuration tells what a removal tells, once."""
    install(desk, built(vendor))
    assert desk.run("dpkg", "--purge", PACKAGE).exit_code == 0
    assert desk.run("dpkg", "--purge", PACKAGE).exit_code in (0, 1)
    assert len(vendor.uninstalls()) == 1


def test_the_agent_comes_with_an_update(vendor: Vendor, desk: Desk) -> None:
    """A version without the agent was in use before: the copy is no new one."""
    folder = built(vendor).parent
    build = folder / "build.sh"
    whole = build.read_text()
    build.write_text(whole.replace("dpkg-deb ", 'rm -rf "$stage/opt/$package/exitpoll"\ndpkg-deb '))
    install(desk, built(vendor, "0.9.0"))
    build.write_text(whole)
    install(desk, built(vendor))
    launch(desk, vendor)
    assert vendor.stored("SELECT origin FROM installations") == [("upgrade",)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_that_fails(when: str, vendor: Vendor, desk: Desk) -> None:
    """A removal that fails has told nothing, or is taken back, and the same copy goes on."""
    package = built(vendor)
    install(desk, package)
    launch(desk, vendor)
    prerm = Path(f"/var/lib/dpkg/info/{PACKAGE}.prerm")
    lines = prerm.read_text()
    fails = '[ "$1" != remove ] || exit 1\n'
    broken = lines + fails if when == "after" else lines.replace("set -e\n", f"set -e\n{fails}")
    prerm.write_text(broken)
    assert desk.run("dpkg", "-r", PACKAGE, **desk.with_sudo()).exit_code == 1
    assert len(vendor.uninstalls()) == (1 if when == "after" else 0)
    desk.start(Path("/usr/bin") / PACKAGE)
    eventually(lambda: all(told["withdrawn"] for told in vendor.uninstalls()))
    assert len(vendor.stored("SELECT id FROM installations")) == 1
    prerm.write_text(lines)
    time.sleep(1)  # the wire has whole seconds, and a launch in the same one would take it back
    assert desk.run("dpkg", "-r", PACKAGE).exit_code == 0
    assert [told["withdrawn"] for told in vendor.uninstalls()][-1] == 0


@pytest.mark.parametrize("how", BROKEN)
def test_an_agent_that_does_not_work(how: str, vendor: Vendor, desk: Desk) -> None:
    """Whatever became of the agent, install, upgrade and removal do what they would without it."""
    install(desk, built(vendor))
    break_agent(HERE / "exitpoll" / "exitpoll-agent", how)
    answers = [(REASON, "1"), (COMMENT, "")]
    ended = desk.type("dpkg", "-r", PACKAGE, answers=answers, **ASKED)
    assert ended.exit_code == 0
    assert ended.seconds < AT_MOST_SECONDS
    assert not HERE.exists()


def test_the_agents_folder_is_gone(vendor: Vendor, desk: Desk) -> None:
    """Somebody deleted the agent's whole folder: the package is removed all the same."""
    install(desk, built(vendor))
    subprocess.run(["rm", "-rf", HERE / "exitpoll"], check=True)
    ended = desk.type("dpkg", "-r", PACKAGE, answers=(), **ASKED)
    assert (ended.exit_code, HERE.exists()) == (0, False)


def test_two_products_of_one_vendor(vendor: Vendor, desk: Desk) -> None:
    """Removing one product leaves the other as it is."""
    install(desk, built(vendor))
    launch(desk, vendor)
    vendor.product(OTHER)
    kit = vendor.kit("deb", "other", "--platform", "any", "--consent", "full", product=OTHER)
    subprocess.run(["sh", "build.sh"], cwd=kit, check=True)
    install(desk, next(kit.glob("*.deb")))
    launch(desk, vendor, "exitpoll-sample-other")
    desk.run("dpkg", "-r", PACKAGE)
    assert [told["product"] for told in vendor.uninstalls()] == [PRODUCT]
    desk.start(Path("/usr/bin/exitpoll-sample-other"))
    desk.run("dpkg", "-r", "exitpoll-sample-other")
    assert [told["product"] for told in vendor.uninstalls()] == [PRODUCT, OTHER]
    assert len(vendor.stored("SELECT id FROM installations")) == 2


def test_a_hostile_vendor(vendor: Vendor, desk: Desk) -> None:
    """What the vendor wrote is what the person reads and the server knows, in every place of it."""
    vendor.product(hostile.NAME)
    hostile.ask(vendor, hostile.NAME)
    kit = vendor.kit("deb", "kit", "--platform", "any", "--consent", "full", product=hostile.NAME)
    subprocess.run(["sh", "build.sh"], cwd=kit, check=True)
    [package] = kit.glob("*.deb")
    install(desk, package)
    name = package.name.partition("_")[0]
    launch(desk, vendor, name)
    answers = [(f"Why {hostile.NAME}?", "3"), (COMMENT, "$(id) `id` \\ 'x'")]
    ended = desk.type("dpkg", "-r", name, answers=answers, **ASKED)
    assert ended.exit_code == 0
    assert [one for one in hostile.REASONS if f". {one.strip()}" not in ended.shown] == []
    [told] = vendor.uninstalls()
    assert (told["product"], told["reason"]) == (hostile.NAME, "r2")
    assert told["comment"] == "$(id) `id` \\ 'x'"
