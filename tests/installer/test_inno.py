"""The kit for Inno Setup: compiled, installed, launched and uninstalled for real, under Wine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.installer.conftest import DIST, Vendor
from tests.installer.inno import DELETED_LATER, FOR_ALL, HERE, PROGRAMS, Windows, until

pytestmark = [pytest.mark.slow, pytest.mark.inno]

AGENT = PROGRAMS / "inkwell" / "exitpoll"
ASIDE = PROGRAMS / "inkwell.exitpoll"
FULL = ("--consent", "full")
SETUP = "Setup - Inkwell version 1.0.0"
UNINSTALLER = "Inkwell Uninstall"
HOLDS_AT_MOST = 20
"""Seconds for an uninstaller that waits for the agent for 3, on a busy machine."""

HOSTILE = """Ink "well" $5 ${x} {a} {#b} %PATH% 'x' <b> & `id` Söhne\\"""
HOSTILE_SURVEY = """
kind: exit
question: {en: 'Why {#leave} {product} & "us"? \\'}
reasons:
- {id: dear, label: "It's {#too} &dear %1"}
- {id: gone, label: 'Nothing {''left''}'}
"""
BUSY = r"""
[Code]
procedure CurUninstallStepChanged(Step: TUninstallStep);
begin
  if (Step = usUninstall) and FileExists(ExpandConstant('{app}\busy')) then Abort;
end;
"""
"""The vendor's own event function, which the include must neither replace nor need."""
FAKES = {
    "crashes": "int main(void) { *(volatile int *)0 = 1; return 0; }",
    "hangs": """
#include <windows.h>
int main(void) { system("echo up > C:\\\\up"); Sleep(20000); return 0; }
""",
    "is slow": """
#include <stdio.h>
#include <string.h>
#include <windows.h>
int main(void) {
    char folder[MAX_PATH], command[8192];
    STARTUPINFOA startup = {sizeof startup};
    PROCESS_INFORMATION real;
    GetModuleFileNameA(NULL, folder, sizeof folder);
    *strrchr(folder, '\\\\') = 0;
    const char *arguments = strchr(GetCommandLineA() + 1, '"') + 1;
    snprintf(command, sizeof command, "\\"%s\\\\real.exe\\"%s", folder, arguments);
    Sleep(8000);
    CreateProcessA(NULL, command, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &startup, &real);
    WaitForSingleObject(real.hProcess, INFINITE);
    return 0;
}
""",
}


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """Give one vendor to all tests: compiling a setup takes longer than using it."""
    vendor = Vendor(tmp_path_factory.mktemp("vendor"))
    try:
        for name in ("Inkwell", "Quill", HOSTILE):
            vendor.product(name)
        [archive] = DIST.glob("exitpoll-agent-*-windows-x86_64.tar.xz")
        vendor.exitpoll("agent", "add", archive)
        yield vendor
    finally:
        vendor.server.stop()


@pytest.fixture(scope="module")
def _windows(seller: Vendor) -> Windows:
    kits = HERE / "kits"
    shutil.rmtree(kits, ignore_errors=True)
    return Windows(seller, kits)


@pytest.fixture
def windows(_windows: Windows) -> Windows:
    """Give a Windows on which nothing of ours is installed."""
    _windows.clean()
    return _windows


# -- somebody is there -----------------------------------------------------------------------


def test_a_life(windows: Windows) -> None:
    """Somebody ticks the box, starts the product, and says in the uninstaller why they leave."""
    with windows.shown(windows.setup()):
        windows.window(SETUP)
        windows.keys("alt+n", "space")
        windows.picture("inno-consent")
        windows.keys("alt+n", "alt+i")
        windows.close("alt+f")
    windows.launch()
    leave(windows, "inno-english", "Down", "Down", "Down", "Tab", text="too dear")
    [told] = windows.told(1)
    assert (told["reason"], told["comment"]) == ("did-not-work", "too dear")
    assert (told["context"], told["asked"], told["version"]) == ("remove", "installer", "1.0.0")
    assert (windows.vendor.launches(), windows.pages()) == (1, [])
    windows.assert_nothing_is_left()


@pytest.mark.parametrize(
    ("locale", "language"), [("ru_RU.UTF-8", "ru-RU"), ("ar_SA.UTF-8", "ar-SA")]
)
def test_a_page_in_the_persons_language(windows: Windows, locale: str, language: str) -> None:
    """The uninstaller asks in the language of the person's Windows, and in its direction."""
    windows.install(windows.setup(*FULL))
    leave(
        windows, f"inno-{language[:2]}", "Down", "Tab", then=("Tab", "Tab", "space"), locale=locale
    )
    [told] = windows.told(1)
    assert (told["reason"], told["locale"]) == ("missing-feature", language)
    windows.assert_nothing_is_left()


def test_more_in_the_browser(windows: Windows) -> None:
    """Who would rather tell more gets the survey's page for this uninstall."""
    windows.install(windows.setup(*FULL))
    leave(windows, "inno-browser", "Tab", then=("shift+Tab", "shift+Tab", "space"))
    [told] = windows.told(1)
    assert (told["asked"], told["context"], told["reason"]) == ("page", "remove", None)
    [page] = windows.pages()
    assert page.startswith("/u/")
    windows.assert_nothing_is_left()


def test_skipped(windows: Windows) -> None:
    """Who skips the question was asked, and said nothing: it may have been an upgrade."""
    windows.install(windows.setup(*FULL))
    leave(windows, "inno-skipped", then=("Escape",))
    [told] = windows.told(1)
    assert (told["asked"], told["reason"], told["context"]) == ("installer", None, "unknown")
    assert windows.pages() == []
    windows.assert_nothing_is_left()


def test_cancelled(windows: Windows) -> None:
    """Who answers no to the uninstaller's own question is asked nothing, and has not left."""
    windows.install(windows.setup(*FULL))
    with windows.shown(PROGRAMS / "inkwell" / "unins000.exe"):
        windows.window(UNINSTALLER)
        windows.close("Escape")
    windows.launch()
    assert windows.told() == []
    windows.uninstall()


def test_failed(windows: Windows) -> None:
    """An uninstaller that the vendor's own code ends has told nothing; the next one tells."""
    windows.install(windows.setup(*FULL, more=BUSY))
    (PROGRAMS / "inkwell" / "busy").touch()
    windows.uninstall()
    windows.launch()
    assert windows.told() == []
    (PROGRAMS / "inkwell" / "busy").unlink()
    windows.uninstall()
    assert len(windows.told(1)) == 1
    windows.assert_nothing_is_left()


@pytest.mark.parametrize(("survey", "asked"), [("open", "page"), ("no", "no")])
def test_without_a_page_of_its_own(windows: Windows, survey: str, asked: str) -> None:
    """A vendor may open the survey's page at once, or ask nothing at all."""
    windows.install(windows.setup(*FULL, "--survey", survey))
    with windows.shown(PROGRAMS / "inkwell" / "unins000.exe"):
        windows.window(UNINSTALLER)
        windows.keys("Tab", "Return")
        windows.close("Return")
    [told] = windows.told(1)
    assert (told["asked"], len(windows.pages())) == (asked, int(survey == "open"))
    windows.assert_nothing_is_left()


def leave(
    windows: Windows,
    picture: str,
    *keys: str,
    text: str = "",
    then: Sequence[str] = ("Tab", "Tab", "space"),
    locale: str = "C.UTF-8",
    hostile: bool = False,
) -> None:
    """Uninstall, answer the page, and close the last window."""
    app, title = ("hostile", HOSTILE + " Uninstall") if hostile else ("inkwell", UNINSTALLER)
    with windows.shown(PROGRAMS / app / "unins000.exe", locale=locale):
        sure = windows.window(title)
        windows.keys("Tab", "Return")
        windows.next_window(title, sure)
        windows.keys(*keys)
        windows.type(text)
        windows.picture(picture)
        windows.keys(*then)
        windows.close("Return")


# -- nobody is there -------------------------------------------------------------------------


def test_unattended(windows: Windows) -> None:
    """A silent uninstall shows nothing, and says that there was nobody to ask."""
    windows.install(windows.setup(*FULL))
    windows.launch()
    assert "Uninstallation process succeeded." in windows.uninstall()
    [told] = windows.told(1)
    assert (told["asked"], told["not_asked"], told["context"]) == ("no", "unattended", "unknown")
    assert windows.pages() == []
    windows.assert_nothing_is_left()


def test_a_box_that_nobody_saw(windows: Windows) -> None:
    """A silent setup ticks no box: no launch is sent, and the uninstall is told without history."""
    windows.install(windows.setup())
    before = windows.vendor.launches()
    windows.wine("cmd", "/c", PROGRAMS / "inkwell" / "inkwell.cmd")
    windows.uninstall()
    assert windows.vendor.launches() == before
    [told] = windows.told(1)
    assert told["version"] == "1.0.0"
    windows.assert_nothing_is_left()


# -- no uninstall ----------------------------------------------------------------------------


def test_upgrade_and_repair(windows: Windows) -> None:
    """A setup over the top, of the same version or the next, is the same copy, and no uninstall."""
    copies = count_copies(windows)
    for _ in range(2):
        windows.install(windows.setup(*FULL))
    windows.launch()
    windows.install(windows.setup(*FULL, version="2.0.0"))
    windows.launch()
    assert 'version = "2.0.0"' in (AGENT / "exitpoll.toml").read_text("utf-8")
    assert (windows.told(), count_copies(windows)) == ([], copies + 1)
    windows.uninstall()
    assert [told["version"] for told in windows.told(1)] == ["2.0.0"]
    windows.assert_nothing_is_left()


def test_an_updater_that_uninstalls_first(windows: Windows) -> None:
    """The old uninstaller and the new setup, both silent, are an upgrade: the same copy goes on."""
    copies = count_copies(windows)
    windows.install(windows.setup(*FULL))
    windows.launch()
    windows.uninstall()
    assert windows.told(1)
    windows.install(windows.setup(*FULL, version="2.0.0"))
    windows.launch()
    assert [told["withdrawn"] for told in windows.told(1)] == [1]
    assert count_copies(windows) == copies + 1
    windows.uninstall()


def test_the_agent_comes_with_an_update(windows: Windows) -> None:
    """Where the product was there before the agent, nobody knows since when."""
    windows.install(windows.setup(*FULL, without='#include "exitpoll.iss"'))
    assert not AGENT.exists()
    windows.install(windows.setup(*FULL))
    windows.launch()
    sql = "SELECT origin FROM installations ORDER BY id DESC LIMIT 1"
    assert windows.vendor.stored(sql) == [("upgrade",)]
    windows.uninstall()


# -- an agent that fails ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["deleted", "folder", "crashes", "hangs"])
def test_an_agent_that_fails(windows: Windows, fault: str, tmp_path: Path) -> None:
    """Whatever became of the agent, the uninstaller succeeds in time, and takes its folder away."""
    windows.install(windows.setup(*FULL))
    if fault == "folder":
        shutil.rmtree(AGENT)
    else:
        (AGENT / "exitpoll-agentw.exe").unlink()
    if fault in FAKES:
        fake(FAKES[fault], AGENT / "exitpoll-agentw.exe", tmp_path)
    assert "Uninstallation process succeeded." in windows.uninstall()
    assert windows.seconds < HOLDS_AT_MOST
    assert windows.told() == []
    windows.assert_nothing_is_left()
    until(lambda: not ASIDE.exists(), seconds=DELETED_LATER)


def test_a_slow_machine(windows: Windows, tmp_path: Path) -> None:
    """Where the agent needs longer than its three seconds, nobody waits and the event arrives."""
    windows.install(windows.setup())
    agent = AGENT / "exitpoll-agentw.exe"
    agent.rename(AGENT / "real.exe")
    fake(FAKES["is slow"], agent, tmp_path)
    leave(windows, "inno-slow", "Down", "Down", "Down", "Tab", text="too dear")
    assert windows.told() == []
    windows.assert_nothing_is_left()
    [told] = windows.told(1)
    assert (told["reason"], told["comment"]) == ("did-not-work", "too dear")
    until(lambda: not ASIDE.exists(), seconds=DELETED_LATER)


def test_an_agent_that_is_held(windows: Windows, tmp_path: Path) -> None:
    """Where somebody else runs the agent, the uninstaller succeeds in time all the same."""
    windows.install(windows.setup(*FULL))
    fake(FAKES["hangs"], AGENT / "exitpoll-agentw.exe", tmp_path)
    with windows.running(AGENT / "exitpoll-agentw.exe"):
        assert "Uninstallation process succeeded." in windows.uninstall()
        assert windows.seconds < HOLDS_AT_MOST
        assert not windows.registered()
    until(lambda: _left() in ([], ["exitpoll-agentw.exe"]), seconds=DELETED_LATER)
    shutil.rmtree(ASIDE, ignore_errors=True)


def _left() -> list[str]:
    return [file.name for file in PROGRAMS.rglob("*") if file.is_file()]


# -- several on one machine ------------------------------------------------------------------


def test_two_products(windows: Windows) -> None:
    """Of two products of one vendor, the one that stays knows nothing of the one that goes."""
    windows.install(windows.setup(*FULL))
    windows.install(windows.setup(*FULL, product="Quill", app="quill"))
    windows.launch()
    windows.launch("quill")
    windows.uninstall()
    assert [told["product"] for told in windows.told(1)] == ["Inkwell"]
    windows.assert_nothing_is_left()
    assert (PROGRAMS / "quill" / "exitpoll" / "exitpoll-agentw.exe").exists()
    windows.uninstall("quill")
    assert [told["product"] for told in windows.told(2)] == ["Inkwell", "Quill"]
    windows.assert_nothing_is_left("quill")


def test_two_versions_side_by_side(windows: Windows) -> None:
    """Where another version of the product stays, its next launch takes the uninstall back."""
    copies = count_copies(windows)
    for app, version in (("inkwell-1", "1.0.0"), ("inkwell-2", "2.0.0")):
        windows.install(windows.setup(*FULL, app=app, version=version))
        windows.launch(app)
    windows.uninstall("inkwell-1")
    windows.assert_nothing_is_left("inkwell-1")
    assert windows.told(1)
    windows.launch("inkwell-2")
    assert [told["withdrawn"] for told in windows.told(1)] == [1]
    assert count_copies(windows) == copies + 1
    windows.uninstall("inkwell-2")
    windows.assert_nothing_is_left("inkwell-2")


def test_a_persons_and_everybodys(windows: Windows) -> None:
    """A copy for everybody goes without taking a person's own along, agent and all."""
    windows.install(windows.setup(*FULL))
    windows.install(windows.setup(*FULL, "--scope", "machine", app="inkwell-all"))
    windows.launch("inkwell-all", FOR_ALL)
    windows.uninstall("inkwell-all", FOR_ALL)
    windows.assert_nothing_is_left("inkwell-all", FOR_ALL)
    assert windows.told(1)
    windows.launch()
    scopes = windows.vendor.stored("SELECT scope FROM uninstalls ORDER BY id DESC LIMIT 1")
    assert (scopes, len(windows.told(1))) == ([("machine",)], 1)
    windows.uninstall()
    windows.assert_nothing_is_left()


# -- names -----------------------------------------------------------------------------------


def test_a_hostile_name(windows: Windows, tmp_path: Path) -> None:
    """Whatever a product and its reasons are called, setup and page say it as it was typed."""
    definition = tmp_path / "exit.yaml"
    definition.write_text(HOSTILE_SURVEY, "utf-8")
    windows.vendor.exitpoll("survey", "set", "--product", HOSTILE, definition)
    windows.install(windows.setup(*FULL, product=HOSTILE, app="hostile"))
    windows.launch("hostile")
    leave(windows, "inno-hostile", "Down", "Tab", hostile=True)
    [told] = windows.told(1)
    assert (told["product"], told["reason"]) == (HOSTILE, "dear")
    windows.assert_nothing_is_left("hostile")


def test_without_a_version(windows: Windows) -> None:
    """A script that says no version is told so by the compiler, and where to say it."""
    with pytest.raises(AssertionError, match="Set AppVersion"):
        windows.setup(*FULL, version="")


def count_copies(windows: Windows) -> int:
    """Return how many installations the server knows."""
    return len(windows.vendor.stored("SELECT id FROM installations"))


def fake(source: str, program: Path, folder: Path) -> None:
    """Put a program of this C in the agent's place."""
    (folder / "fake.c").write_text(source, "ascii")
    subprocess.run(
        ["x86_64-w64-mingw32-gcc", "-mwindows", "-o", program, folder / "fake.c"], check=True
    )
