"""What the addresses of every survey share: the product, how long, and where they lead nowhere."""

from __future__ import annotations

from flask import Response, request
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from exitpoll_server.rates import Rates
from exitpoll_server.store import Product, Store

MAX_LINK_ID_CHARS = 200
"""A vendor's own installation id; longer ones are cut off somewhere on their way anyway."""

NOTHING_KEPT = lazy_gettext("Nothing is kept of this copy any more.")


class GoneError(Exception):
    """The address cannot be used; carries a friendly sentence and the status."""

    def __init__(self, status: int, sentence: str | LazyString) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def product_of(store: Store, rates: Rates, key: str) -> Product:
    """Return the product of a key.

    Raises:
        GoneError: there is none.
        LimitedError: there were too many requests for it, or wrong keys.
    """
    product = rates.product(request.remote_addr, key, store.product_by_key)
    if product is None:
        raise GoneError(404, gettext("This address belongs to no product known here."))
    return product


def installation_named() -> str | None:
    """Return the id that a plain link names, a UUID or the vendor's own."""
    return request.args.get("id", "")[:MAX_LINK_ID_CHARS] or None


def see_other(location: str) -> Response:
    """Lead the browser on, to an address that may be reloaded."""
    return Response(status=303, headers={"Location": location})
