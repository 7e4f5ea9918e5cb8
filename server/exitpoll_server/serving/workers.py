"""Granian: worker processes that share a port, and what each of them runs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import wait

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from exitpoll_server import config, create_app, logs, metrics
from exitpoll_server.notify import Jobs
from exitpoll_server.serving import MOST_HEADER_BYTES, Place
from exitpoll_server.serving.adapter import Adapter
from exitpoll_server.store import Store

MOST_CONNECTIONS = 8_192
"""That one worker serves at a time; the next ones wait to be accepted. Most are slow, or idle."""

HEADER_MILLISECONDS = 10_000
"""How long the head of a request may take."""

STOP_SECONDS = 30
"""How long a worker may go on with what it accepted, when told to stop."""

AGAIN_SECONDS = 0.5
"""How soon a worker that lost its main process is told again."""

SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter from others. The one that commits is given it back after
each statement: at Python's usual 5 ms a group would take ten times as long."""

COLLECT_AFTER = (20_000, 20, 50)
"""How many more objects than before bring the collector of cycles on: a group of messages is a few
thousand, and none of them is a cycle."""


def serve(place: Place, settings: config.Config, welcome: str) -> None:
    """Serve until told to stop; say the welcome as soon as it is true."""
    server = Granian(
        f"{__name__}:application",
        factory=True,
        interface=Interfaces.RSGI,
        address=place.address,
        port=place.port,
        workers=settings.workers,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2_048,
        backpressure=MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=MOST_HEADER_BYTES
        ),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=logs.configuration(settings.log_format),
    )
    threading.Thread(target=_announce, args=(place, welcome), daemon=True).start()
    _let_no_worker_miss_its_end()
    with metrics.shared():
        server.serve()


def _announce(place: Place, welcome: str) -> None:
    """Say where the server listens, once it does."""
    while True:
        try:
            socket.create_connection((place.address, place.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            break
    # No lock of a stream may be held while a worker is forked.
    os.write(sys.stdout.fileno(), welcome.encode())


def application() -> Adapter:
    """Return a worker's application, on the settings of the environment."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    settings = config.load(os.environ)
    store = Store(settings.database_url, settings.journal)
    app = create_app(store, settings)
    jobs = Jobs(store, settings)
    jobs.start()

    def stop() -> None:
        jobs.stop()
        store.close()

    return Adapter(app, when_running=_hear, when_stopped=stop)


def _let_no_worker_miss_its_end() -> None:
    """Keep SIGTERM waiting for a forked worker until its event loop runs.

    Before that it has the main process's handler, or one that nobody asks yet.
    """
    if sys.platform != "win32":
        end = {signal.SIGTERM}
        os.register_at_fork(
            before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, end),
            after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, end),
        )


def _hear() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _stop_with_parent() -> None:
    """Stop when the process that started this one was killed: nobody else would tell."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        give_up = time.monotonic() + STOP_SECONDS
        # More than once: a loop that is about to run has a handler, and hears nothing yet.
        while time.monotonic() < give_up:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(AGAIN_SECONDS)
        os._exit(1)  # as the main process would have it, for one that is stuck
