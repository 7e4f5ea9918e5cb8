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
        console,
        ingest,
        logs,
        openapi,
        operations,
        survey,
        trace,
    )
    from exitpoll_server.as_json import Orjson  # noqa: PLC0415 - as above
    from exitpoll_server.rates import Rates, believing  # noqa: PLC0415 - as above
    from exitpoll_server.store import Store  # noqa: PLC0415 - as above

    settings = settings or config.load(os.environ)
    store = store or Store(settings.database_url, settings.journal)
    logs.set_up_where_nobody_did(settings.log_format)
    app = Flask(__name__, static_folder=None)
    app.json = Orjson(app)
    rates = Rates(settings)
    trace.init_app(app, access_log=settings.access_log)
    ingest.init_app(app, store, rates, settings)
    survey.init_app(app, store, rates, days=settings.survey_days)
    operations.init_app(app, store, metrics_token=settings.metrics_token)
    openapi.init_app(app)
    console.init_app(app, store, rates, settings)
    if settings.trusted_proxies:
        fixed = believing(app.wsgi_app, settings.trusted_proxies)
        app.wsgi_app = fixed  # type: ignore[method-assign]
    return app
