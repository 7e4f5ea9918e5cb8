"""What is answered, as OpenAPI has it: our own JSON, or a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exitpoll_agent import wire

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before the same is sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_IS_OURS = {"const": wire.PROTOCOL, "description": "Tells our answer from a stranger's."}


def _object(description: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schema
    """Return an object that has all of its properties, and perhaps later ones."""
    required = list(properties)
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
    }


SCHEMAS: Mapping[str, dict[str, Any]] = {
    "Confirmation": _object(
        "The answer to a message that was taken: only this confirms anything.",
        exitpoll=_IS_OURS,
        ignored={
            "type": "array",
            "items": {"type": "string"},
            "description": "What was left out, by name: `days.3`, `locale`.",
        },
        policy={"$ref": "#/components/schemas/Policy"},
        prompt={"anyOf": [{"$ref": "#/components/schemas/Prompt"}, {"type": "null"}]},
        received={
            "type": ["object", "null"],
            "description": "Of a message marked `test`: what of it was taken in. Else null.",
        },
    ),
    "Policy": _object(
        "What is asked of every copy of the product; kept for when there is no network.",
        collection={"type": "boolean", "description": "Whether to send pings at all."},
        survey={"type": "boolean", "description": "Whether to open the survey."},
        interval_hours={
            "type": "integer",
            "minimum": 1,
            "description": "How long to wait before launches of the same day are sent.",
        },
        resend_since={
            "type": ["string", "null"],
            "format": "date",
            "description": "Rows of this UTC day and later are to be sent again.",
        },
        move_to={
            "type": ["string", "null"],
            "format": "uri",
            "description": "A new address; taken only over verified TLS from the configured one.",
        },
    ),
    "Prompt": _object(
        "A question that the product may put to the person.",
        survey={"type": "string", "description": "Which."},
        address={"type": "string", "format": "uri", "description": "Where its page is."},
    ),
    "Refusal": _object(
        "The answer to what was not taken.",
        code={"type": "string", "description": "A word for programs."},
        message={"type": "string", "description": "A sentence for people."},
        fields={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "What is wrong with which field of the envelope: `uninstall.at`.",
        },
        exitpoll=_IS_OURS,
    ),
}

_REFUSALS: Mapping[int, tuple[str, Sequence[str]]] = {
    400: (
        "The body is no JSON (UTF-8, finite numbers), or is declared as gzip and is none.",
        ("bad_json", "bad_gzip"),
    ),
    401: ("No product has this key.", ("unknown_product_key",)),
    413: (f"Over {wire.MAX_BODY_BYTES} bytes, as sent or decompressed.", ("too_large",)),
    415: (
        "Not declared as application/json, or encoded otherwise than with gzip.",
        ("not_json", "unknown_encoding"),
    ),
    422: (
        f"The envelope is broken, or there are over {wire.MAX_ROWS} rows; `fields` says where.",
        ("invalid", "too_many_rows"),
    ),
    429: ("Too many from this address, or for this product: later.", ("rate_limited",)),
    500: ("A fault of ours; nothing was stored: later.", ("internal",)),
    503: ("The database is held by somebody else, away, or its disk is full: later.", ("busy",)),
}
TOO_MANY = 429
NOT_FOUND = 404
_LATER = (TOO_MANY, 503)

_OURS = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
_PAGE = {"text/html": {"schema": {"type": "string"}}}
_WORDS_ON_PAGES: Mapping[int, str] = {
    400: "The address was cut off on its way.",
    404: "The address belongs to no product, or asks for no survey known here.",
    410: "The address is too old, altered, or what it belonged to was erased.",
    413: f"Over {wire.MAX_BODY_BYTES} bytes.",
    422: "Something cannot be kept as it was typed: it comes back to be changed.",
    429: "Too many from this address, or for this product; the page says to reload it later.",
    500: "A fault of ours.",
    503: "The database is held by somebody else, or away; the page says to reload it later.",
}


def of_message() -> dict[str, Any]:
    """Return every answer to a message."""
    taken = {"application/json": {"schema": {"$ref": "#/components/schemas/Confirmation"}}}
    return {
        "200": {"description": "Merged and durable, or already known.", "content": taken},
        **{str(status): _refusal(status) for status in _REFUSALS},
    }


def of_page(well: Mapping[int, Any], *otherwise: int) -> dict[str, Any]:
    """Return the answers of a page: when all is well, and otherwise."""
    return {
        **{str(status): answer for status, answer in well.items()},
        **{str(status): _sad_page(status) for status in (*otherwise, 429, 500, 503)},
    }


def page(description: str) -> dict[str, Any]:
    """Return an answer that is a page."""
    return {"description": description, "content": _PAGE}


def leads_to(where: str, pattern: str) -> dict[str, Any]:
    """Return an answer that leads the browser on."""
    location = {"required": True, "schema": {"type": "string", "pattern": pattern}}
    return {"description": f"To {where}.", "headers": {"Location": location}}


def _refusal(status: int) -> dict[str, Any]:
    description, codes = _REFUSALS[status]
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Refusal"},
            {"properties": {"code": {"enum": list(codes)}}},
        ]
    }
    answer = {"description": description, "content": {"application/json": {"schema": schema}}}
    return {**answer, "headers": _RETRY_AFTER} if status in _LATER else answer


def _sad_page(status: int) -> dict[str, Any]:
    answer = page(_WORDS_ON_PAGES[status])
    if status == TOO_MANY:
        return {**answer, "headers": _RETRY_AFTER}
    if status == NOT_FOUND:
        # An address with a line break in it is that of no page.
        return {**answer, "content": {**_PAGE, **_OURS}}
    return answer
