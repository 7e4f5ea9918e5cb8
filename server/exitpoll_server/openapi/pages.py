"""The pages, as OpenAPI has them: what a leaving person's browser opens, and this document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exitpoll_agent import wire
from exitpoll_server.openapi.answers import leads_to, of_page, page
from exitpoll_server.questions import KINDS, Kind

_SURVEY = r"^/s/[^/]+$"


def _named(name: str, where: str, description: str, **schema: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schema
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        "schema": {"type": "string", **schema},
    }


_KEY = _named("product_key", "path", "The product's key.", minLength=1)
_TOKEN = _named("token", "path", "As the server signed it.", minLength=1)
_SAID = [
    _named("id", "query", "The copy: a UUID, or the vendor's own id of it."),
    _named("v", "query", "The version.", maxLength=wire.TEXT_LIMITS["version"]),
    _named("lang", "query", "The language.", maxLength=wire.TEXT_LIMITS["locale"]),
    _named("survey", "query", "All but `exit` are no uninstall.", enum=list(KINDS)),
]


def _form(*required: str, **fields: str) -> dict[str, Any]:
    properties = {
        name: {"type": "string", "description": description} for name, description in fields.items()
    }
    schema = {"type": "object", "properties": properties, "required": list(required)}
    if not required:
        del schema["required"]
    return {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _page(
    summary: str, responses: dict[str, Any], *parameters: dict[str, Any], **more: object
) -> dict[str, Any]:
    operation = {"summary": summary, "tags": ["pages"], **more, "responses": responses}
    return {**operation, "parameters": list(parameters)} if parameters else operation


_PIXEL = {
    "description": "An image of one pixel.",
    "content": {"image/gif": {"schema": {"type": "string", "contentMediaType": "image/gif"}}},
}
_REASON = "The id of the reason that was clicked."
_UPDATING = "Anything: this is no leaving."
_FOLLOW_UP = "What was answered to the question after the reason: at most 500 characters."
_EMAIL = "Where to answer; kept only with `may_write`."
_MAY_WRITE = "Anything: the address may be written to."
_COMMENT = f"At most {wire.MAX_COMMENT_CHARS} characters."
_WORDS = {
    "follow_up": _FOLLOW_UP,
    "comment": _COMMENT,
    "email": _EMAIL,
    "may_write": _MAY_WRITE,
}
_LOGO = {
    "description": "The image, for a year.",
    "content": {"image/*": {"schema": {"type": "string", "contentMediaType": "image/*"}}},
}
_ERASE = "`yes` deletes; anything else asks whether to."
_JSON = {"application/json": {"schema": {"type": "object"}}}


def _asked(summary: str, answers: Mapping[int, str], content: Mapping[str, Any]) -> dict[str, Any]:
    responses = {
        str(status): {"description": description, "content": content}
        for status, description in answers.items()
    }
    return {"summary": summary, "tags": ["operations"], "responses": responses}


def _in_use(kind: Kind, **first: str) -> dict[str, Any]:
    """Return the paths of a survey that is put while the product is in use."""
    again = leads_to("the survey", f"^/s/{kind}/[^/]+$")
    return {
        f"/s/{kind}/{{token}}": {
            "get": _page(f"The survey: {kind}", of_page({200: page("The question.")}, 410), _TOKEN),
            "post": _page(
                "Answer it",
                of_page({303: again}, 410, 413, 422),
                _TOKEN,
                requestBody=_form(**first, **_WORDS),
            ),
        },
        f"/s/{kind}/{{token}}/open": {
            "get": _page("The page says that it is open", of_page({200: _PIXEL}, 404, 410), _TOKEN)
        },
    }


PATHS: Mapping[str, dict[str, Any]] = {
    f"{wire.PAGE_PATH}/{{product_key}}/{{event}}": {
        "get": _page(
            "Record the uninstall that an agent's address carries",
            of_page({303: leads_to("the survey", _SURVEY)}, 400, 404, 410),
            _KEY,
            _named(
                "event",
                "path",
                "The event in its compact form: version, payload and checksum, parted by dots.",
                maxLength=wire.MAX_EVENT_CHARS,
                minLength=1,
            ),
        )
    },
    f"{wire.PAGE_PATH}/{{product_key}}": {
        "get": _page(
            "Record an uninstall by a plain link, or open another survey",
            of_page({303: leads_to("the survey", "^/s/")}, 404, 410),
            _KEY,
            *_SAID,
        )
    },
    "/s/{token}": {
        "get": _page("The survey", of_page({200: page("The question.")}, 410), _TOKEN),
        "post": _page(
            "Answer it",
            of_page({303: leads_to("the survey", _SURVEY)}, 410, 413, 422),
            _TOKEN,
            requestBody=_form(reason=_REASON, updating=_UPDATING, **_WORDS),
        ),
    },
    "/s/{token}/draft": {
        "post": _page(
            "Keep what was typed and not sent, as far as it can be kept",
            of_page({204: {"description": "Kept, or nothing of it can be."}}, 404, 410, 413),
            _TOKEN,
            requestBody=_form(**_WORDS),
        )
    },
    "/s/{token}/offer": {
        "get": _page(
            "Go to what the vendor offers in return",
            of_page({303: leads_to("the vendor's page", "^https://")}, 404, 410),
            _TOKEN,
        )
    },
    "/s/{token}/open": {
        "get": _page("The page says that it is open", of_page({200: _PIXEL}, 404, 410), _TOKEN)
    },
    "/s/logo/{product_key}/{digest}": {
        "get": _page(
            "The product's logo",
            of_page({200: _LOGO}, 404),
            _KEY,
            _named("digest", "path", "Of the image.", minLength=1),
        )
    },
    "/s/{token}/known": {
        # 404: "copy" in the place of a token is the page below, of a product called "known".
        "get": _page(
            "What is known of the copy", of_page({200: page("All of it.")}, 404, 410), _TOKEN
        ),
        "post": _page(
            "Delete all of it",
            of_page({200: page("A question whether to, or the receipt.")}, 404, 410, 413),
            _TOKEN,
            requestBody=_form(erase=_ERASE),
        ),
    },
    "/s/copy/{product_key}": {
        "get": _page("Ask for a copy's id", of_page({200: page("A form.")}, 404), _KEY),
        "post": _page(
            "What is known of a copy, or delete all of it",
            of_page({200: page("All of it, or as above.")}, 404, 413, 422),
            _KEY,
            requestBody=_form("id", id="The copy's id.", erase=_ERASE),
        ),
    },
    **_in_use("nps", score="A number from 0 to 10."),
    **_in_use("checkin", reason=_REASON),
    **_in_use("feedback"),
    "/livez": {"get": _asked("Whether the process answers", {200: "It does."}, _JSON)},
    "/readyz": {
        "get": _asked(
            "Whether messages could be stored now",
            {200: "They could.", 503: "They could not; `reason` says why."},
            _JSON,
        )
    },
    "/metrics": {
        "get": _asked(
            "What the server counts of itself",
            {200: "Numbers, for Prometheus.", 401: "Not your token.", 404: "No token is set."},
            {"text/plain": {"schema": {"type": "string"}}, **_JSON},
        )
    },
    "/openapi.json": {
        "get": _page("This document", {"200": {"description": "OpenAPI 3.1.", "content": _JSON}})
    },
    "/openapi": {"get": _page("This document, to be read", {"200": page("A page.")})},
}
