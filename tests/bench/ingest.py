"""What a ping costs, from its first byte to its answer after the disk, beside a route of nothing.

Servers and load share this machine, so nothing here is a speed: only the ratio of requests to
those of an empty Flask route on the same server, measured by turns in one run, says something. In
an odd number of rounds the median is one that was measured.
Run by `make bench-ingest`. It needs wrk (Debian: wrk), and Linux.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.postgresql import Cluster

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent
WORKERS = os.cpu_count() or 1

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS_EACH", "4"))
CONNECTIONS = (64, 512)
INSTALLATIONS = 20_000

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Subject:
    """A server under load, and what was measured of it: by connections, a list of runs."""

    name: str
    port: int
    group: int
    days: int = 1
    key: str = "none"
    a_second: dict[int, list[float]] = field(default_factory=dict)
    p50: dict[int, list[float]] = field(default_factory=dict)
    p99: dict[int, list[float]] = field(default_factory=dict)
    cpu: dict[int, list[float]] = field(default_factory=dict)

    def load(self, connections: int, seconds: int) -> None:
        """Put load on it and note what came of it."""
        before = self._processor_seconds()
        said = subprocess.run(
            [
                *("wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}"),
                *("--timeout=20", "--latency", f"--script={HERE / 'ping.lua'}"),
                f"http://127.0.0.1:{self.port}/v1/pings",
            ],
            env={
                **os.environ,
                "INSTALLATIONS": str(INSTALLATIONS),
                "DAYS": str(self.days),
                "KEY": self.key,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        used = self._processor_seconds() - before
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"{self.name}: not every request was answered 200\n{said}")
        requests = float(_found(r"(\d+) requests in", said))
        for noted, value in (
            (self.a_second, float(_found(r"Requests/sec:\s+([\d.]+)", said))),
            (self.p50, _milliseconds(_found(r"\n +50% +(\S+)", said))),
            (self.p99, _milliseconds(_found(r"\n +99% +(\S+)", said))),
            (self.cpu, used / requests * 1e6),
        ):
            noted.setdefault(connections, []).append(value)

    def forget(self) -> None:
        """Drop what was measured so far: a warm-up."""
        for noted in (self.a_second, self.p50, self.p99, self.cpu):
            noted.clear()

    def _processor_seconds(self) -> float:
        """Return the processor time of the server's processes, in seconds."""
        used = 0
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = file.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == self.group:
                used += int(fields[11]) + int(fields[12])
        return used / TICK


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        sys.exit(f"wrk said nothing of {pattern}\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


@contextmanager
def running(
    name: str, command: list[str], environment: Mapping[str, str], **more: object
) -> Iterator[Subject]:
    """Give a server that listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(200):
            time.sleep(0.1)
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield Subject(name, port, process.pid, **more)  # type: ignore[arg-type]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def empty() -> list[str]:
    """Return the command of a server of nothing, as granian's authors would run it."""
    return [
        *(str(BIN / "granian"), "--interface", "wsgi", "--workers", str(WORKERS)),
        *("--blocking-threads", "1", "--http", "1", "--no-ws", "--log-level", "error"),
        "tests.bench.empty:app",
    ]


@contextmanager
def exitpoll(name: str, url: str, days: int) -> Iterator[Subject]:
    """Give our own server, on a database of its own, with one product."""
    environment = {
        "EXITPOLL_DATABASE_URL": url,
        "EXITPOLL_WORKERS": str(WORKERS),
        "EXITPOLL_RATE_LIMIT_ADDRESS": "off",
        "EXITPOLL_RATE_LIMIT_PRODUCT": "off",
    }
    said = subprocess.run(
        [BIN / "exitpoll", "product", "create", "Bench"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    key = _found(r"//(\w+)@", said)
    command = [str(BIN / "exitpoll"), "serve"]
    with running(name, command, environment, days=days, key=key) as subject:
        yield subject


def measure(subjects: list[Subject]) -> None:
    """Load each by turns, after a warm-up in which the installations become known."""
    for subject in subjects:
        subject.load(CONNECTIONS[-1], 2 * SECONDS)
        subject.forget()
    for n in range(ROUNDS):
        for connections in CONNECTIONS:
            for subject in subjects:
                subject.load(connections, SECONDS)
        print(f"round {n + 1} of {ROUNDS}", file=sys.stderr)


def show(subjects: list[Subject]) -> None:
    """Print medians of the rounds, and ratios to the first subject's."""
    nothing = subjects[0]
    print(f"{'':28}{'':>6}{'requests':>14}{'processor':>14}{'p99 / p50':>12}")
    for subject in subjects:
        for connections in CONNECTIONS:
            ratio = _ratio(subject.a_second[connections], nothing.a_second[connections])
            cpu = _ratio(subject.cpu[connections], nothing.cpu[connections])
            tail = _ratio(subject.p99[connections], subject.p50[connections])
            print(f"{subject.name:28}{connections:6}{ratio:14.2f}{cpu:14.2f}{tail:12.1f}")


def _ratio(these: list[float], those: list[float]) -> float:
    """Return the median of the ratios of runs that stood side by side."""
    return median(a / b for a, b in zip(these, those, strict=True))


def main() -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="exitpoll-bench-"))
        subjects = [stack.enter_context(running("an empty Flask route", empty(), {}))]
        for days in (1, 30):
            url = f"sqlite:///{folder}/{days}.sqlite3"
            name = f"SQLite, pings of {days} day{'s' * (days > 1)}"
            subjects.append(stack.enter_context(exitpoll(name, url, days)))
        cluster = stack.enter_context(Cluster().running())
        url = cluster.url(cluster.create())
        subjects.append(stack.enter_context(exitpoll("PostgreSQL, pings of 1 day", url, 1)))
        measure(subjects)
        show(subjects)


if __name__ == "__main__":
    main()
