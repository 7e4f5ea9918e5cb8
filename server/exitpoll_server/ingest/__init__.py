"""What agents call: POST /v1/pings, /v1/uninstalls, /v1/erasures.

| answer | when |
|---|---|
| 200 | merged and durable; `ignored` names what was left out |
| 400 `bad_json` | the body is no JSON |
| 400 `bad_gzip` | the body is declared as gzip, and is cut, damaged, or followed by something |
| 401 `unknown_product_key` | no product has this key |
| 413 `too_large` | the body is over 64 KiB, as it is sent or decompressed |
| 415 `not_json` | the content is not declared as application/json |
| 415 `unknown_encoding` | the content is encoded otherwise than with gzip |
| 422 `invalid`, `too_many_rows` | the envelope is broken; `fields` says where |
| 429 `rate_limited` | too many from this address, or for this product: the same message later |
| 404 `not_found`, 405 `wrong_method` | no such request |
| 503 `busy` | the database is held, away, or its disk is full; too much waits: the same later |
| 500 `internal` | a fault of ours; nothing was stored |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, TypeAlias

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from exitpoll_agent import wire
from exitpoll_server import clock, intake, metrics, trace
from exitpoll_server.config import Config
from exitpoll_server.ingest.bodies import JSON, RefusedError, message_in
from exitpoll_server.rates import LimitedError, Rates, believing
from exitpoll_server.schemas import InvalidError
from exitpoll_server.store import BusyError, Product, Store

RETRY_AFTER_SECONDS = 30
"""How long an agent is asked to wait where the database is busy: a long import's few groups."""

MESSAGES = (wire.PINGS_PATH, wire.UNINSTALLS_PATH)
"""The paths of what agents wait for least: nothing but the disk's part takes time."""

QUICK_WAY = "exitpoll.door"
"""Where in the app's extensions a server finds the door."""

Environ: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[str, str]]

_IS_JSON = ("Content-Type", JSON)


def init_app(app: Flask, store: Store, rates: Rates, settings: Config) -> None:
    """Add the routes that agents call, and for a server that can use it the quick way."""
    blueprint = Blueprint("ingest", __name__)
    door = Door(store, rates, settings.trusted_proxies)

    def take() -> Response:
        taken = door.take(request.environ, _bytes())
        taken.durable.result()
        return _confirmed(taken.message, taken.ignored, taken.policy)

    blueprint.post(wire.PINGS_PATH, endpoint="pings")(take)
    blueprint.post(wire.UNINSTALLS_PATH, endpoint="uninstalls")(take)

    @blueprint.post(wire.ERASURES_PATH)
    def erasures() -> Response:
        product = door.product(request.environ)
        data = message_in(_bytes(), request.environ)
        return _confirmed(*intake.erase(store, product, data, clock.now()), product.policy)

    app.register_blueprint(blueprint)
    if not settings.access_log:
        app.extensions[QUICK_WAY] = door
    _answer_errors(app)


class Door:
    """Takes pings and uninstalls, whoever called: a route, or a server that needs no thread for it.

    The quick way is the same without the framework, and without waiting: such a server takes a
    message of a product that is known, waits for the disk by itself, and then confirms.
    """

    def __init__(self, store: Store, rates: Rates, proxies: int) -> None:
        self._store = store
        self._rates = rates
        self._trust = believing(_nothing, proxies) if proxies else None

    def stands_open(self, environ: Environ) -> bool:
        """Tell whether to take this quickly: nothing but the disk would take time."""
        return (
            environ["PATH_INFO"] in MESSAGES
            and environ["REQUEST_METHOD"] == "POST"
            and self._store.known_product(_key(environ)) is not None
        )

    def take_quickly(
        self, environ: Environ, body: bytes, durable: Future[None]
    ) -> intake.Taken[Any]:
        """Take a message as its route does, on a request that no framework has seen.

        The future is the caller's own: it ends when the message may be confirmed.
        """
        if self._trust is not None:
            self._trust(environ, _start_nothing)
        return self.take(environ, body, durable)

    def take(
        self, environ: Environ, body: bytes | None, durable: Future[None] | None = None
    ) -> intake.Taken[Any]:
        """Take the message of a request; None is a body that was too long.

        Raises:
            RefusedError, InvalidError, LimitedError, BusyError: it was not taken.
        """
        product, key = self.product(environ), _key(environ)
        data, now = message_in(body, environ), clock.now()
        if environ["PATH_INFO"] == wire.PINGS_PATH:
            return intake.take_ping(self._store, product, data, now, durable, key=key)
        return intake.take_uninstall(
            self._store, product, data, now, channel="agent", durable=durable, key=key
        )

    def product(self, environ: Environ) -> Product:
        """Return the product that a request names, and count the request.

        Raises:
            RefusedError: there is none.
            LimitedError: there were too many requests.
        """
        address, key = environ.get("REMOTE_ADDR"), _key(environ)
        self._rates.count(address)
        product = self._rates.product(address, key, self._find) if key else None
        if product is None:
            raise RefusedError(401, "unknown_product_key", "No product has this key.")
        return product

    def _find(self, key: str) -> Product | None:
        return self._store.known_product(key) or self._store.product_by_key(key)


def confirm_quickly(environ: Environ, taken: intake.Taken[Any]) -> tuple[Headers, bytes]:
    """Return the answer to a message that was taken quickly and is durable: 200.

    It is for the server to count them, many at a time.
    """
    request_id = trace.HEADER, trace.id_of(environ)
    return [_IS_JSON, request_id], _confirmation(taken.message, taken.ignored, taken.policy)


def _nothing(_environ: Environ, _start: object) -> Iterable[bytes]:
    return ()


def _start_nothing(*_: object) -> Callable[[bytes], object]:
    raise NotImplementedError


def _key(environ: Environ) -> str:
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _bytes() -> bytes | None:
    """Return what was sent, as far as one byte beyond what is allowed; None where it says more.

    One that says nothing of its length ends at the maximum without a word: hence the one byte.
    """
    # Set here, not for the whole app: reading stops at the limit whatever the header says.
    request.max_content_length = wire.MAX_BODY_BYTES + 1
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        return None


def _confirmed(
    taken: wire.Ping | wire.Erasure, ignored: tuple[str, ...], policy: wire.Policy
) -> Response:
    return Response(_confirmation(taken, ignored, policy), content_type=JSON)


def _confirmation(
    taken: wire.Ping | wire.Erasure, ignored: tuple[str, ...], policy: wire.Policy
) -> bytes:
    """Confirm a message; a rehearsal is shown what was taken in, people's own are not repeated."""
    if not (taken.test or ignored):
        return _plain_confirmation(policy)
    received = json.loads(wire.to_json(taken)) if taken.test else None
    return wire.to_json(wire.Confirmation(ignored=ignored, policy=policy, received=received))


@lru_cache
def _plain_confirmation(policy: wire.Policy) -> bytes:
    return wire.to_json(wire.Confirmation(policy=policy))


def _answer_errors(app: Flask) -> None:
    """Turn exceptions into answers, in this one place; pages have their own."""

    @app.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        response = _refusal(error.status, error.code, error.message)
        if error.code == "unknown_encoding":
            # Where an encoding is what a 415 is about, RFC 9110 (15.5.16) has it say so.
            response.headers["Accept-Encoding"] = "gzip"
        return response

    @app.errorhandler(InvalidError)
    def invalid(error: InvalidError) -> Response:
        return _refusal(422, error.code, error.message, error.errors)

    @app.errorhandler(LimitedError)
    def limited(error: LimitedError) -> Response:
        response = _refusal(429, "rate_limited", "Too many just now; send the same message later.")
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(BusyError)
    def busy(_error: BusyError) -> Response:
        response = _refusal(503, "busy", "The database is busy; send the same message later.")
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    @app.errorhandler(HTTPException)
    def no_such_request(error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "wrong_method"}
        status = error.code or 500
        response = _refusal(status, codes.get(status, "refused"), error.description or error.name)
        for name, value in error.get_headers():
            if name.lower() != "content-type":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def internal(error: Exception) -> Response:
        trace.fault("a request failed", error)
        return _refusal(500, "internal", "Something failed here; nothing was stored.")


def _refusal(
    status: int, code: str, message: str, fields: Mapping[str, tuple[str, ...]] | None = None
) -> Response:
    metrics.rejected(code)
    refusal = wire.Refusal(code=code, message=message, fields=fields or {})
    return Response(wire.to_json(refusal), status, content_type=JSON)
