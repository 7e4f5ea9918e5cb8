"""`exitpoll serve`: the server, until it is told to stop."""

from __future__ import annotations

import os
import time

import click

from exitpoll_server import clock, config, logs
from exitpoll_server.cli.options import ExplainsSettings
from exitpoll_server.serving import CannotListenError, Place, find_place
from exitpoll_server.store import Invitation, Store

PATIENCE_SECONDS = 2.0
"""How long the workers of a server that was killed may go on with what they had accepted."""


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
    # Whatever is wrong with the database is said here, once, and not by every worker.
    store = Store(settings.database_url, settings.journal)
    place = _place(host, port)
    welcome = f"Exitpoll listens on {place.url}\n{_invitation(store, settings, place)}"
    store.close()
    try:
        from exitpoll_server.serving import workers  # noqa: PLC0415 - granian is not for every machine
    except ImportError:
        from exitpoll_server.serving import fallback  # noqa: PLC0415 - only where it is needed

        fallback.serve(place, settings, welcome)
    else:
        workers.serve(place, settings, welcome)


def _invitation(store: Store, settings: config.Config, place: Place) -> str:
    """Return a line that leads to the first account; nothing where there is one."""
    if store.people.are_there():
        return ""
    secret = store.people.invite(Invitation(purpose="set-up"), clock.now())
    is_named = settings.public_url != config.LOCAL_URL
    base = settings.public_url if is_named else place.url
    return (
        "Nobody has an account at its console yet. This makes the first one, within a day:\n"
        f"{base}/console/join/{secret}\n"
    )


def _place(host: str, port: int) -> Place:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return find_place(host, port)
        except CannotListenError as error:
            if time.monotonic() > give_up:
                raise click.UsageError(
                    f"cannot listen on {host}:{port}: {error}; choose another with --port"
                ) from None
            time.sleep(0.05)
