"""Waitress: the same application in one process, with a thread a request."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click
from waitress.server import create_server

from exitpoll_agent import wire
from exitpoll_server import config, create_app
from exitpoll_server.notify import Jobs
from exitpoll_server.serving import MOST_HEADER_BYTES, Place
from exitpoll_server.store import Store

THREADS = 16
"""Requests answered at once; each waits for the disk, not for the processor."""

CONNECTIONS = 500
"""Open at once; beyond that, others wait. Windows can watch 512."""

IDLE_SECONDS = 30
"""How long a connection may say nothing."""


def serve(place: Place, settings: config.Config, welcome: str) -> None:
    """Serve until told to stop; say the welcome as soon as it is true."""
    store = Store(settings.database_url, settings.journal)
    server: Any = create_server(
        create_app(store, settings),
        host=place.address,
        port=place.port,
        threads=THREADS,
        # The app itself refuses far less; this only bounds what is read before it is asked.
        max_request_body_size=16 * wire.MAX_BODY_BYTES,
        ident=None,
        # Whom to believe is decided in one place, whichever server answers.
        clear_untrusted_proxy_headers=False,
        # Slow clients wait without a thread, and many of them without keeping others out.
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=MOST_HEADER_BYTES,
    )
    jobs = Jobs(store, settings)
    jobs.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(welcome, nl=False)
    sys.stdout.flush()
    try:
        server.run()
    finally:
        jobs.stop()
        store.close()
