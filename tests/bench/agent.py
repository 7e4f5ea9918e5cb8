"""`make bench-agent`: what the frozen agent costs, beside an empty program frozen the same way.

Ratios, measured by turns in one run: seconds alone would be those of this machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from tests.agent.loopback import Loopback, running
from tests.program import FROZEN

ROUNDS = 31
"""Odd, so that the median is one that was measured."""
MEGABYTE = 1_000_000

# What a vendor should not have to think about.
START_TARGET = 1.3
MEMORY_TARGET = 1.5
SIZE_TARGET = 20.0
PACKED_TARGET = 8.0
IN_PROCESS_TARGET = 3.0
"""Milliseconds: the one target that is no ratio. One write that survives the loss of power is most of
it, so it says more of the disk than of the processor."""

IN_PROCESS = """
import statistics, time
import exitpoll_agent
exitpoll_agent.launch()
time.sleep(3)  # until the upload behind it is through
taken = []
for _ in range(201):
    began = time.perf_counter()
    launched = exitpoll_agent.launch()
    taken.append(1000 * (time.perf_counter() - began))
assert launched and launched.launches_total == 202, launched
print(statistics.median(taken))
"""
"""A product written in Python that is launched again and again."""

STOPWATCH = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
began = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - began, usage.ru_maxrss, status)
"""
"""A program of its own, because a child's peak memory is never less than its parent's at the start:
this one is smaller than anything frozen."""


@dataclass(frozen=True)
class Run:
    """What one program took from start to end."""

    seconds: float
    peak: float


def main() -> int:
    """Measure, print a line a figure, and exit with 1 where a target is missed."""
    if FROZEN is None:
        sys.exit("EXITPOLL_TEST_AGENT names no frozen agent: run `make bench-agent`")
    with (
        tempfile.TemporaryDirectory(prefix="exitpoll-bench-") as name,
        running(Loopback()) as server,
    ):
        empty = _freeze_empty(Path(name))
        agent_runs, empty_runs = _measure(FROZEN, empty, _environment(Path(name), server.address))
        start, memory = _ratios(agent_runs, empty_runs)
        in_process = _in_process(_environment(Path(name) / "python", server.address))
        size = _size(FROZEN.parent)
        packed = _packed(FROZEN.parent) - _packed(empty.parent)
        print(
            f"medians of {ROUNDS} runs by turns; the empty program has {_size(empty.parent):.1f} MB"
        )
    met = [
        _tell("launch with nothing due / empty program, time", start, START_TARGET, "x"),
        _tell("the same, peak memory", memory, MEMORY_TARGET, "x"),
        _tell("exitpoll_agent.launch() in a Python product", in_process, IN_PROCESS_TARGET, " ms"),
        _tell("size of the folder", size, SIZE_TARGET, " MB"),
        _tell("packed as .tar.xz, more than the empty program", packed, PACKED_TARGET, " MB"),
    ]
    return 0 if all(met) else 1


def _measure(
    agent: Path, empty: Path, environment: Mapping[str, str]
) -> tuple[list[Run], list[Run]]:
    _run([agent, "launch"], environment)  # the first of a day sends
    said = subprocess.check_output([agent, "launch"], env=environment, text=True)
    if "nothing is due" not in said:
        raise RuntimeError(f"a launch with nothing due was to be measured, but: {said}")
    agents, empties = [], []
    for _ in range(ROUNDS):
        agents.append(_run([agent, "launch"], environment))
        empties.append(_run([empty], environment))
    return agents, empties


def _in_process(environment: Mapping[str, str]) -> float:
    return float(
        subprocess.check_output([sys.executable, "-c", IN_PROCESS], env=environment, text=True)
    )


def _run(command: list[Path | str], environment: Mapping[str, str]) -> Run:
    said = subprocess.check_output(
        [sys.executable, "-I", "-S", "-c", STOPWATCH, *command], env=environment, text=True
    )
    seconds, peak, status = said.split()
    if status != "0":
        raise RuntimeError(f"{command} ended with status {status}")
    return Run(float(seconds), float(peak))


def _ratios(agents: list[Run], empties: list[Run]) -> tuple[float, float]:
    def ratio(of: Callable[[Run], float]) -> float:
        return statistics.median(map(of, agents)) / statistics.median(map(of, empties))

    return ratio(lambda run: run.seconds), ratio(lambda run: run.peak)


def _freeze_empty(folder: Path) -> Path:
    source = folder / "empty.py"
    source.write_text("", "utf-8")
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--log-level=ERROR", "--onedir", "--strip", "--noupx",
         "--optimize=2", f"--distpath={folder}", f"--workpath={folder / 'build'}",
         f"--specpath={folder}", source],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder / "empty" / "empty"


def _environment(folder: Path, address: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "EXITPOLL_ADDRESS": address,
        "EXITPOLL_PRODUCT": "Bench",
        "EXITPOLL_VERSION": "1.0",
        "EXITPOLL_STATE_DIR": str(folder / "state"),
        "EXITPOLL_CONTAINERS": "count",
    }


def _size(folder: Path) -> float:
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) / MEGABYTE


def _packed(folder: Path) -> float:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        archive.add(folder, folder.name)
    return len(packed.getvalue()) / MEGABYTE


def _tell(what: str, figure: float, target: float, unit: str) -> bool:
    is_met = figure <= target
    verdict = "met" if is_met else "MISSED"
    print(f"{what:<48}{figure:6.2f}{unit:<3}  target at most {target:g}{unit}: {verdict}")
    return is_met


if __name__ == "__main__":
    sys.exit(main())
