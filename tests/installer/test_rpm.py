"""An .rpm with the agent, really installed, upgraded and removed by rpm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.installer import hostile
from tests.installer.conftest import Vendor
from tests.installer.desk import AT_MOST_SECONDS, BROKEN, Desk, Ended, break_agent, eventually

pytestmark = [pytest.mark.installer, pytest.mark.slow]

PRODUCT = "Exitpoll sample rpm"
PACKAGE = "exitpoll-sample-rpm"
HERE = Path("/opt") / PACKAGE


class Rpm:
    """rpm on this machine's files, with a database of its own: this is no machine of rpm's."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        path = desk.environment["PATH"]  # rpm gives its scriptlets one of its own
        self._rpm = (
            "rpm",
            f"--dbpath={desk.folder / 'rpm'}",
            f"--define=_install_script_path {path}",
        )

    def run(self, *arguments: str | Path, **environment: str) -> Ended:
        return self.desk.run(*self._rpm, "--nodeps", *arguments, **environment)

    def type(self, *arguments: str | Path, **environment: str) -> Ended:
        return self.desk.type(*self._rpm, "--nodeps", *arguments, answers=(), **environment)

    def installed(self) -> list[str]:
        return self.desk.run(*self._rpm, "-qa").shown.split()

    def summary(self, name: str) -> str:
        return self.desk.run(*self._rpm, "-q", "--queryformat=%{SUMMARY}", name).shown


@pytest.fixture
def rpm(desk: Desk) -> Iterator[Rpm]:
    rpm = Rpm(desk)
    yield rpm
    for name in Path("/opt").glob("exitpoll-sample-*"):
        subprocess.run(["rm", "-rf", name, f"/usr/bin/{name.name}"], check=True)


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
        vendor.kit("rpm", folder.name, *options, product=kit.get("product", PRODUCT))
    subprocess.run(["sh", "build.sh", version], cwd=folder, check=True)
    [package] = folder.glob(f"*-{version}-*.rpm")
    return package


def launch(desk: Desk, vendor: Vendor, package: str = PACKAGE) -> None:
    before = vendor.launches()
    assert "Inkwell" in desk.start(Path("/usr/bin") / package)
    eventually(lambda: vendor.launches() == before + 1)


@pytest.mark.parametrize("platform", ["linux-x86_64", "any"])
def test_a_life(platform: str, vendor: Vendor, rpm: Rpm) -> None:
    """Installed, launched and removed: the server knows, nobody was asked, nothing of us stays."""
    assert rpm.run("-i", built(vendor, platform=platform)).exit_code == 0
    launch(rpm.desk, vendor)
    assert rpm.type("-e", PACKAGE, **rpm.desk.with_sudo()).exit_code == 0
    [told] = vendor.uninstalls()
    assert (told["version"], told["asked"], told["not_asked"]) == ("1.0.0", "no", "policy")
    assert rpm.desk.page() is None
    assert not HERE.exists()
    assert not list(Path("/var/lib/exitpoll").glob("exitpoll-sample-*"))
    assert not list((rpm.desk.home / ".local/state/exitpoll").rglob("*"))
    assert rpm.installed() == []


def test_a_page(vendor: Vendor, rpm: Rpm) -> None:
    """With --survey open the page opens in the browser of whoever is behind sudo."""
    rpm.run("-i", built(vendor, survey="open"))
    rpm.type("-e", PACKAGE, **rpm.desk.with_sudo())
    assert (rpm.desk.page() or "").startswith(f"{vendor.server.url}/u/")
    assert vendor.uninstalls()[0]["asked"] == "page"


def test_nobody_there(vendor: Vendor, rpm: Rpm) -> None:
    """Without a terminal no page opens, and it is counted as unattended."""
    rpm.run("-i", built(vendor, survey="open"))
    rpm.run("-e", PACKAGE, **rpm.desk.with_sudo())
    assert rpm.desk.page() is None
    assert vendor.uninstalls()[0]["not_asked"] == "unattended"


def test_an_upgrade_is_no_uninstall(vendor: Vendor, rpm: Rpm) -> None:
    """Upgraded, installed again and downgraded: one copy goes on."""
    rpm.run("-i", built(vendor))
    launch(rpm.desk, vendor)
    assert rpm.type("-U", built(vendor, "1.1.0")).exit_code == 0
    launch(rpm.desk, vendor)
    assert rpm.type("--reinstall", built(vendor, "1.1.0")).exit_code == 0
    assert rpm.type("-U", "--oldpackage", built(vendor)).exit_code == 0
    assert vendor.uninstalls() == []
    assert len(vendor.stored("SELECT id FROM installations")) == 1


def test_the_agent_comes_with_an_update(vendor: Vendor, rpm: Rpm) -> None:
    """A version without the agent was in use before: the copy is no new one."""
    spec = built(vendor).parent / "product.spec"
    whole = spec.read_text("utf-8")
    spec.write_text(whole.replace("%post\n", "rm -rf %{buildroot}/opt/%{name}/exitpoll\n%post\n"))
    rpm.run("-i", built(vendor, "0.9.0"))
    spec.write_text(whole)
    rpm.run("-U", built(vendor))
    launch(rpm.desk, vendor)
    assert vendor.stored("SELECT origin FROM installations") == [("upgrade",)]


def test_a_removal_that_fails(vendor: Vendor, rpm: Rpm) -> None:
    """Our line is the last of its scriptlet: what fails before it has told nothing."""
    spec = built(vendor).parent / "product.spec"
    spec.write_text(
        spec.read_text("utf-8").replace("%preun\n", '%preun\n[ "$1" != 0 ] || exit 1\n')
    )
    rpm.run("-i", built(vendor))
    launch(rpm.desk, vendor)
    assert rpm.run("-e", PACKAGE).exit_code != 0
    assert rpm.installed() != []
    assert vendor.uninstalls() == []


@pytest.mark.parametrize("how", BROKEN)
def test_an_agent_that_does_not_work(how: str, vendor: Vendor, rpm: Rpm) -> None:
    """Whatever became of the agent, the package is removed as it would be without it."""
    rpm.run("-i", built(vendor))
    break_agent(HERE / "exitpoll" / "exitpoll-agent", how)
    ended = rpm.type("-e", PACKAGE)
    assert ended.exit_code == 0
    assert ended.seconds < AT_MOST_SECONDS
    assert not HERE.exists()


def test_a_hostile_name(vendor: Vendor, rpm: Rpm) -> None:
    """What the vendor called the product is what rpm and the server know, and runs nothing."""
    package = built(vendor, product=hostile.NAME)
    name = package.name.partition("-1.0.0")[0]
    assert rpm.run("-i", package).exit_code == 0
    assert rpm.summary(name).startswith(f"{hostile.NAME}, ")
    launch(rpm.desk, vendor, name)
    assert rpm.run("-e", name).exit_code == 0
    assert vendor.uninstalls()[0]["product"] == hostile.NAME
