"""`exitpoll serve`: the server, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import click
from waitress.server import create_server

from exitpoll_agent import wire
from exitpoll_server import config, create_app, logs
from exitpoll_server.cli.options import ExplainsSettings
from exitpoll_server.store import Store

THREADS = 8
"""Requests answered at once; each waits for the disk, not for the processor."""


@click.command(cls=ExplainsSettings)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to listen on; 0 takes any that is free.",
)
def serve(host: str, port: int) -> None:
    """Take messages, ask the survey."""
    settings = config.load(os.environ)
    logs.set_up(settings.log_format)
    store = Store(settings.database_url, settings.journal)
    try:
        server: Any = create_server(
            create_app(store, settings),
            host=host,
            port=port,
            threads=THREADS,
            # The app itself refuses far less; this only bounds what is read before it is asked.
            max_request_body_size=16 * wire.MAX_BODY_BYTES,
            ident=None,
        )
    except OSError as error:
        raise click.UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for name, number in _listening(server):
        click.echo(f"Exitpoll listens on http://{name}:{number}")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        store.close()


def _listening(server: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - waitress has two classes
    """Return the hosts and ports: a name such as localhost may stand for two addresses."""
    several = getattr(server, "effective_listen", None)
    return several or [(server.effective_host, server.effective_port)]
