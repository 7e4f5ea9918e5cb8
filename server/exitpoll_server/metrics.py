"""What the server counts of itself, for Prometheus; it adds up over the processes of one server.

Several processes share a folder, as prometheus-client's multiprocess mode wants it: each writes
files of its own, and whichever is asked adds them up. The library looks for the folder when it is
imported, so it is imported at the first count: in a worker, whether that was forked or started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter
    from prometheus_client.metrics_core import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which the library looks for the shared folder."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
"""From a fast disk's commit to the wait for another process that holds the database."""

GROUP_MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

PROC = Path("/proc")


# -- counting ------------------------------------------------------------------------------


def accepted(messages: int = 1) -> None:
    """Count messages that were taken in; they are answered once they are durable."""
    _counters().accepted.inc(messages)


def rejected(code: str) -> None:
    """Count a message that was refused, by the code of the answer."""
    _rejected(code).inc()


def committed(messages: int, seconds: float) -> None:
    """Count a group of messages that is durable, and how long its transaction took."""
    counters = _counters()
    counters.merged.inc(messages)
    counters.group.observe(messages)
    counters.commit.observe(seconds)


def queued(messages: int) -> None:
    """Say how many messages wait in this process for their commit."""
    _counters().queued.set(messages)


def answered(route: str, status: int, times: int = 1) -> None:
    """Count an answer, by its route's pattern and its status."""
    _answered(route, status).inc(times)


class _Counters:
    """Everything that is counted."""

    def __init__(self) -> None:
        from prometheus_client import (  # noqa: PLC0415 - see above
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            disable_created_metrics,
        )

        disable_created_metrics()  # as many series again, of which nobody asks
        own = self.registry = CollectorRegistry()
        self.accepted = Counter(
            "exitpoll_messages_accepted", "Messages taken in, to be made durable.", registry=own
        )
        self.merged = Counter("exitpoll_messages_merged", "Messages made durable.", registry=own)
        self.rejected = Counter(
            "exitpoll_messages_rejected", "Messages refused, by code.", ["code"], registry=own
        )
        self.queued = Gauge(
            "exitpoll_messages_queued",
            "Messages that wait for their commit.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self.group = Histogram(
            "exitpoll_group_messages",
            "Messages that one commit made durable.",
            registry=own,
            buckets=GROUP_MESSAGES,
        )
        self.commit = Histogram(
            "exitpoll_commit_seconds",
            "How long a group's transaction took.",
            registry=own,
            buckets=COMMIT_SECONDS,
        )
        self.answered = Counter(
            "exitpoll_requests", "Answers, by route and status.", ["route", "status"], registry=own
        )


@cache
def _counters() -> _Counters:
    return _Counters()


@cache
def _rejected(code: str) -> Counter:
    return _counters().rejected.labels(code)


@cache
def _answered(route: str, status: int) -> Counter:
    return _counters().answered.labels(route, str(status))


# -- reading -------------------------------------------------------------------------------


@contextmanager
def shared() -> Iterator[None]:
    """Have the processes that are started meanwhile count in one folder, deleted afterwards."""
    with TemporaryDirectory(prefix="exitpoll-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def text() -> bytes:
    """Return all that was counted, as Prometheus reads it."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - see above
    from prometheus_client.multiprocess import (  # noqa: PLC0415 - see above
        MultiProcessCollector,
        mark_process_dead,
    )

    folder = os.environ.get(FOLDER)
    if folder is None:
        return generate_latest(_counters().registry) + _of_processes(["self"])
    alive = []
    for pid in _pids(folder):
        if _is_alive(pid):
            alive.append(pid)
        else:
            mark_process_dead(pid)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry) + _of_processes(alive)


def _pids(folder: str) -> list[str]:
    names = "\n".join(file.name for file in Path(folder).glob("*.db"))
    return sorted(set(re.findall(r"_(\d+)\.db$", names, re.MULTILINE)))


def _is_alive(pid: str) -> bool:
    # Where there is no /proc a dead worker's queue is counted on until the server starts again.
    return not PROC.exists() or (PROC / pid).exists()


def _of_processes(pids: list[str]) -> bytes:
    """Return processor time, memory and files of processes, added up."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - see above

    class Sum:
        def collect(self) -> Iterator[Metric]:
            for same in zip(*map(_of_process, pids), strict=False):
                first = same[0]
                values = [metric.samples[0].value for metric in same]
                is_start = first.name.endswith("start_time_seconds")
                value = min(values) if is_start else sum(values)
                first.samples = [first.samples[0]._replace(value=value)]
                yield first

    registry = CollectorRegistry()
    registry.register(Sum())
    return generate_latest(registry)


def _of_process(pid: str) -> list[Metric]:
    from prometheus_client import ProcessCollector  # noqa: PLC0415 - see above

    return list(ProcessCollector(pid=lambda: pid, registry=None).collect())
