"""Who may see which page: said at every route, in one place, and asked before it runs.

A product that is not somebody's is not there for them: 404. What their role does not allow is 403.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock
from exitpoll_server.store import ROLES, Account, Product, Role, Store

View: TypeAlias = Callable[..., Any]
"""A page: the product first, where it is about one; then what its address names."""
May: TypeAlias = frozenset[Role]

EVERYBODY: May = frozenset(ROLES)
ANSWERS: May = frozenset({"owner", "support"})
"""Who reads what people asked to be answered, and their installation's card."""
STUDIES: May = frozenset({"owner", "analyst"})
"""Who takes figures and rows out, and names and decides on themes."""
OWNS: May = frozenset({"owner"})

ANYBODY = "anybody"
SIGNED_IN = "signed in"
ADMINISTRATOR = "administrator"
"""What a page that is about no product asks for."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """An account, known by number and stamp: a new password ends every session."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """Return what a session remembers."""
        return f"{self.account.id}:{self.account.stamp}"


class Pages:
    """The console's routes, each with whom it is for."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self.whom: dict[str, str | May] = {"static": ANYBODY}
        """By endpoint, without the blueprint's name."""

    def add(self, rule: str, view: View, *, whom: str | May, post: View | None = None) -> None:
        """Add a page; `post` takes its form.

        A rule that begins with `/<int:number>` is about a product, and its views are given it.
        """
        name = view.__name__
        self._add(rule, name, view, whom, "GET")
        if post is not None:
            self._add(rule, post.__name__, post, whom, "POST")

    def form(self, rule: str, post: View, *, whom: str | May) -> None:
        """Add what only takes a form."""
        self._add(rule, post.__name__, post, whom, "POST")

    def _add(self, rule: str, name: str, view: View, whom: str | May, method: str) -> None:
        self.whom[name] = whom
        guarded = _about_a_product(view, whom) if isinstance(whom, frozenset) else view
        self._blueprint.add_url_rule(rule, name, guarded, methods=[method])

    def guard(self) -> AnyResponse | None:
        """Let in who may see a page that is about no product, before it runs."""
        whom = self.whom.get((request.endpoint or "").rpartition(".")[2], SIGNED_IN)
        if request.authorization is not None:
            return _let_program_in(whom)
        if whom == ANYBODY:
            return None
        if not current_user.is_authenticated:
            return to_sign_in()
        if whom == ADMINISTRATOR and not account().administrator:
            abort(403)
        return None


def _about_a_product(view: View, may: May) -> View:
    @wraps(view)
    def guarded(number: int, **named: object) -> object:
        g.product, g.role = yours(number)
        if g.role not in may:
            abort(403)
        return view(g.product, **named)

    return guarded


def _let_program_in(whom: str | May) -> AnyResponse | None:
    """Let a program with a token take files of its product, as an analyst does."""
    token, store = request.authorization, g.store
    secret = (token.token if token is not None and token.type == "bearer" else None) or ""
    number = store.people.product_of_token(secret, clock.now())
    if number is None:
        return Response("This token opens nothing.\n", 401, content_type="text/plain")
    if whom != STUDIES or request.method != "GET":
        return Response("A token only takes files.\n", 403, content_type="text/plain")
    g.theirs = [(one, "analyst") for one in store.products() if one.id == number]
    return None


def manager(store: Store) -> LoginManager:
    """Return Flask-Login, which finds an account by what a session remembers."""
    manager = LoginManager()
    # It would keep a mark of the browser's address and name.
    manager.session_protection = None

    @manager.user_loader  # type: ignore[untyped-decorator]
    def find(remembered: str) -> SignedIn | None:
        number, _, stamp = remembered.partition(":")
        found = store.people.by_id(int(number)) if number.isdecimal() else None
        return SignedIn(found) if found is not None and found.stamp == stamp else None

    return manager


def account() -> Account:
    """Return who is signed in."""
    found: Account = current_user.account
    return found


def theirs() -> list[tuple[Product, Role]]:
    """Return the products that whoever is signed in may see, and as what; asked once a request."""
    if "theirs" not in g:
        g.theirs = _theirs(g.store)
    found: list[tuple[Product, Role]] = g.theirs
    return found


def _theirs(store: Store) -> list[tuple[Product, Role]]:
    who = account()
    if who.administrator:
        return [(product, "owner") for product in store.products()]
    roles = store.people.roles(who)
    return [(one, roles[one.id]) for one in store.products() if one.id in roles]


def yours(number: int) -> tuple[Product, Role]:
    """Return a product and what whoever is signed in may do with it; 404 where that is nothing."""
    found = next((one for one in theirs() if one[0].id == number), None)
    return found or abort(404)


def to_sign_in() -> AnyResponse:
    """Lead whoever is not signed in to where that is done, and back afterwards."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("console.sign_in", next=wanted), 303)
