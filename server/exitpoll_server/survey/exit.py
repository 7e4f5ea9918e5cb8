"""The exit survey's page: one click is a full answer, and everything after it is optional.

What was answered is shown and not asked again, by whichever way it was answered.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, render_template, request, url_for
from flask_babel import get_locale, gettext

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.questions import EXIT, Offer, Survey
from exitpoll_server.store import Asked, Said, Showing, Store
from exitpoll_server.survey import logos
from exitpoll_server.survey.addresses import GoneError, see_other
from exitpoll_server.survey.forms import MAX_FOLLOW_UP_CHARS, Typed, WrongError, typed
from exitpoll_server.survey.opening import is_seen, pixel
from exitpoll_server.survey.texts import read_as
from exitpoll_server.survey.tokens import Tokens


class ExitPages:
    """The pages, on one store."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens

    def ask(self, token: str) -> str:
        """Show what is not answered yet, or thanks."""
        person = self._person(token)
        if request.method == "HEAD":
            return ""
        if _answered_in_the_uninstaller(person):
            return self._page(person, token, None)
        return self._page(person, token, self._show(person))

    def answer(self, token: str) -> Response | tuple[str, int]:
        """Keep an answer at once; what cannot be kept comes back to be changed, with the rest."""
        request.max_content_length = wire.MAX_BODY_BYTES
        person = self._person(token)
        clicked = self._survey(person).reason(request.form.get("reason"))
        click = Said(reason=None if clicked is None else clicked.id)
        if "updating" in request.form:
            return self._only_updating(person, token)
        form = typed()
        try:
            said = replace(form.said(), reason=click.reason)
        except WrongError as wrong:
            self._keep(person, click)
            person = self._person(token)
            return self._page(person, token, self._show(person), form, wrong), 422
        self._keep(person, said)
        is_done = click == Said() and (said, person.said) != (Said(), Said())
        return see_other(url_for("survey.ask", token=token, done=1 if is_done else None))

    def draft(self, token: str) -> Response:
        """Keep what somebody typed and did not send, as far as it can be kept."""
        request.max_content_length = wire.MAX_BODY_BYTES
        self._keep(self._person(token), typed().sound())
        return Response(status=204)

    def opened(self, token: str) -> Response:
        """Take the page's own word that it is open: what only fetches addresses says none."""
        person = self._person(token)
        if is_seen():
            self._store.opened(self._show(person).id, clock.now())
        return pixel()

    def offer(self, token: str) -> Response:
        """Lead to what the vendor offers in return, if this person was shown it."""
        person = self._person(token)
        survey, showing = self._survey(person), self._show(person)
        reason = survey.reason(showing.offer)
        link = None if reason is None or reason.offer is None else _secure(reason.offer)
        if link is None:
            raise GoneError(404, gettext("There is nothing at this address."))
        if is_seen():
            self._store.offer_taken(showing.id, clock.now())
        return see_other(link)

    def _person(self, token: str) -> Asked:
        person = self._tokens.read(token)
        g.locale = person.locale
        return person

    def _survey(self, person: Asked) -> Survey:
        """Return what this person is asked: what they were shown first, whatever came later."""
        return self._store.survey(person.product, EXIT.kind, person.survey_version)

    def _show(self, person: Asked) -> Showing:
        survey = self._survey(person)
        return self._store.show(
            person,
            survey,
            locale=str(get_locale()),
            reasons=[reason.id for reason in survey.in_order_for(person.uuid)],
            held_out=random.SystemRandom().random() < survey.held_out,
            now=clock.now(),
        )

    def _keep(self, person: Asked, said: Said) -> None:
        if said != Said():
            self._store.answer(
                uninstall=person.uninstall_id,
                showing=self._show(person).id,
                said=said,
                now=clock.now(),
            )

    def _only_updating(self, person: Asked, token: str) -> Response:
        """Take back the uninstall; what was typed before the click is not lost."""
        self._store.opened(self._show(person).id, clock.now())
        self._keep(person, typed().sound())
        self._store.only_updating(person.uninstall_id, clock.now())
        return see_other(url_for("survey.ask", token=token))

    def _page(
        self,
        person: Asked,
        token: str,
        showing: Showing | None,
        form: Typed | None = None,
        wrong: WrongError | None = None,
    ) -> str:
        survey, product = self._survey(person), person.product.name
        chosen = survey.reason(person.said.reason)
        follow_up = (chosen and chosen.follow_up) or survey.follow_up
        return render_template(
            "survey/ask.html",
            token=token,
            is_read_by_itself=showing is not None,
            product=product,
            logo=logos.address(self._store, person.product),
            question=read_as(survey.question, product),
            reasons=[(r.id, read_as(r.label, product)) for r in survey.in_order_for(person.uuid)],
            state=_state(person, asks_next=follow_up is not None, is_shown=showing is not None),
            chosen=chosen and read_as(chosen.label, product),
            follow_up=follow_up and read_as(follow_up, product),
            said=person.said,
            form=form,
            wrong=wrong,
            offer=self._offer(person, survey, showing),
            most={"comment": wire.MAX_COMMENT_CHARS, "follow_up": MAX_FOLLOW_UP_CHARS},
        )

    def _offer(
        self, person: Asked, survey: Survey, showing: Showing | None
    ) -> dict[str, Any] | None:
        """Return the offer to those of the chosen reason, noting that it is seen."""
        reason = survey.reason(person.said.reason)
        if showing is None or showing.held_out or person.is_only_updating:
            return None
        if reason is None or reason.offer is None:
            return None
        if showing.offer is None and is_seen():
            self._store.offered(showing.id, reason.id, clock.now())
        link, product = _secure(reason.offer), person.product.name
        return {
            "text": read_as(reason.offer.text, product),
            "host": link and urlsplit(link).hostname,
            "label": reason.offer.label and read_as(reason.offer.label, product),
        }


def _state(person: Asked, *, asks_next: bool, is_shown: bool) -> str:
    """Return what the page is: `updating`, `question`, `more`, or `thanks`."""
    said = person.said
    if person.is_only_updating:
        return "updating"
    if not is_shown or ("done" in request.args and said != Said()):
        return "thanks"
    if said.reason is None:
        return "question"
    is_complete = said.comment and (said.follow_up or not asks_next)
    return "thanks" if is_complete else "more"


def _answered_in_the_uninstaller(person: Asked) -> bool:
    # Whoever answers on the page was shown it first.
    return person.said.reason is not None and person.survey_version is None


def _secure(offer: Offer) -> str | None:
    """Return where an offer leads, which is by https or nowhere."""
    is_secure = offer.link is not None and offer.link.startswith("https://")
    return offer.link if is_secure else None
