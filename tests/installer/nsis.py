"""The samples of NSIS kits: how they are built, installed, asked and removed."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from tests.installer.conftest import Vendor
from tests.installer.desktop import PREFIX, Desktop, Ended, until

UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall"
TITLE = "^Inkwell"
LIMIT = 12.0
"""Seconds for a silent uninstaller whose agent hangs: three of them are ours, and Wine on a busy
machine takes the rest."""

# Where things are on the page, from its upper left.
BOX = (29, 229)
THIRD_REASON = (30, 160)
COMMENT = (240, 270)
IN_BROWSER = (150, 334)
SKIP = (410, 334)
SEND = (361, 390)
CANCEL = (-52, -25)
"""From its lower right: fonts of other scripts make other sizes."""


class Setup:
    """A setup of a vendor's product, and the copy that it makes."""

    def __init__(self, desktop: Desktop, kit: Path, program: Path) -> None:
        self.desktop = desktop
        self.kit = kit
        self.program = program
        self.slug = program.name.removesuffix("-setup.exe")

    @property
    def folder(self) -> Path:
        return self.desktop.local / "Programs" / self.slug

    @property
    def agent(self) -> Path:
        return self.folder / "exitpoll" / "exitpoll-agent.exe"

    def install(self) -> None:
        """Install without a person."""
        assert self.desktop.run(self.program, "/S").code == 0
        assert self.agent.exists()

    def launch(self) -> None:
        """Start what the product starts, and wait until it has sent what is due."""
        self.desktop.run(self.agent, "launch")

    def uninstall(self, *options: str) -> Ended:
        """Uninstall without a person, to the end: `_?=` keeps it from starting a copy of itself."""
        place = f"_?={windows(self.folder)}"
        return self.desktop.run(self.folder / "uninstall.exe", "/S", *options, place)

    def is_gone(self) -> bool:
        """Whether nothing of it is left, but for an uninstaller that ran in its place."""
        left = {one.name for one in self.folder.iterdir()} if self.folder.exists() else set()
        key = rf"HKCU\{UNINSTALL}\{self.slug}"
        return left <= {"uninstall.exe"} and not self.desktop.has_key(key)


def windows(path: Path) -> str:
    """Return a path as Windows has it."""
    drive = PREFIX / "drive_c"
    return "C:\\" + str(path.relative_to(drive)).replace("/", "\\")


def compiled(script: Path, *options: str) -> None:
    """Compile a script; a warning is an error. Packing it well takes seconds, and tests nothing."""
    done = subprocess.run(
        ["makensis", "-V2", "-WX", "-XSetCompress off", *options, script.name],
        cwd=script.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@cache
def _kit(shop: Vendor, folder: str, options: tuple[str, ...], product: str, version: str) -> Path:
    kit = shop.kit("nsis", folder, *options, product=product)
    script = kit / "setup.nsi"
    script.write_text(script.read_text("utf-8").replace('"1.0.0"', f'"{version}"'), "utf-8")
    compiled(script)
    return kit


def setup(
    desktop: Desktop, shop: Vendor, *options: str, product: str = "Inkwell", version: str = "1.0.0"
) -> Setup:
    """Make a kit, and build its sample as it is."""
    folder = f"nsis-{abs(hash((options, product, version)))}"
    kit = _kit(shop, folder, options, product, version)
    [program] = kit.glob("*-setup.exe")
    return Setup(desktop, kit, program)


def asked(one: Setup, language: str) -> None:
    """Start the uninstaller, and go as far as the question."""
    one.desktop.start(one.folder / "uninstall.exe", language=language)
    one.desktop.goes_on(TITLE)


def closes(desktop: Desktop) -> None:
    """Close a setup's or an uninstaller's last page, as soon as there is one."""

    def closed() -> bool:
        if desktop.windows():
            desktop.presses("Return")
        return not desktop.windows()

    until(closed)
