"""A survey's own texts, as the person at hand reads them."""

from __future__ import annotations

from flask import g
from flask_babel import get_locale

from exitpoll_server.languages import say
from exitpoll_server.questions import Text


def read_as(text: Text, product: str) -> str:
    """Return a text in the person's language, with the product's name in its place.

    Their own locale comes first: a vendor may write in languages that our own texts are not in.
    """
    return say(text, g.get("locale"), str(get_locale())).replace("{product}", product)
