"""Group commit: what waits for the disk waits together, and is durable with one write.

A commit costs the disk as much for one message as for hundreds. So messages are not committed by
those who bring them: they wait in a bounded queue, and one thread merges whatever waits while the
last group was being written. Nobody waits longer than two commits and a breath between them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from exitpoll_server import metrics
from exitpoll_server.store.arrivals import Arrival
from exitpoll_server.store.engine import BusyError

MOST_WAITING = 20_000
"""Rows that may wait, in messages and their days: some 20 MB. Beyond it there is no keeping up."""

MOST_A_GROUP = 2_000
"""Rows a group: large enough to spread the disk's part, small enough to be done in a moment."""

BUSY_GROUP = 5
BREATH_SECONDS = 0.005
"""After a group of so many messages more are on their way: those who were answered speak again. A
breath lets other processes write, and the next group is the larger: a sixth more was stored so."""


@dataclass
class Waiting:
    """A message on its way to the disk."""

    product_id: int
    arrival: Arrival
    durable: Future[None]

    @property
    def rows(self) -> int:
        """What it weighs: one for itself and one a day."""
        return 1 + len(self.arrival.message.days)


PATIENCE_SECONDS = 5.0
"""A group that was refused after a longer wait speaks for all that came meanwhile: the next ones
would wait as long, each for itself."""

Commit = Callable[[Sequence[Waiting]], None]


class Groups:
    """The queue, and the thread that empties it. Safe to share between threads."""

    def __init__(self, commit: Commit) -> None:
        """Take what commits a group, in one transaction: all of it, or nothing and an error."""
        self._commit = commit
        self._changed = threading.Condition()
        self._waiting: deque[Waiting] = deque()
        self._rows = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(
        self, product_id: int, arrival: Arrival, durable: Future[None] | None = None
    ) -> Future[None]:
        """Let a message wait for the next group.

        Its future, one of the caller's own where there is one, ends when the message is durable,
        or with the reason why it is not.

        Raises:
            BusyError: so much is waiting that the disk cannot keep up; nothing was taken.
        """
        waiting = Waiting(product_id, arrival, Future() if durable is None else durable)
        with self._changed:
            if self._closed or self._rows + waiting.rows > MOST_WAITING:
                raise BusyError
            self._rows += waiting.rows
            self._waiting.append(waiting)
            if len(self._waiting) == 1:
                self._wake()
        return waiting.durable

    def close(self) -> None:
        """Finish what was taken, and let go of the thread; what comes later starts another."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._closed = thread is not None
            self._changed.notify()
        if thread is not None:
            thread.join()
            self._closed = False

    def _wake(self) -> None:
        if self._thread is None:
            # Not before it is needed: a server that forks its workers takes no thread along.
            self._thread = threading.Thread(target=self._work, name="commits", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _work(self) -> None:
        while group := self._next():
            busy = len(group) >= BUSY_GROUP
            metrics.accepted(len(group))
            self._settle(group)
            with self._changed:
                self._rows -= sum(waiting.rows for waiting in group)
            metrics.queued(len(self._waiting))
            if busy:
                time.sleep(BREATH_SECONDS)

    def _next(self) -> list[Waiting]:
        """Return what waits, at most a group of it; nothing once the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group: list[Waiting] = []
            rows = 0
            while self._waiting and (not group or rows + self._waiting[0].rows <= MOST_A_GROUP):
                group.append(self._waiting.popleft())
                rows += group[-1].rows
            return group

    def _taken_back(self) -> list[Waiting]:
        """Take all that waits out of the queue."""
        with self._changed:
            waiting = list(self._waiting)
            self._waiting.clear()
            self._rows -= sum(one.rows for one in waiting)
        metrics.accepted(len(waiting))
        return waiting

    def _settle(self, group: Sequence[Waiting]) -> None:
        """Commit a group; where one message is the reason that it fails, it fails alone."""
        began = time.monotonic()
        try:
            self._commit(group)
        except BusyError as error:
            _fail(group, error)
            if time.monotonic() - began > PATIENCE_SECONDS:
                _fail(self._taken_back(), error)
        except Exception as error:  # noqa: BLE001 - whoever waits for the message hears of it
            if len(group) == 1:
                _fail(group, error)
            else:
                middle = len(group) // 2
                self._settle(group[:middle])
                self._settle(group[middle:])
        else:
            for waiting in group:
                waiting.durable.set_result(None)


def _fail(group: Sequence[Waiting], error: Exception) -> None:
    for waiting in group:
        waiting.durable.set_exception(error)
