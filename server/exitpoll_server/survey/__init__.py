"""The survey: `/u/` takes a leaving person in, `/s/` asks. Paths with tokens are never logged.

Opening `/u/` is the second channel: it records the uninstall that a firewall kept the agent
from telling. It redirects to a clean, signed address that says nothing of the copy.
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial

from flask import Blueprint, Flask, Response, g, render_template, request, url_for
from flask_babel import Babel
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

from exitpoll_agent import wire
from exitpoll_server import clock, intake, trace
from exitpoll_server.languages import CATALOGUES, language_of
from exitpoll_server.questions import EXIT
from exitpoll_server.rates import LimitedError, Rates
from exitpoll_server.schemas import InvalidError
from exitpoll_server.store import Asked, BusyError, Product, Said, Store
from exitpoll_server.survey import feedback, known
from exitpoll_server.survey.addresses import (
    NOTHING_KEPT,
    TOKEN_SECONDS,
    GoneError,
    comment_typed,
    installation_named,
    product_of,
    see_other,
)
from exitpoll_server.survey.feedback import FeedbackPages

FINGERPRINT_CHARS = 12
"""48 bits of the uninstall's id: tells apart who got the same number, and names nobody."""

LATER = "We are busy just now; reloading this page in a minute will do."

_PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def init_app(app: Flask, store: Store, rates: Rates) -> None:
    """Add the pages that a leaving person sees."""
    blueprint = Blueprint(
        "survey",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/s/static",
    )
    comments = FeedbackPages(store)
    pages = _Pages(store, rates, comments)
    blueprint.get("/u/<product_key>/<path:event>", endpoint="leave")(pages.leave)
    blueprint.get("/u/<product_key>", endpoint="leave_by_link", strict_slashes=False)(
        pages.leave_by_link
    )
    blueprint.get("/s/<token>", endpoint="ask")(pages.ask)
    blueprint.post("/s/<token>", endpoint="answer")(pages.answer)
    blueprint.get("/s/<token>/open", endpoint="opened")(pages.opened)
    blueprint.get("/s/feedback/<token>", endpoint="feedback")(comments.ask)
    blueprint.post("/s/feedback/<token>", endpoint="give_feedback")(comments.answer)
    known.add_to(blueprint, store, rates, _Tokens(store).read)
    blueprint.before_request(partial(_count, rates))
    blueprint.errorhandler(GoneError)(_gone)
    blueprint.errorhandler(LimitedError)(_limited)
    blueprint.errorhandler(BusyError)(_busy)
    blueprint.errorhandler(Exception)(_failed)
    blueprint.after_request(_guard)
    app.register_blueprint(blueprint)
    Babel(app, default_translation_directories=CATALOGUES, locale_selector=_language)


def _language() -> str:
    """Return the language of the page in hand: the copy's own, else the browser's."""
    return language_of([g.get("locale"), *request.accept_languages.values()])


def _count(rates: Rates) -> None:
    if request.endpoint != "survey.static":
        rates.count(request.remote_addr)


class _Pages:
    """The pages, on one store."""

    def __init__(self, store: Store, rates: Rates, feedback: FeedbackPages) -> None:
        self._store = store
        self._rates = rates
        self._feedback = feedback
        self._tokens = _Tokens(store)

    def leave(self, product_key: str, event: str) -> Response:
        """Record the uninstall that an agent's address carries, and go to the survey."""
        product = product_of(self._store, self._rates, product_key)
        if request.method == "HEAD":
            return Response()
        try:
            data = wire.decode_event(event)
            left = intake.take_uninstall(self._store, product, data, clock.now(), channel="browser")
        except (wire.EventDamagedError, InvalidError):
            raise GoneError(400, "This address was cut off on its way here.") from None
        return self._to_survey(product, left)

    def leave_by_link(self, product_key: str) -> Response:
        """Go to what a plain link asks for: the exit survey, whose link reports an uninstall too.

        A survey that is not known here is no uninstall: a later product may ask for it.
        """
        product = product_of(self._store, self._rates, product_key)
        if request.method == "HEAD":
            return Response()
        survey = request.args.get("survey") or EXIT.kind
        if survey == feedback.KIND:
            return self._feedback.begin(product)
        if survey != EXIT.kind:
            raise GoneError(404, "This address asks for a survey that is not known here.")
        left = intake.take_link(
            self._store,
            product,
            installation=installation_named(),
            version=request.args.get("v"),
            locale=request.args.get("lang"),
            now=clock.now(),
        )
        return self._to_survey(product, left)

    def ask(self, token: str) -> str:
        """Show the question, or what was already answered."""
        person = self._tokens.read(token)
        if request.method != "HEAD":
            self._show(person)
        return _page(person, token)

    def answer(self, token: str) -> Response | tuple[str, int]:
        """Keep an answer at once; a comment too long comes back to be shortened."""
        request.max_content_length = wire.MAX_BODY_BYTES
        person = self._tokens.read(token)
        reason = request.form.get("reason", "")
        comment = comment_typed()
        if len(comment) > wire.MAX_COMMENT_CHARS:
            return _page(person, token, too_long=comment), 422
        said = Said(
            reason=reason if EXIT.reason(reason) else None,
            comment=comment if comment.strip() else None,
        )
        self._store.answer(
            uninstall=person.uninstall_id,
            showing=self._show(person),
            said=said,
            now=clock.now(),
        )
        return see_other(url_for("survey.ask", token=token))

    def opened(self, token: str) -> Response:
        """Take the page's own word that it is open: what only fetches addresses says none."""
        if request.method != "HEAD" and "Sec-Purpose" not in request.headers:
            self._store.opened(self._show(self._tokens.read(token)), clock.now())
        return Response(_PIXEL, content_type="image/gif")

    def _to_survey(self, product: Product, taken: intake.Taken[wire.UninstallEvent]) -> Response:
        taken.durable.result()
        left = taken.message
        uninstall = self._store.uninstall_number(product, left.installation_id, test=left.test)
        if uninstall is None:
            raise GoneError(410, NOTHING_KEPT)
        return see_other(url_for("survey.ask", token=self._tokens.write(uninstall)))

    def _show(self, person: Asked) -> int:
        return self._store.show(
            person,
            EXIT,
            locale="en",
            reasons=[reason.id for reason in EXIT.in_order_for(person.uuid)],
            held_out=False,
            now=clock.now(),
        ).id


class _Tokens:
    """Signed names of uninstalls: cannot be guessed, nor used for another, nor for ever."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._serializer = URLSafeTimedSerializer(store.secret("survey"), salt="survey")

    def write(self, uninstall: int) -> str:
        return str(self._serializer.dumps([uninstall, _fingerprint(self._person(uninstall))]))

    def read(self, token: str) -> Asked:
        try:
            uninstall, fingerprint = self._serializer.loads(token, max_age=TOKEN_SECONDS)
        except BadSignature:
            raise GoneError(410, "This address cannot be used any more.") from None
        person = self._person(uninstall)
        if fingerprint != _fingerprint(person):
            raise GoneError(410, NOTHING_KEPT)
        return person

    def _person(self, uninstall: int) -> Asked:
        person = self._store.asked(uninstall)
        if person is None:
            raise GoneError(410, NOTHING_KEPT)
        return person


def _fingerprint(person: Asked) -> str:
    # The store gives an erased uninstall's number to the next; the old address must not lead there.
    return hashlib.sha256(person.uuid.bytes).hexdigest()[:FINGERPRINT_CHARS]


def _page(person: Asked, token: str, *, too_long: str | None = None) -> str:
    return render_template(
        "survey/ask.html",
        product=person.product.name,
        question=str(EXIT.question).format(product=person.product.name),
        reasons=EXIT.in_order_for(person.uuid),
        chosen=EXIT.reason(person.said.reason),
        comment=person.said.comment,
        too_long=too_long,
        most=wire.MAX_COMMENT_CHARS,
        opened=url_for("survey.opened", token=token),
    )


# -- what goes wrong, said to somebody who is leaving --------------------------------------


def _gone(error: GoneError) -> tuple[str, int]:
    return render_template("survey/gone.html", sentence=error.sentence), error.status


def _limited(error: LimitedError) -> tuple[str, int, dict[str, str]]:
    page, status = _gone(GoneError(429, LATER))
    return page, status, {"Retry-After": str(error.retry_after)}


def _busy(_error: BusyError) -> tuple[str, int]:
    return _gone(GoneError(503, LATER))


def _failed(error: Exception) -> tuple[str, int]:
    if isinstance(error, HTTPException) and error.code is not None:
        return _gone(GoneError(error.code, "This request could not be understood."))
    trace.fault("a page failed", error)
    return _gone(GoneError(500, "Something failed on our side."))


def _guard(response: Response) -> Response:
    if request.endpoint != "survey.static":
        response.headers.update(_HEADERS)
    return response
