"""The console: the pages that a vendor lives in, under `/console`.

Cookies are set here and nowhere else on this server.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from flask_login import current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock, trace
from exitpoll_server.config import Config
from exitpoll_server.console import access
from exitpoll_server.console.access import ANSWERS, OWNS, STUDIES, Pages, account
from exitpoll_server.console.exclusions import Exclusions
from exitpoll_server.console.inbox import Inbox, waiting
from exitpoll_server.console.kits import Kits
from exitpoll_server.console.names import Names
from exitpoll_server.console.notifications import Notifications
from exitpoll_server.console.people import PeoplePages
from exitpoll_server.console.privacy import Privacy
from exitpoll_server.console.reports import Reports
from exitpoll_server.console.settings import SettingsPages
from exitpoll_server.console.signing import LANGUAGES, Signing
from exitpoll_server.console.starting import Starting
from exitpoll_server.console.surveys import SurveyPages
from exitpoll_server.console.telling import Telling
from exitpoll_server.console.working_days import WorkingDays
from exitpoll_server.console.written import Written
from exitpoll_server.languages import ENGLISH, nearest
from exitpoll_server.mail import Mailer
from exitpoll_server.rates import LimitedError, Rates
from exitpoll_server.speech import speaking
from exitpoll_server.store import BusyError, Store

SESSION_DAYS = 14
"""Who does not come for so long signs in again."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        # Bootstrap's stylesheet holds its small pictures.
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not `no-referrer`: forms that come from this console must say so (Flask-WTF, over https).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def init_app(app: Flask, store: Store, rates: Rates, settings: Config) -> None:
    """Add the pages of the console."""
    is_https = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=store.secret("console"),
        # The prefix keeps other hosts of the same domain from setting it.
        SESSION_COOKIE_NAME="__Host-exitpoll" if is_https else "exitpoll",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_DAYS * 24 * 60 * 60,
        # Agents and surveys post without one.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    Bootstrap5(app)
    access.manager(store).init_app(app)
    guard = CSRFProtect(app)
    blueprint = Blueprint(
        "console",
        __name__,
        url_prefix="/console",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    pages = Pages(blueprint)
    mailer = Mailer(settings)
    for part in (
        Signing(store),
        Starting(store, settings.public_url),
        Reports(store),
        Written(store),
        Inbox(store, mailer),
        Telling(store, mailer),
        Kits(store, settings.public_url),
        Notifications(store, settings),
        SettingsPages(store),
        SurveyPages(store),
        WorkingDays(store),
        Exclusions(store),
        Names(store),
        Privacy(store),
        PeoplePages(store, settings.public_url),
    ):
        part.add_to(pages)

    @blueprint.before_request
    def begin() -> AnyResponse | None:
        if request.endpoint == "console.static":
            return None
        g.store = store
        rates.count(request.remote_addr)
        g.locale = _language()
        g.at_work = ExitStack()
        g.at_work.enter_context(speaking(g.locale))
        if request.method == "POST":
            guard.protect()
        led_elsewhere = pages.guard()
        if led_elsewhere is None and current_user.is_authenticated:
            g.at_work.enter_context(store.people.acting(account()))
        return led_elsewhere

    @blueprint.teardown_request
    def end(_error: BaseException | None) -> None:
        at_work: ExitStack | None = g.pop("at_work", None)
        if at_work is not None:
            at_work.close()

    blueprint.context_processor(_about_the_page)
    blueprint.errorhandler(CSRFError)(_stale)
    blueprint.errorhandler(LimitedError)(_limited)
    blueprint.errorhandler(BusyError)(_busy)
    blueprint.errorhandler(HTTPException)(_refused)
    blueprint.errorhandler(Exception)(_failed)
    blueprint.after_request(_headers)
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "root", lambda: redirect(url_for("console.home"), 303))


def _language() -> str:
    """Return what the console is read in: as chosen, else as the browser says, else English."""
    chosen = account().language if current_user.is_authenticated else None
    wanted = (language for language, quality in request.accept_languages if quality > 0)
    found = (nearest(wish, LANGUAGES) for wish in (chosen, *wanted))
    return next((one for one in found if one is not None), ENGLISH)


def _about_the_page() -> dict[str, object]:
    role, product = g.get("role"), g.get("product")
    unanswered = 0
    if product is not None and role in ANSWERS:
        every = waiting(g.store, product, clock.now())
        unanswered = sum(one.state == "new" for one in every)
    return {
        "language": g.get("locale", ENGLISH),
        "product": product,
        "unanswered": unanswered,
        "may_answer": role in ANSWERS,
        "may_study": role in STUDIES,
        "owns": role in OWNS,
        "me": account() if current_user.is_authenticated else None,
        "address_of": _address_of,
    }


def _address_of(endpoint: str, **other: object) -> str:
    """Return the address of a page that narrows down as this one does, but for what is said."""
    asked = request.args.to_dict(flat=False)
    named: dict[str, Any] = {**asked, **(request.view_args or {}), **other}
    return url_for(endpoint, **named)


# -- what goes wrong -----------------------------------------------------------------------


def _stale(_error: CSRFError) -> tuple[str, int]:
    return render_template("console/wrong.html", about="stale"), 400


def _limited(error: LimitedError) -> tuple[str, int, dict[str, str]]:
    page = render_template("console/wrong.html", about="busy")
    return page, 429, {"Retry-After": str(error.retry_after)}


def _busy(_error: BusyError) -> tuple[str, int]:
    return render_template("console/wrong.html", about="busy"), 503


def _refused(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None:
        return error
    about = {403: "forbidden", 404: "missing", 413: "large"}.get(error.code, "odd")
    return render_template("console/wrong.html", about=about), error.code


def _failed(error: Exception) -> tuple[str, int]:
    trace.fault("a page of the console failed", error)
    return render_template("console/wrong.html", about="failed"), 500


def _headers(response: Response) -> Response:
    if request.endpoint != "console.static":
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response
