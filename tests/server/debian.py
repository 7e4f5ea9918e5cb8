"""A clean Debian in a folder: made with mmdebstrap, booted with its own systemd by systemd-nspawn.

It takes root, and minutes; `make test-debian`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
PACKAGES = ("systemd-sysv", "ca-certificates", "python3-venv", "python3-pip")

LENT = ("PIP_CERT", "SSL_CERT_FILE", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")
LENT_FILES = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/apt/apt.conf.d")
"""How this machine reaches Debian and PyPI; what is installed is not lent."""

BOOT_SECONDS = 60


def make(folder: Path) -> None:
    """Make a clean Debian in a folder that is not there yet, with this machine's mirrors."""
    sources = b"".join(file.read_bytes() for file in _sources())
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE]
    done = subprocess.run([*command, folder, "-"], input=sources, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _sources() -> list[Path]:
    places = Path("/etc/apt")
    return [*places.glob("sources.list"), *places.glob("sources.list.d/debian.sources")]


def lent_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in LENT if name in os.environ}


def lent_files() -> list[str]:
    return [file for file in LENT_FILES if Path(file).exists()]


class Machine:
    """A booted Debian; it shares this machine's network."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def run(self, script: str) -> str:
        """Run a script as root, which ends at its first failure; return what it printed."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        enter = ["nsenter", "-t", str(self._pid), "-m", "-u", "-i", "-p", "-r", "-w"]
        done = subprocess.run(
            [*enter, "bash", "-ec", script],
            env={"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **lent_variables()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@contextmanager
def booted(folder: Path, log: Path) -> Iterator[Machine]:
    """Boot the Debian of a folder until the block ends."""
    lent = [f"--bind-ro={file}" for file in lent_files()]
    command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"]
    with log.open("wb") as said:
        nspawn = subprocess.Popen(
            [*command, "--console=pipe", f"--directory={folder}", *lent],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield _when_it_runs(nspawn, log)
    finally:
        nspawn.terminate()
        nspawn.wait(timeout=BOOT_SECONDS)


def _when_it_runs(nspawn: subprocess.Popen[bytes], log: Path) -> Machine:
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and nspawn.poll() is None:
        for pid in children.read_text("ascii").split():
            machine = Machine(int(pid))
            try:
                machine.run("systemctl is-system-running --wait")
            except AssertionError:
                continue
            return machine
        time.sleep(0.5)
    raise RuntimeError(f"it does not boot: {log.read_text('utf-8', 'replace')}")
