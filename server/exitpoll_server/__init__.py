"""The server of Exitpoll: takes messages, asks the survey, tells the vendor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from exitpoll_server.config import Config
    from exitpoll_server.store import Store


def create_app(store: Store | None = None, settings: Config | None = None) -> Flask:
    """Return the WSGI application, on the given store and settings or those of the environment."""
    from flask import Flask  # noqa: PLC0415 - reading a report needs no web framework

    from exitpoll_server import (  # noqa: PLC0415 - as above
        config,
        ingest,
        logs,
        openapi,
        operations,
        survey,
        trace,
    )
    from exitpoll_server.as_json import Orjson  # noqa: PLC0415 - as above
    from exitpoll_server.rates import Rates  # noqa: PLC0415 - as above
    from exitpoll_server.store import Store  # noqa: PLC0415 - as above

    settings = settings or config.load(os.environ)
    store = store or Store(settings.database_url, settings.journal)
    logs.set_up_where_nobody_did(settings.log_format)
    app = Flask(__name__, static_folder=None)
    app.json = Orjson(app)
    rates = Rates(settings)
    trace.init_app(app, access_log=settings.access_log)
    ingest.init_app(app, store, rates, settings)
    survey.init_app(app, store, rates)
    operations.init_app(app, store, metrics_token=settings.metrics_token)
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
