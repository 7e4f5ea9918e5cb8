"""Waitress: the same application in one process, with a thread a request."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click
from waitress.server import create_server

from exitpoll_agent import wire
from exitpoll_server import config, create_app
from exitpoll_server.serving import Place
from exitpoll_server.store import Store

THREADS = 16
"""Requests answered at once; each waits for the disk, not for the processor."""


def serve(place: Place, settings: config.Config) -> None:
    """Serve until told to stop."""
    store = Store(settings.database_url)
    server: Any = create_server(
        create_app(store, settings),
        host=place.address,
        port=place.port,
        threads=THREADS,
        # The app itself refuses far less; this only bounds what is read before it is asked.
        max_request_body_size=16 * wire.MAX_BODY_BYTES,
        ident=None,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"Exitpoll listens on {place.url}")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        store.close()
