"""From an empty Debian to a server: docs/operating.md with its own systemd, and the container."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.test_docs import ROOT, blocks
from tests.server import debian
from tests.server.proxies import NAME

pytestmark = [pytest.mark.slow, pytest.mark.debian]

AGENT = """
export SSL_CERT_FILE=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
export EXITPOLL_ADDRESS=$(exitpoll product list | cut -f2) EXITPOLL_VERSION=1.0
export EXITPOLL_CONTAINERS=count EXITPOLL_STATE_DIR=/tmp/state
/opt/exitpoll/bin/exitpoll-agent launch --json
"""

RESTARTED = """
kill -9 $(systemctl show exitpoll -p MainPID --value)
curl -sk --retry 9 --retry-delay 1 --retry-all-errors --fail https://feedback.example.com/readyz
systemctl stop exitpoll
systemctl show exitpoll -p Result --value
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("debian") / "root"
    debian.make(folder)
    yield folder
    shutil.rmtree(folder)  # pytest would keep several


def copy_of_the_repository(folder: Path) -> None:
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    subprocess.run(
        ["tar", "--create", "--file", folder / "all.tar", "--null", "--files-from=-"],
        cwd=ROOT,
        input=listed,
        check=True,
    )
    subprocess.run(["tar", "--extract", "--file", "all.tar"], cwd=folder, check=True)


@pytest.fixture
def server(clean: Path, tmp_path: Path) -> Iterator[debian.Machine]:
    root = tmp_path / "root"
    subprocess.run(["cp", "--archive", clean, root], check=True)
    copy_of_the_repository(root / "root" / "exitpoll")
    with debian.booted(root, tmp_path / "log") as machine:
        yield machine
    shutil.rmtree(root)


def test_the_steps_lead_to_an_https_address(server: debian.Machine) -> None:
    """Typed as it stands, the first block of the page gives a server that an agent reaches.

    Only the certificate is Caddy's own: nobody else signs one for a name that is not ours.
    """
    here = "cd /root/exitpoll\nexport DEBIAN_FRONTEND=noninteractive\n"
    signed = r"s/^\treverse_proxy/\ttls internal\n\treverse_proxy/"
    server.run(f"{here}sed -i '{signed}' server/deploy/Caddyfile")
    server.run(f"echo 127.0.0.1 localhost {NAME} > /etc/hosts")
    steps = blocks("docs/operating.md", "empty-server").replace("curl ", "curl -k ")
    said = server.run(here + steps)
    assert '{"ready":true}' in said
    assert re.fullmatch(rf"https://k\w+@{NAME}", said.splitlines()[-1])
    launch = json.loads(server.run(AGENT).splitlines()[-1])
    assert (launch["counted"], launch["upload"]) == (True, "confirmed")
    assert server.run(RESTARTED).split() == ['{"ready":true}', "success"]
    assert "exitpoll exitpoll 700" in server.run("stat -c '%U %G %a' /var/lib/exitpoll")


def test_the_container_builds_and_serves(clean: Path) -> None:
    """Built on a Debian of ours in place of an image from a registry, it runs as nobody's root."""
    base = Buildah("from", "scratch")
    base.run("copy", "--quiet", base.name, str(clean), "/")
    base.run("commit", "--quiet", base.name, "localhost/exitpoll-test-base")
    lent = [f"--volume={file}:{file}:ro" for file in debian.lent_files()]
    lent += [f"--env={name}={value}" for name, value in debian.lent_variables().items()]
    base.run(
        *("build", "--isolation=chroot", "--pull-never", *lent),
        *("--build-arg=PYTHON=localhost/exitpoll-test-base", "--format=docker"),
        *("--file=server/deploy/Containerfile", "--tag=localhost/exitpoll-test", "."),
    )
    image = Buildah("from", "--pull-never", "localhost/exitpoll-test")
    try:
        inspected = json.loads(image.run("inspect", image.name))["Docker"]["config"]
        assert inspected["User"] == "10001"
        alive = "exitpoll serve > /tmp/said & until grep -q listens /tmp/said; do sleep 0.1; done; "
        check = inspected["Healthcheck"]["Test"]
        assert check[0] == "CMD"
        run = ("run", "--isolation=chroot", "--user=10001", image.name, "--")
        said = image.run(*run, "bash", "-ec", f'{alive}"$@"; id -u; kill %1', "-", *check[1:])
        assert said.split()[-1] == "10001"
        assert "No such file" in image.run(*run, "bash", "-c", "ls /opt/exitpoll/bin/pip 2>&1 || :")
    finally:
        image.run("rm", image.name)
        base.run("rm", base.name)
        base.run("rmi", "localhost/exitpoll-test", "localhost/exitpoll-test-base")


class Buildah:
    """A working container."""

    def __init__(self, *how: str) -> None:
        self.name = self.run(*how).split()[-1]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["buildah", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
