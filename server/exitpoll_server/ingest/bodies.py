"""From the bytes of a request to the message in them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.http import parse_options_header

from exitpoll_agent import wire

GZIP = 16 + zlib.MAX_WBITS
"""How zlib is told to expect a gzip header, and nothing else."""

JSON = "application/json"


@dataclass(frozen=True)
class RefusedError(Exception):
    """The message cannot be taken; carries the answer's status and code."""

    status: int
    code: str
    message: str


def message_in(body: bytes | None, environ: Mapping[str, Any]) -> object:
    """Return the JSON of a body, described by its request's environ; None is one that was too long.

    Raises:
        RefusedError: it is none, or not as it is declared.
    """
    declared = environ.get("CONTENT_TYPE", "")
    if declared != JSON and parse_options_header(declared)[0].lower() != JSON:
        raise RefusedError(415, "not_json", "Send the message as application/json.")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "")
    plain = _decompressed(_within_limit(body), encoding.strip().lower())
    try:
        return orjson.loads(plain)
    except ValueError:
        return _slowly(plain)


def _slowly(body: bytes) -> object:
    """Read what orjson does not: half surrogate pairs, of which a field is left out, not all."""
    try:
        # Decoded here: given bytes, json would guess their encoding.
        return json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RefusedError(400, "bad_json", "The body is no JSON.") from None


def _within_limit(body: bytes | None) -> bytes:
    if body is None or len(body) > wire.MAX_BODY_BYTES:
        raise RefusedError(413, "too_large", f"The message is over {wire.MAX_BODY_BYTES} bytes.")
    return body


def _decompressed(body: bytes, encoding: str) -> bytes:
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
