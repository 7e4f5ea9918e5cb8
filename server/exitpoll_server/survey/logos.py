"""A product's logo, at an address that changes with it: browsers may keep it for good."""

from __future__ import annotations

import hashlib

from flask import Response, url_for
from flask_babel import gettext

from exitpoll_server.rates import Rates
from exitpoll_server.store import Logo, Product, Store
from exitpoll_server.survey.addresses import GoneError, product_of

DIGEST_CHARS = 16
"""64 bits: no two logos that one product ever has are alike by chance."""

_FOR_A_YEAR = "public, max-age=31536000, immutable"


def address(store: Store, product: Product) -> str | None:
    """Return where a product's logo is, if it has one."""
    logo = store.logo(product)
    if logo is None:
        return None
    return url_for("survey.logo", product_key=product.key, digest=_digest(logo))


class Logos:
    """The images, of one store."""

    def __init__(self, store: Store, rates: Rates) -> None:
        self._store = store
        self._rates = rates

    def send(self, product_key: str, digest: str) -> Response:
        """Send the logo of that digest."""
        logo = self._store.logo(product_of(self._store, self._rates, product_key))
        if logo is None or _digest(logo) != digest:
            raise GoneError(404, gettext("There is nothing at this address."))
        return Response(
            logo.content,
            content_type=logo.content_type,
            headers={"Cache-Control": _FOR_A_YEAR},
        )


def _digest(logo: Logo) -> str:
    return hashlib.sha256(logo.content).hexdigest()[:DIGEST_CHARS]
