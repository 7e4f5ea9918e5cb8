"""A survey's page as a person will see it, for the vendor who is writing it: nothing is kept."""

from __future__ import annotations

from uuid import UUID

from flask import g, render_template
from flask_babel import refresh

from exitpoll_agent import wire
from exitpoll_server.languages import direction, language_of
from exitpoll_server.questions import Survey
from exitpoll_server.store import Product, Said, Store
from exitpoll_server.survey import logos
from exitpoll_server.survey.forms import MAX_FOLLOW_UP_CHARS
from exitpoll_server.survey.in_use import SCORES
from exitpoll_server.survey.texts import read_as

SOMEBODY = UUID(int=1)
"""Whose order of reasons is shown."""


def preview(store: Store, product: Product, survey: Survey, locale: str, chosen: str | None) -> str:
    """Return the page that somebody with a locale sees, before or after they chose a reason."""
    g.locale = locale
    refresh()
    reason = survey.reason(chosen)
    follow_up = (reason and reason.follow_up) or survey.follow_up
    offer = None if reason is None or reason.offer is None else reason.offer
    return render_template(
        "survey/ask.html" if survey.kind == "exit" else "survey/in_use.html",
        is_preview=True,
        language=language_of([locale]),
        direction=direction(language_of([locale])),
        kind=survey.kind,
        token="preview",  # noqa: S106 - what stands in the addresses of a page that leads nowhere
        product=product.name,
        logo=logos.address(store, product),
        state="question" if reason is None else "more",
        question=read_as(survey.question, product.name),
        reasons=[
            (one.id, read_as(one.label, product.name)) for one in survey.in_order_for(SOMEBODY)
        ],
        scores=SCORES,
        chosen=reason and read_as(reason.label, product.name),
        follow_up=follow_up and read_as(follow_up, product.name),
        said=Said(reason=reason.id if reason else None),
        form=None,
        wrong=None,
        offer=offer
        and {
            "text": read_as(offer.text, product.name),
            "host": offer.link,
            "label": offer.label and read_as(offer.label, product.name),
        },
        most={"comment": wire.MAX_COMMENT_CHARS, "follow_up": MAX_FOLLOW_UP_CHARS},
    )
