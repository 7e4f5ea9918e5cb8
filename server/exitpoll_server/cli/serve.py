"""`exitpoll serve`: the server, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import click
from waitress.server import create_server

from exitpoll_agent import wire
from exitpoll_server import config, create_app
from exitpoll_server.cli.options import ExplainsSettings
from exitpoll_server.store import Store

THREADS = 8
"""Requests answered at once; each waits for the disk, not for the processor."""

CONNECTIONS = 500
"""Open at once; beyond that, others wait. Windows can watch 512."""
IDLE_SECONDS = 30
"""How long a connection may say nothing."""
MAX_HEADER_BYTES = 32 * 1024
"""Agents send less than 1 KB; browsers' cookies for the same host may be more."""


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
    store = Store(config.load(os.environ).database_url)
    try:
        server: Any = create_server(
            create_app(store),
            host=host,
            port=port,
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
            max_request_header_size=MAX_HEADER_BYTES,
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
