"""The survey: `/u/` takes a leaving person in, `/s/` asks. Paths with tokens are never logged.

Opening `/u/` is the second channel: it records the uninstall that a firewall kept the agent
from telling. It redirects to a clean, signed address that says nothing of the copy.
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Flask, Response, g, render_template, request, url_for
from flask_babel import Babel, get_locale, gettext, lazy_gettext
from werkzeug.exceptions import HTTPException

from exitpoll_agent import wire
from exitpoll_server import clock, intake, trace
from exitpoll_server.languages import CATALOGUES, DOMAINS, direction, language_of
from exitpoll_server.questions import EXIT
from exitpoll_server.rates import LimitedError, Rates
from exitpoll_server.schemas import InvalidError
from exitpoll_server.store import BusyError, Product, Store
from exitpoll_server.survey import known, salvage
from exitpoll_server.survey.addresses import (
    NOTHING_KEPT,
    GoneError,
    installation_named,
    product_of,
    see_other,
)
from exitpoll_server.survey.exit import ExitPages
from exitpoll_server.survey.in_use import IN_USE, InUsePages
from exitpoll_server.survey.logos import Logos
from exitpoll_server.survey.tokens import Tokens

_DAY_SECONDS = 24 * 60 * 60

LATER = lazy_gettext("We are busy just now; reloading this page in a minute will do.")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def init_app(app: Flask, store: Store, rates: Rates, *, days: int) -> None:
    """Add the pages that a leaving person sees; each can be answered for so many days."""
    blueprint = Blueprint(
        "survey",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/s/static",
    )
    in_use = InUsePages(store, days * _DAY_SECONDS)
    tokens = Tokens(store, days * _DAY_SECONDS)
    leaving, pages, logos = (
        _WaysIn(store, rates, in_use, tokens),
        ExitPages(store, tokens),
        Logos(store, rates),
    )
    blueprint.get("/u/<product_key>/<path:event>", endpoint="leave")(leaving.leave)
    blueprint.get("/u/<product_key>", endpoint="leave_by_link", strict_slashes=False)(
        leaving.leave_by_link
    )
    blueprint.get("/s/<token>", endpoint="ask")(pages.ask)
    blueprint.post("/s/<token>", endpoint="answer")(pages.answer)
    blueprint.post("/s/<token>/draft", endpoint="draft")(pages.draft)
    blueprint.get("/s/<token>/offer", endpoint="offer")(pages.offer)
    blueprint.get("/s/<token>/open", endpoint="opened")(pages.opened)
    blueprint.get("/s/logo/<product_key>/<digest>", endpoint="logo")(logos.send)
    in_use.add_to(blueprint)
    known.add_to(blueprint, store, rates, tokens.read)
    blueprint.before_request(partial(_count, rates))
    blueprint.errorhandler(GoneError)(_gone)
    blueprint.errorhandler(LimitedError)(_limited)
    blueprint.errorhandler(BusyError)(_busy)
    blueprint.errorhandler(Exception)(_failed)
    blueprint.context_processor(_how_it_is_read)
    blueprint.after_request(_guard)
    app.register_blueprint(blueprint)
    Babel(
        app,
        # One directory a domain.
        default_translation_directories=";".join([CATALOGUES] * len(DOMAINS)),
        default_domain=";".join(DOMAINS),
        locale_selector=_language,
    )


def _language() -> str:
    """Return the language of the page in hand: the copy's own, else the browser's."""
    wanted = (language for language, quality in request.accept_languages if quality > 0)
    return language_of([g.get("locale"), *wanted])


def _how_it_is_read() -> dict[str, str]:
    language = str(get_locale())
    return {"language": language, "direction": direction(language)}


def _count(rates: Rates) -> None:
    if request.endpoint != "survey.static":
        rates.count(request.remote_addr)


class _WaysIn:
    """How people come to a survey, on one store."""

    def __init__(self, store: Store, rates: Rates, in_use: InUsePages, tokens: Tokens) -> None:
        self._store = store
        self._rates = rates
        self._in_use = in_use
        self._tokens = tokens

    def leave(self, product_key: str, event: str) -> Response:
        """Record the uninstall that an agent's address carries, and go to the survey."""
        product = product_of(self._store, self._rates, product_key)
        if request.method == "HEAD":
            return Response()
        try:
            data = wire.decode_event(salvage.without_what_follows(event))
            left = intake.take_uninstall(self._store, product, data, clock.now(), channel="browser")
        except wire.EventDamagedError:
            left = self._salvaged(product, event)
        except InvalidError:
            raise GoneError(400, gettext("This address says nothing that we know.")) from None
        return self._to_survey(product, left)

    def _salvaged(self, product: Product, event: str) -> intake.Taken[wire.UninstallEvent]:
        """Record what a damaged address still says, as a plain link would have said it."""
        left = salvage.what_is_left(event)
        if left is None:
            raise GoneError(400, gettext("This address was cut off on its way here."))
        return intake.take_link(
            self._store,
            product,
            installation=left.installation,
            version=left.version,
            locale=left.locale,
            now=clock.now(),
        )

    def leave_by_link(self, product_key: str) -> Response:
        """Go to what a plain link asks for: the exit survey, whose link reports an uninstall too.

        A survey that is not known here is no uninstall: a later product may ask for it.
        """
        product = product_of(self._store, self._rates, product_key)
        if request.method == "HEAD":
            return Response()
        survey = request.args.get("survey") or EXIT.kind
        if survey in IN_USE:
            return self._in_use.begin(product, IN_USE[survey])
        if survey != EXIT.kind:
            raise GoneError(404, gettext("This address asks for a survey that is not known here."))
        left = intake.take_link(
            self._store,
            product,
            installation=installation_named(),
            version=request.args.get("v"),
            locale=request.args.get("lang"),
            now=clock.now(),
        )
        return self._to_survey(product, left)

    def _to_survey(self, product: Product, taken: intake.Taken[wire.UninstallEvent]) -> Response:
        taken.durable.result()
        left = taken.message
        uninstall = self._store.uninstall_number(product, left.installation_id, test=left.test)
        if uninstall is None:
            raise GoneError(410, NOTHING_KEPT)
        return see_other(url_for("survey.ask", token=self._tokens.write(uninstall)))


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
        return _gone(GoneError(error.code, gettext("This request could not be understood.")))
    trace.fault("a page failed", error)
    return _gone(GoneError(500, gettext("Something failed on our side.")))


def _guard(response: Response) -> Response:
    if request.endpoint != "survey.static":
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response
