"""The surveys put while the product is in use: a number, "how is it going?", a box for words.

Opening one is no uninstall. Its address names the opened page by a random id, signed, and says
nothing of the copy.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, Response, g, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from exitpoll_agent import wire
from exitpoll_server import clock, intake
from exitpoll_server.questions import KINDS, Kind, Survey
from exitpoll_server.store import Feedback, Product, Said, Store
from exitpoll_server.survey import logos
from exitpoll_server.survey.addresses import (
    NOTHING_KEPT,
    GoneError,
    installation_named,
    see_other,
)
from exitpoll_server.survey.forms import MAX_FOLLOW_UP_CHARS, Typed, WrongError, typed
from exitpoll_server.survey.opening import is_seen, pixel
from exitpoll_server.survey.texts import read_as

IN_USE: dict[str, Kind] = {kind: kind for kind in KINDS if kind != "exit"}
"""What a plain link may ask for with `survey=`, beside the exit survey."""

SCORES: dict[str, int] = {str(score): score for score in range(11)}
"""The numbers of an `nps`, as its buttons send them."""

_MOST = {"follow_up": MAX_FOLLOW_UP_CHARS, "comment": wire.MAX_COMMENT_CHARS}


class InUsePages:
    """The pages, on one store; their addresses are good for so many seconds."""

    def __init__(self, store: Store, seconds: int) -> None:
        self._store = store
        self._seconds = seconds
        secret = store.secret("survey")
        # The kind is the salt: a token of one kind opens no other.
        self._serializers = {
            kind: URLSafeTimedSerializer(secret, salt=kind) for kind in IN_USE.values()
        }

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the addresses, the same ones for each kind."""
        for kind in IN_USE:
            path, of_kind = f"/s/{kind}/<token>", {"kind": kind}
            blueprint.get(path, endpoint="in_use", defaults=of_kind)(self.ask)
            blueprint.post(path, endpoint="answer_in_use", defaults=of_kind)(self.answer)
            blueprint.get(f"{path}/open", endpoint="opened_in_use", defaults=of_kind)(self.opened)

    def begin(self, product: Product, kind: Kind) -> Response:
        """Note that a page is opened, by which copy if the link says so, and go there."""
        page = intake.open_feedback(
            self._store,
            product,
            kind,
            installation=installation_named(),
            version=request.args.get("v"),
            locale=request.args.get("lang"),
            now=clock.now(),
        )
        token = self._serializers[kind].dumps(page.hex)
        return see_other(url_for("survey.in_use", kind=kind, token=token))

    def ask(self, kind: Kind, token: str) -> str:
        """Show what is not answered yet, or thanks."""
        return self._page(self._read(kind, token), token)

    def answer(self, kind: Kind, token: str) -> Response | tuple[str, int]:
        """Keep an answer at once; what cannot be kept comes back to be changed, with the rest."""
        request.max_content_length = wire.MAX_BODY_BYTES
        page, form = self._read(kind, token), typed()
        try:
            said = self._said(page, form)
        except WrongError as wrong:
            return self._page(page, token, form, wrong), 422
        self._store.give_feedback(page.uuid, said, clock.now())
        is_done = _is_answered(page.said, kind) and not _is_answered(said, kind)
        done = 1 if is_done else None
        return see_other(url_for("survey.in_use", kind=kind, token=token, done=done))

    def opened(self, kind: Kind, token: str) -> Response:
        """Take the page's own word that it is open."""
        page = self._read(kind, token)
        if is_seen():
            self._store.feedback_opened(page.uuid, clock.now())
        return pixel()

    def _read(self, kind: Kind, token: str) -> Feedback:
        try:
            uuid = UUID(self._serializers[kind].loads(token, max_age=self._seconds))
        except BadSignature:
            raise GoneError(410, gettext("This address cannot be used any more.")) from None
        page = self._store.feedback(uuid)
        if page is None:
            raise GoneError(410, NOTHING_KEPT)
        g.locale = page.locale
        return page

    def _survey(self, page: Feedback) -> Survey:
        return self._store.survey(page.product, page.survey, page.survey_version)

    def _said(self, page: Feedback, form: Typed) -> Said:
        said = form.said()
        if page.survey == "nps":
            return replace(said, score=SCORES.get(request.form.get("score", "")))
        if page.survey == "checkin":
            clicked = self._survey(page).reason(request.form.get("reason"))
            return replace(said, reason=None if clicked is None else clicked.id)
        if said.comment is None and page.said.comment is None:
            raise WrongError("comment", gettext("Please write a few words before you send them."))
        return said

    def _page(
        self,
        page: Feedback,
        token: str,
        form: Typed | None = None,
        wrong: WrongError | None = None,
    ) -> str:
        survey = self._survey(page)
        reason, product = survey.reason(page.said.reason), page.product.name
        follow_up = (reason and reason.follow_up) or survey.follow_up
        return render_template(
            "survey/in_use.html",
            kind=page.survey,
            product=product,
            logo=logos.address(self._store, page.product),
            state=_state(page),
            question=read_as(survey.question, product),
            reasons=[(r.id, read_as(r.label, product)) for r in survey.in_order_for(page.uuid)],
            scores=SCORES,
            chosen=None if reason is None else read_as(reason.label, product),
            follow_up=None if follow_up is None else read_as(follow_up, product),
            said=page.said,
            form=form,
            wrong=wrong,
            most=_MOST,
            answer=url_for("survey.answer_in_use", kind=page.survey, token=token),
            opened=url_for("survey.opened_in_use", kind=page.survey, token=token),
        )


def _is_answered(said: Said, kind: Kind) -> bool:
    first = {"nps": said.score, "checkin": said.reason, "feedback": said.comment}[kind]
    return first is not None


def _state(page: Feedback) -> str:
    """Return whether the page asks its question, or something more, or thanks."""
    if not _is_answered(page.said, page.survey):
        return "question"
    more = [page.said.follow_up, page.said.email]
    if page.survey != "feedback":
        more.append(page.said.comment)
    return "thanks" if "done" in request.args or any(more) else "more"
