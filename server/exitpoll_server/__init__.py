"""The server of Exitpoll: takes messages, asks the survey, tells the vendor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from exitpoll_server.store import Store


def create_app(store: Store | None = None) -> Flask:
    """Return the WSGI application, on the given store or the one that the environment names."""
    from flask import Flask  # noqa: PLC0415 - reading a report needs no web framework

    from exitpoll_server import config, ingest, survey  # noqa: PLC0415 - as above
    from exitpoll_server.store import Store  # noqa: PLC0415 - as above

    app = Flask(__name__, static_folder=None)
    if store is None:
        store = Store(config.load(os.environ).database_url)
    ingest.init_app(app, store)
    survey.init_app(app, store)
    return app
