"""The server's program with a page that takes its time, as a report of a large database does."""

from __future__ import annotations

import time

from flask import Flask

from exitpoll_server import cli, create_app
from exitpoll_server.config import Config
from exitpoll_server.serving import workers
from exitpoll_server.store import Store

SLOW = "/slow"


def with_slow_page(store: Store, settings: Config) -> Flask:
    app = create_app(store, settings)

    @app.get(f"{SLOW}/<int:seconds>")
    def slow(seconds: int) -> str:
        time.sleep(seconds)
        return "done"

    return app


if __name__ == "__main__":
    workers.create_app = with_slow_page  # type: ignore[attr-defined, assignment]
    cli.main()
