"""What is known of a request besides what it says: its id and its route, counted and logged.

A route is always its pattern, never a path: `/u/<product_key>/<path:event>`.
"""

from __future__ import annotations

import logging
import random
import re
import time
from typing import Any

from flask import Flask, Response, request

from exitpoll_server import logs, metrics

HEADER = "X-Request-ID"

_SANE_ID = re.compile(r"[0-9a-fA-F-]{16,64}")
"""What proxies make: hexadecimal digits, with or without hyphens. Words would end up in the log."""

_KNOWN = "exitpoll.request_id"
_BEGAN = "exitpoll.began"

ID_BITS = 64
"""Of an id of our own: two alike within a day's million requests are a chance of 1 : 10^7."""

NO_ROUTE = "none"
"""What the route of a request is called that matches none."""


def init_app(app: Flask, *, access_log: bool) -> None:
    """Give each request its id, count its answer, and where it is wanted log it."""
    app.after_request(_answered)
    if access_log:
        app.before_request(_begin)
        app.after_request(_log)


def request_id() -> str:
    """Return the id of the current request: the proxy's, or one of our own."""
    return id_of(request.environ)


def _own_id() -> str:
    # It is no secret: whoever asks is told.
    return f"{random.getrandbits(ID_BITS):0{ID_BITS // 4}x}"


def id_of(environ: dict[str, Any]) -> str:
    """Return the id of a request, given its environ."""
    known: str | None = environ.get(_KNOWN)
    if known is None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        known = given if given and _SANE_ID.fullmatch(given) else _own_id()
        environ[_KNOWN] = known
    return known


def route() -> str:
    """Return the pattern that the current request matches."""
    rule = request.url_rule
    return NO_ROUTE if rule is None else rule.rule


def fault(what: str, error: Exception) -> None:
    """Log a fault of ours in the current request."""
    logs.event(logging.ERROR, what, error, request_id=request_id(), route=route())


def _answered(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    metrics.answered(route(), response.status_code)
    return response


def _begin() -> None:
    request.environ[_BEGAN] = time.perf_counter()


def _log(response: Response) -> Response:
    logs.event(
        logging.INFO,
        "request",
        request_id=request_id(),
        # A method that no route has is whatever somebody typed.
        method=request.method if request.url_rule is not None else "?",
        route=route(),
        status=response.status_code,
        milliseconds=round((time.perf_counter() - request.environ[_BEGAN]) * 1000, 1),
    )
    return response
