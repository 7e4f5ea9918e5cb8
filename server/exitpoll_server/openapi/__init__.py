"""What can be sent here and what is answered: `/openapi.json`, and `/openapi` to be read.

Nothing of it lies in a message's way: the document is made from the schemas that load messages,
at the first request for it, and no request is checked against it.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from flask import Blueprint, Flask, Response, render_template
from markupsafe import Markup, escape

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def init_app(app: Flask) -> None:
    """Add the document and its page."""
    blueprint = Blueprint(
        "openapi",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/openapi/static",
    )
    blueprint.get("/openapi.json", endpoint="document")(_document)
    blueprint.get("/openapi", endpoint="page")(_page)
    blueprint.add_app_template_filter(_marked, "marked")
    blueprint.add_app_template_filter(_written, "written")
    blueprint.after_request(_guard)
    app.register_blueprint(blueprint)


def _document() -> Response:
    return Response(_json(), content_type="application/json")


def _page() -> str:
    return render_template("openapi/page.html", document=_made())


def _made() -> dict[str, Any]:
    # Imported when first asked for: apispec takes a moment, and hardly any server is asked.
    from exitpoll_server.openapi.document import document  # noqa: PLC0415

    return document()


@functools.cache
def _json() -> bytes:
    return json.dumps(_made(), ensure_ascii=False, indent=2).encode()


def _marked(text: str) -> Markup:
    """Return a description as HTML: its paragraphs, and what stands in backticks as code."""
    coded = re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text.strip())))
    paragraphs = coded.split("\n\n")
    return Markup("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))  # noqa: S704 - escaped above


def _written(example: object) -> str:
    """Return an example as JSON, in its own order."""
    return json.dumps(example, indent=2)


def _guard(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response
