"""How a page says that it is open: it asks for an image of one pixel, and nothing else does."""

from __future__ import annotations

import base64

from flask import Response, request

_PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==")

_LOADED_AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""What browsers of any age say when nobody looks yet."""


def is_seen() -> bool:
    """Return whether somebody has the page before them: who only fetches addresses has not."""
    return request.method != "HEAD" and not any(name in request.headers for name in _LOADED_AHEAD)


def pixel() -> Response:
    """Return the image."""
    return Response(_PIXEL, content_type="image/gif")
