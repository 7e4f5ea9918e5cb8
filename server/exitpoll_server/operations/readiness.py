"""Whether the server can do its work now: it writes to the database and waits a bounded time.

| reason | means |
|---|---|
| `database_busy` | it did not answer in time, or another process holds it |
| `database_version` | its tables are those of another version of Exitpoll |
| `database_failed` | it cannot be reached or written to; the log says why |
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet

from exitpoll_server import logs
from exitpoll_server.store import BusyError, OtherVersionError, Store

WAIT_SECONDS = 3.0
"""Shorter than what probes of Kubernetes, Caddy and Docker wait by default or by our files."""

FRESH_SECONDS = 1.0
"""So long the last finding is told again: asking often must not write often."""

THREAD = "readyz"


class Readiness:
    """Asks the database in a thread of its own, never in more than one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._finding: Future[str | None] | None = None
        self._asked = 0.0

    def reason_against(self) -> str | None:
        """Return why the server is not ready; None where it is."""
        try:
            return self._current().result(timeout=WAIT_SECONDS)
        except NotYet:
            return "database_busy"

    def _current(self) -> Future[str | None]:
        """Return the finding under way, or one that is fresh, or a new one."""
        with self._lock:
            now = time.monotonic()
            last = self._finding
            if last is not None and (not last.done() or now - self._asked < FRESH_SECONDS):
                return last
            finding: Future[str | None] = Future()
            self._finding, self._asked = finding, now
            # A daemon: a database that never answers must not hold up the end of the process.
            threading.Thread(target=self._find, args=(finding,), name=THREAD, daemon=True).start()
            return finding

    def _find(self, finding: Future[str | None]) -> None:
        try:
            self._store.check()
            finding.set_result(None)
        except BusyError:
            finding.set_result("database_busy")
        except OtherVersionError:
            finding.set_result("database_version")
        except Exception as error:  # noqa: BLE001 - whatever it is, the server is not ready
            logs.event(logging.ERROR, "the database cannot be used", error)
            finding.set_result("database_failed")
