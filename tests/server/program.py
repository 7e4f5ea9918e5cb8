"""The server's real programs: `exitpoll serve` on a free port, and commands beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from exitpoll_agent import wire

EXITPOLL = [sys.executable, "-c", "from exitpoll_server.cli import main; main()"]
PATIENCE_SECONDS = 60

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk")


def environment(database: Path) -> dict[str, str]:
    return {**os.environ, "EXITPOLL_DATABASE_URL": f"sqlite:///{database}"}


def run(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the server to its end."""
    return subprocess.run(
        [*EXITPOLL, *arguments],
        env=environment(database),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def on_a_small_disk(
    disk: Path, database: Path, *arguments: str, first: str = "true"
) -> subprocess.CompletedProcess[str]:
    """Run a command with a disk of 64 KiB in a folder; print what is left on it."""
    story = (
        f'mount -t tmpfs -o size=64k tmpfs "$0" && {first} && "$@"; code=$?;'
        ' echo "left: $(ls -A "$0")"; exit $code'
    )
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", story, str(disk), *EXITPOLL, *arguments],
        env=environment(database),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


@contextmanager
def serving(database: Path) -> Iterator[str]:
    """Run a server on a database; give its address."""
    process = subprocess.Popen(
        [*EXITPOLL, "serve", "--port", "0"],
        env=environment(database),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process.stdout.readline().split(" on ", 1)[1].strip()
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


def post(url: str, key: str, path: str, message: wire.Ping | wire.Erasure) -> int:
    """Send a message as an agent does; return the answer's status."""
    request = urllib.request.Request(  # noqa: S310 - a server of our own
        url + path,
        data=wire.to_json(message),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
        assert json.load(answer)["exitpoll"] == wire.PROTOCOL
        return int(answer.status)


def erasure(installation_id: UUID) -> wire.Erasure:
    return wire.Erasure(installation_id=installation_id)
