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
| 503 `busy` | the database is held by somebody else: the same message later |
| 500 `internal` | a fault of ours; nothing was stored |
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from exitpoll_agent import wire
from exitpoll_server import clock, intake, later, metrics, trace
from exitpoll_server.rates import LimitedError, Rates
from exitpoll_server.schemas import InvalidError
from exitpoll_server.store import BusyError, Product, Store

RETRY_AFTER_SECONDS = 30
"""How long an agent is asked to wait where the database is busy: a long import's few groups."""

GZIP = 16 + zlib.MAX_WBITS
"""How zlib is told to expect a gzip header, and nothing else."""


_CONFIRMED = wire.to_json(wire.Confirmation())


@dataclass(frozen=True)
class RefusedError(Exception):
    """The message cannot be taken; carries the answer's status and code."""

    status: int
    code: str
    message: str


def init_app(app: Flask, store: Store, rates: Rates) -> None:
    """Add the routes that agents call."""
    blueprint = Blueprint("ingest", __name__)

    @blueprint.post(wire.PINGS_PATH)
    def pings() -> Response:
        return _taken(intake.take_ping(store, _product(store, rates), _body(), clock.now()))

    @blueprint.post(wire.UNINSTALLS_PATH)
    def uninstalls() -> Response:
        product = _product(store, rates)
        return _taken(intake.take_uninstall(store, product, _body(), clock.now(), channel="agent"))

    @blueprint.post(wire.ERASURES_PATH)
    def erasures() -> Response:
        return _confirmed(*intake.erase(store, _product(store, rates), _body(), clock.now()))

    app.register_blueprint(blueprint)
    app.extensions[later.AT_ONCE] = partial(_is_answered_at_once, store)
    _answer_errors(app)


def _is_answered_at_once(store: Store, environ: Mapping[str, Any]) -> bool:
    """Tell whether nothing but the disk's part of a request takes time."""
    return (
        environ["PATH_INFO"] in (wire.PINGS_PATH, wire.UNINSTALLS_PATH)
        and store.known_product(_key(environ)) is not None
    )


def _key(environ: Mapping[str, Any]) -> str:
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _product(store: Store, rates: Rates) -> Product:
    def find(key: str) -> Product | None:
        return store.known_product(key) or store.product_by_key(key)

    address, key = request.remote_addr, _key(request.environ)
    rates.count(address)
    product = rates.product(address, key, find) if key else None
    if product is not None:
        return product
    raise RefusedError(401, "unknown_product_key", "No product has this key.")


def _body() -> object:
    if request.mimetype != "application/json":
        raise RefusedError(415, "not_json", "Send the message as application/json.")
    body = _decompressed(_within_limit(_bytes()))
    try:
        return orjson.loads(body)
    except ValueError:
        return _slowly(body)


def _slowly(body: bytes) -> object:
    """Read what orjson does not: half surrogate pairs, of which a field is left out, not all."""
    try:
        # Decoded here: given bytes, json would guess their encoding.
        return json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RefusedError(400, "bad_json", "The body is no JSON.") from None


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


def _within_limit(body: bytes | None) -> bytes:
    if body is None or len(body) > wire.MAX_BODY_BYTES:
        raise RefusedError(413, "too_large", f"The message is over {wire.MAX_BODY_BYTES} bytes.")
    return body


def _decompressed(body: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise RefusedError(415, "unknown_encoding", "Send the message plain or with gzip.")
    unpacker = zlib.decompressobj(wbits=GZIP)
    try:
        # One byte beyond what is allowed tells a bomb; the rest of it is never unpacked.
        unpacked = unpacker.decompress(body, wire.MAX_BODY_BYTES + 1)
    except zlib.error:
        raise RefusedError(400, "bad_gzip", "The body is no gzip.") from None
    message = _within_limit(unpacked)
    if not unpacker.eof or unpacker.unused_data:
        raise RefusedError(400, "bad_gzip", "The body is cut, or goes on after its end.")
    return message


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _taken(taken: intake.Taken[Any]) -> Response:
    later.wait_for(taken.durable)
    return _confirmed(taken.message, taken.ignored)


def _confirmed(taken: wire.Ping | wire.Erasure, ignored: tuple[str, ...]) -> Response:
    """Confirm a message; a rehearsal is shown what was taken in, people's own are not repeated."""
    received = json.loads(wire.to_json(taken)) if taken.test else None
    if received is None and not ignored:
        body = _CONFIRMED
    else:
        body = wire.to_json(wire.Confirmation(ignored=ignored, received=received))
    return Response(body, content_type="application/json")


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
    return Response(wire.to_json(refusal), status, content_type="application/json")
