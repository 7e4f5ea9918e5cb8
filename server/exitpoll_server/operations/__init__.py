"""What whoever runs the server asks it: `/livez`, `/readyz`, `/metrics`.

| request | answer |
|---|---|
| `GET /livez` | 200: the process answers; nothing else is touched |
| `GET /readyz` | 200, or 503 with a `reason` (`readiness.py`) within a few seconds |
| `GET /metrics` | 200 to the configured token, else 401; 404 where none is configured |
"""

from __future__ import annotations

import hmac

from flask import Blueprint, Flask, Response, abort, jsonify, request
from werkzeug.datastructures import WWWAuthenticate

from exitpoll_server import metrics
from exitpoll_server.operations.readiness import Readiness
from exitpoll_server.store import Store

ALIVE_PATH = "/livez"
"""Answered at once whatever else is going on: who hears nothing may start the server anew."""

BEARER = WWWAuthenticate("bearer")


def init_app(app: Flask, store: Store, *, metrics_token: str | None) -> None:
    """Add the routes."""
    blueprint = Blueprint("operations", __name__)
    readiness = Readiness(store)

    @blueprint.get(ALIVE_PATH)
    def livez() -> Response:
        return jsonify(alive=True)

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        reason = readiness.reason_against()
        if reason is None:
            return jsonify(ready=True), 200
        return jsonify(ready=False, reason=reason), 503

    @blueprint.get("/metrics")
    def numbers() -> Response:
        _let_in(metrics_token)
        return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)

    @blueprint.after_request
    def fresh(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    app.register_blueprint(blueprint)


def _let_in(token: str | None) -> None:
    # Behind a proxy everybody comes from this machine: an address lets nobody in.
    if token is None:
        abort(404)
    given = request.authorization
    if given is None or given.type != "bearer" or not _same(given.token or "", token):
        abort(401, "Send the token as Authorization: Bearer.", www_authenticate=BEARER)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
