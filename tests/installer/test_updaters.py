"""docs/updaters.md: the script for electron-builder, in an NSIS setup made as that makes one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.test_docs import blocks
from tests.installer.languages import WINDOWS
from tests.installer.products import until
from tests.installer.wine import WINE, stand_in

pytestmark = [pytest.mark.slow, pytest.mark.installer]

SETUP = r"""
Target amd64-unicode
Name Inkwell
OutFile inkwell-1.0.0.exe
InstallDir "Z:@FOLDER@\Ink well"
RequestExecutionLevel user
SilentInstall silent
; As the one-click uninstaller makes itself.
SilentUnInstall silent
!include LogicLib.nsh
!include FileFunc.nsh
; As electron-builder's own script has it.
!macro _isUpdated _a _b _true _false
  ${GetParameters} $R9
  ClearErrors
  ${GetOptions} $R9 "--updated" $R8
  IfErrors `${_false}` `${_true}`
!macroend
!define isUpdated `"" isUpdated ""`
!include exitpoll-builder.nsh
Section
  SetOutPath "$INSTDIR\exitpoll"
  File "exitpoll-agentw.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  !insertmacro customInstall
SectionEnd
Section un.Uninstall
  SetOutPath "Z:@FOLDER@"
  !insertmacro customUnInstall
  RMDir /r "$INSTDIR"
SectionEnd
"""


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    """Build the setup, with what stands in for the agent."""
    if not (shutil.which("makensis") and WINDOWS.is_at_hand):
        pytest.skip(f"not installed: nsis, {WINDOWS.packages}")
    shutil.copy(stand_in(tmp_path), tmp_path / "exitpoll-agentw.exe")
    script = blocks("docs/updaters.md", "electron-builder", "nsis")
    (tmp_path / "exitpoll-builder.nsh").write_text(script, "utf-8")
    text = SETUP.replace("@FOLDER@", str(tmp_path).replace("/", "\\"))
    (tmp_path / "setup.nsi").write_text(text, "utf-8")
    subprocess.run(
        ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", "setup.nsi"], cwd=tmp_path, check=True
    )
    return tmp_path


def run(program: Path, *arguments: str) -> None:
    subprocess.run(
        [WINE, program, *arguments], check=True, timeout=60,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["/S"], "uninstall --finish --context remove --unattended"),
        ([], "uninstall --finish --context remove --open-survey"),
        (["/S", "/KEEP_APP_DATA", "--updated"], None),
    ],
)
def test_electron_builders_uninstaller_tells_a_removal(
    setup: Path, arguments: list[str], told: str | None
) -> None:
    """It knows an update, and whether somebody is there, though it is always silent."""
    run(setup / "inkwell-1.0.0.exe")
    product = setup / "Ink well"
    installed = (product / "exitpoll" / "noted").read_text("utf-8").splitlines()[0]
    assert installed.endswith('exitpoll-agentw.exe" install')
    folder = "Z:" + str(product).replace("/", "\\")
    run(product / "uninstall.exe", *arguments, f"_?={folder}")
    until(lambda: not (product / "exitpoll").exists())
    noted = setup / "noted"
    assert noted.exists() is (told is not None)
    if told is not None:
        said = noted.read_text("utf-8").splitlines()[0]
        assert said.endswith(f'exitpoll-agentw.exe" {told}')
