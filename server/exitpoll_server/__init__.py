"""The server of Exitpoll: takes messages, asks the survey, tells the vendor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from exitpoll_server.config import Config
    from exitpoll_server.store import Store


def create_app(store: Store | None = None, settings: Config | None = None) -> Flask:
    """Return the WSGI application, on the given store or the one that the settings name.

    Without settings, they are the environment's.
    """
    from flask import Flask  # noqa: PLC0415 - reading a report needs no web framework

    from exitpoll_server import config, ingest, openapi, survey  # noqa: PLC0415 - as above
    from exitpoll_server.rates import Rates  # noqa: PLC0415 - as above
    from exitpoll_server.store import Store  # noqa: PLC0415 - as above

    app = Flask(__name__, static_folder=None)
    if settings is None:
        settings = config.load(os.environ)
    if store is None:
        store = Store(settings.database_url)
    rates = Rates(settings)
    ingest.init_app(app, store, rates)
    survey.init_app(app, store, rates)
    openapi.init_app(app)
    _trust(app, settings.trusted_proxies)
    return app


def _trust(app: Flask, proxies: int) -> None:
    """Have so many proxies say whose request it is; without any, nobody but the connection."""
    from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: PLC0415 - as above

    if proxies:
        # Nothing here depends on what else they may say, and not every proxy says it.
        fixed = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)
        app.wsgi_app = fixed  # type: ignore[method-assign]
