"""The OpenAPI document: made once, beside the requests that it describes."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from exitpoll_agent import wire
from exitpoll_server import schemas
from exitpoll_server.openapi import answers, messages, pages

_ENVELOPE_NAMES = ", ".join(
    f"`{name}`" for name in schemas.PingSchema().fields if name in schemas.PingSchema.envelope
)
ABOUT = f"""\
What agents send and what a leaving person's browser opens.

A message is JSON in UTF-8, at most {wire.MAX_BODY_BYTES // 1024} KiB, plain or as gzip. \
Of a message whose envelope is sound, a row or an optional field that makes no sense is left out \
and named in `ignored`, with 200: the schemas here say what is taken whole. Unknown fields are \
passed over; null and absent mean the same. A message may come twice, late or out of order: the \
result is the same.

The envelope is {_ENVELOPE_NAMES}; of an uninstall event also `uninstall`, with its `uninstall_id` \
and `at`: nonsense in one of these is 422.

400, 401, 413, 415 and 422 mean that a message will never be taken as it is. Whatever else is not \
200 with `"exitpoll": {wire.PROTOCOL}` means later.
"""

_ID = "7f1d2c3b-4a59-4e68-8770-8695a4b3c2d1"
_ENVELOPE = {
    "installation_id": _ID,
    "counter": "0c1b2a39-4857-4665-9483-72615f4e3d2c",
    "seq": 12,
    "sent_at": "2026-11-20T08:30:00Z",
    "consent": "full",
    "version": "2.1.0",
    "os": "windows-11",
    "locale": "pt-BR",
}
EXAMPLES = {
    wire.PINGS_PATH: {
        **_ENVELOPE,
        "launches_total": 57,
        "days": [{"day": "2026-11-19", "version": "2.1.0", "launches": 3}],
    },
    wire.UNINSTALLS_PATH: {
        **_ENVELOPE,
        "uninstall": {
            "uninstall_id": "5e4d3c2b-1a09-4f18-a726-354453627180",
            "at": "2026-11-20T09:00:00Z",
            "asked": "page",
        },
    },
    wire.ERASURES_PATH: {"installation_id": _ID},
}


@functools.cache
def document() -> dict[str, Any]:
    """Return the whole document, as OpenAPI 3.1 has it."""
    marshmallow = MarshmallowPlugin()
    spec = APISpec(
        title="Exitpoll",
        version=version("exitpoll"),
        openapi_version="3.1.0",
        info={"description": ABOUT},
        plugins=[marshmallow],
    )
    spec.components.security_scheme(
        "product_key",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The product's key: public and write-only.",
        },
    )
    messages.describe(spec, marshmallow)
    for name, schema in answers.SCHEMAS.items():
        spec.components.schema(name, schema)
    _describe_messages(spec)
    for path, operations in pages.PATHS.items():
        spec.path(path, operations=operations)
    return spec.to_dict()


def _describe_messages(spec: APISpec) -> None:
    taken = (
        (wire.PINGS_PATH, "Ping", "What one counter knows and the server has not confirmed"),
        (wire.UNINSTALLS_PATH, "UninstallEvent", "An installation ended"),
        (wire.ERASURES_PATH, "Erasure", "Delete everything of an installation"),
    )
    for path, message, summary in taken:
        spec.path(path, operations={"post": _taking(path, message, summary)})


def _taking(path: str, message: str, summary: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{message}"}
    return {
        "operationId": path.rpartition("/")[2],
        "summary": summary,
        "tags": ["messages"],
        "security": [{"product_key": []}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "How the body is compressed, if it is.",
                "schema": {"enum": ["gzip", "identity"]},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": EXAMPLES[path]}},
        },
        "responses": answers.of_message(),
    }
