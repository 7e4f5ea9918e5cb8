"""The NSIS kit where something goes wrong, and where there are several copies."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.installer.conftest import Vendor
from tests.installer.desktop import BUILT, DELETED_LATER, Desktop, until
from tests.installer.nsis import (
    COMMENT,
    LIMIT,
    SEND,
    THIRD_REASON,
    TITLE,
    UNINSTALL,
    Setup,
    asked,
    closes,
    compiled,
    setup,
    windows,
)

pytestmark = [pytest.mark.slow, pytest.mark.windows_setup]


# -- what goes wrong -------------------------------------------------------------------------

HANGS = "Unicode true\nSilentInstall silent\nOutFile agent.exe\nSection\nSleep 20000\nSectionEnd\n"
CRASHES = HANGS.replace(
    "Sleep 20000", "System::Call 'kernel32::RaiseException(i 0xC0000005, i 1, i 0, p 0)'"
)
IS_SLOW = "!include FileFunc.nsh\n" + HANGS.replace(
    "Sleep 20000", "Sleep 8000\n${GetParameters} $0\nnsExec::Exec '\"$EXEDIR\\real.exe\" $0'"
)


def _replaced(agent: Path, source: str, folder: Path) -> None:
    script = folder / "agent.nsi"
    script.write_text(f"Target amd64-unicode\n{source}")
    compiled(script)
    shutil.copyfile(folder / "agent.exe", agent)


@pytest.mark.parametrize("fault", ["hangs", "crashes", "no program", "no folder", "damaged"])
def test_a_broken_agent(desktop: Desktop, shop: Vendor, tmp_path: Path, fault: str) -> None:
    """Whatever became of the agent, the uninstaller succeeds, in time, and without a word."""
    inkwell = setup(desktop, shop, "--consent", "full")
    inkwell.install()
    if fault in ("hangs", "crashes"):
        _replaced(inkwell.agent, HANGS if fault == "hangs" else CRASHES, tmp_path)
    elif fault == "damaged":
        shutil.rmtree(inkwell.agent.parent / "_internal")
    elif fault == "no program":
        inkwell.agent.unlink()
    else:
        shutil.rmtree(inkwell.agent.parent)
    ended = inkwell.uninstall()
    print(f"{fault}: {ended.seconds:.1f} s")  # noqa: T201 - for whoever runs it
    assert ended.code == 0
    assert ended.seconds < LIMIT
    assert inkwell.is_gone()
    assert desktop.windows() == []
    until(lambda: not _aside(inkwell).exists(), DELETED_LATER)


def test_a_slow_machine(desktop: Desktop, shop: Vendor, since: Any, tmp_path: Path) -> None:
    """Where the agent needs longer than its three seconds, nobody waits and the event arrives."""
    inkwell = setup(desktop, shop, "--consent", "full")
    inkwell.install()
    inkwell.agent.rename(inkwell.agent.with_name("real.exe"))
    _replaced(inkwell.agent, IS_SLOW, tmp_path)
    asked(inkwell, "de_DE")
    desktop.clicks(TITLE, THIRD_REASON)
    desktop.clicks(TITLE, COMMENT)
    desktop.types("Schon gut!")
    desktop.clicks(TITLE, SEND)
    closes(desktop)
    assert since() == []
    assert inkwell.is_gone()
    [told] = since(1)
    assert (told["reason"], told["comment"]) == ("did-not-work", "Schon gut!")
    until(lambda: not _aside(inkwell).exists(), DELETED_LATER)


def _aside(one: Setup) -> Path:
    return one.folder.with_name(f"{one.folder.name}.exitpoll")


def test_an_agent_that_is_held(desktop: Desktop, shop: Vendor) -> None:
    """Where another program holds the agent, the product goes all the same, and the code is 0."""
    inkwell = setup(desktop, shop, "--consent", "full")
    inkwell.install()
    held = (
        "import ctypes, time; ctypes.windll.kernel32.CreateFileW("
        f"{windows(inkwell.agent)!r}, 0x80000000, 0, None, 3, 0, None); "
        f"open({windows(desktop.temporary / 'exitpoll-held')!r}, 'w'); time.sleep(120)"
    )
    holder = desktop.start(BUILT / "python" / "python.exe", "-c", held)
    until((desktop.temporary / "exitpoll-held").exists)
    try:
        ended = inkwell.uninstall()
    finally:
        holder.terminate()
    assert (ended.code, ended.seconds < LIMIT) == (0, True)
    # Wine moves a folder of which a file is held; Windows leaves it where it is.
    places = (inkwell.folder, _aside(inkwell))
    left = {one.name for place in places for one in place.rglob("*") if one.is_file()}
    assert left <= {"uninstall.exe", "exitpoll-agent.exe"}
    shutil.rmtree(_aside(inkwell), ignore_errors=True)
    assert not desktop.has_key(rf"HKCU\{UNINSTALL}\inkwell")


def test_an_uninstall_that_fails(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """An uninstaller that gives up before its end has told nothing."""
    inkwell = setup(desktop, shop, "--consent", "full")
    script = inkwell.kit / "fails.nsi"
    text = (inkwell.kit / "setup.nsi").read_text("utf-8")
    script.write_text(text.replace('Section "Uninstall"\n', 'Section "Uninstall"\nAbort "held"\n'))
    compiled(script)
    inkwell.install()
    assert inkwell.uninstall().code != 0
    assert inkwell.agent.exists()
    assert since() == []
    compiled(inkwell.kit / "setup.nsi")


# -- several ---------------------------------------------------------------------------------


def test_two_products_and_two_scopes(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """Products of one vendor, and a person's copy beside everybody's, leave one another alone."""
    shop.product("Quill")
    inkwell = setup(desktop, shop, "--consent", "full")
    quill = setup(desktop, shop, "--consent", "full", product="Quill")
    shared = setup(desktop, shop, "--consent", "full", "--scope", "machine", product="Quill")
    for one in (inkwell, quill):
        one.install()
        one.launch()
    assert desktop.run(shared.program, "/S").code == 0
    everybodys = desktop.drive / "Program Files" / "quill"
    assert (everybodys / "exitpoll" / "exitpoll-agent.exe").exists()
    quill.uninstall()
    assert inkwell.agent.exists()
    assert (everybodys / "exitpoll" / "exitpoll-agent.exe").exists()
    desktop.run(everybodys / "uninstall.exe", "/S")
    until(lambda: not everybodys.exists())
    until(lambda: not list(desktop.drive.glob("ProgramData/exitpoll/quill-*/*.json")))
    assert {one["product"] for one in since(1)} == {"Quill"}
    assert inkwell.agent.exists()


def test_two_versions_side_by_side(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """Who removes one of two versions still has the product: the next launch says so."""
    first = setup(desktop, shop, "--consent", "full")
    first.install()
    second = Setup(desktop, first.kit, first.program)
    beside = desktop.local / "Programs" / "inkwell-2"
    desktop.run(second.program, "/S", f"/D={windows(beside)}")
    first.uninstall()
    assert since(1)
    desktop.run(beside / "exitpoll" / "exitpoll-agent.exe", "launch")
    assert [one["withdrawn"] for one in since(1)] == [1]


HOSTILE = """Ink "well" $5 {a} %PATH% 'x' <b> & Söhne\\"""
SURVEY = """kind: exit
question: "Warum? $INSTDIR \\\"{product}\\\" ${{x}} $\\n"
reasons:
"""


def test_a_hostile_name(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A name and words with all that a compiler takes for its own come out as they were typed."""
    shop.product(HOSTILE)
    survey = shop.folder / "exit.yaml"
    reasons = "".join(f"- id: r{n}\n  label: '$$ {n} \"%\" $INSTDIR'\n" for n in range(12))
    survey.write_text(SURVEY.replace("{{x}}", "{x}") + reasons, "utf-8")
    shop.exitpoll("survey", "set", "--product", HOSTILE, survey)
    hostile = setup(desktop, shop, product=HOSTILE)
    hostile.install()
    settings = (hostile.agent.parent / "exitpoll.toml").read_text("utf-8")
    assert settings.startswith('version = "1.0.0"\n')
    key = rf"HKCU\{UNINSTALL}\{hostile.slug}"
    assert HOSTILE.encode("ascii", "replace").decode() in _ascii(
        desktop.said("reg", "query", key, "/v", "DisplayName")
    )
    desktop.start(hostile.folder / "uninstall.exe")
    desktop.goes_on("^Ink")
    desktop.clicks("^Ink", (60, 148))
    desktop.photograph("^Ink", "nsis-question-hostile")
    desktop.clicks("^Ink", SEND)
    closes(desktop)
    assert hostile.is_gone()
    [told] = since(1)
    assert (told["product"], told["reason"]) == (HOSTILE, "r1")


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
