"""Who works on a product, and as what; and who looks after the server."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from exitpoll_server import clock
from exitpoll_server.console import forms
from exitpoll_server.console.access import ADMINISTRATOR, OWNS, Pages, account
from exitpoll_server.store import (
    ROLES,
    Account,
    AccountError,
    Invitation,
    Product,
    Role,
    Store,
)

MEANS = {
    "owner": lazy_gettext("Owner: everything, settings and people too"),
    "analyst": lazy_gettext("Analyst: reads, exports, names themes and decides on them"),
    "support": lazy_gettext("Support: reads, and answers people"),
}
"""Of each role."""


class Invited(forms.Form):
    """Whom a link is for."""

    email = StringField(lazy_gettext("E-mail"), [forms.needed(), forms.is_address])


class NewToken(forms.Form):
    """What a token is for."""

    token = StringField(
        lazy_gettext("What the token is for"),
        [forms.needed(), forms.at_most(forms.MAX_NAME_CHARS), forms.is_printable],
    )


class PeoplePages:
    """People, on one store."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store = store
        self._public_url = public_url

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/people", self.people, whom=OWNS, post=self.invite)
        pages.form("/<int:number>/people/<int:who>", self.give_role, whom=OWNS)
        pages.form("/<int:number>/tokens", self.issue_token, whom=OWNS)
        pages.form("/<int:number>/tokens/<int:token>", self.revoke_token, whom=OWNS)
        pages.add("/server", self.server, whom=ADMINISTRATOR, post=self.invite_administrator)
        pages.form("/server/<int:who>/close", self.close, whom=ADMINISTRATOR)
        pages.form("/server/<int:who>/password", self.let_in_again, whom=ADMINISTRATOR)

    # -- of a product

    def people(self, product: Product) -> str:
        """Show who works on a product."""
        return self._shown(product, Invited())

    def invite(self, product: Product) -> str | tuple[str, int]:
        """Let somebody in: at once where they have an account, else by a link."""
        form, role = Invited(), _role(request.form.get("role", ""))
        if not form.validate() or role is None:
            return self._shown(product, form), 422
        there = self._store.people.by_email(form.email.data)
        if there is not None:
            self._store.people.give_role(there, product.id, role)
            flash(gettext("%(name)s may come in now.", name=there.name))
            return self._shown(product, Invited(formdata=None))
        link = self._link(
            Invitation(
                purpose="invitation", email=form.email.data, product_id=product.id, role=role
            )
        )
        return self._shown(product, Invited(formdata=None), link_made=link, whom=form.email.data)

    def issue_token(self, product: Product) -> str | tuple[str, int]:
        """Make a token for a program, and show it once."""
        form = NewToken()
        if not form.validate():
            return self._shown(product, Invited(formdata=None), tokened=form), 422
        secret = self._store.people.issue_token(product.id, form.token.data, clock.now())
        return self._shown(product, Invited(formdata=None), secret=secret)

    def revoke_token(self, product: Product, token: int) -> AnyResponse:
        """Let a token open nothing any more."""
        self._store.people.revoke_token(product.id, token)
        return redirect(url_for("console.people", number=product.id), 303)

    def give_role(self, product: Product, who: int) -> AnyResponse:
        """Let somebody do something else, or nothing."""
        member = self._store.people.by_id(who) or abort(404)
        self._store.people.give_role(member, product.id, _role(request.form.get("role", "")))
        return redirect(url_for("console.people", number=product.id), 303)

    def _shown(
        self, product: Product, form: Invited, *, tokened: NewToken | None = None, **made: str
    ) -> str:
        return render_template(
            "console/people.html",
            form=form,
            members=self._store.people.members(product.id),
            administrators=self._store.people.administrators(),
            means=MEANS,
            tokens=self._store.people.tokens(product.id),
            tokened=tokened or NewToken(formdata=None),
            **{"link_made": "", "whom": "", "secret": "", **made},
        )

    # -- of the server

    def server(self) -> str:
        """Show who looks after the server, and who else has an account."""
        return self._of_server(Invited())

    def invite_administrator(self) -> str | tuple[str, int]:
        """Make a link for somebody who may do everything."""
        form = Invited()
        if not form.validate():
            return self._of_server(form), 422
        if self._store.people.by_email(form.email.data) is not None:
            form.email.errors = [gettext("There is an account with this address already.")]
            return self._of_server(form), 422
        link = self._link(Invitation(purpose="invitation", email=form.email.data))
        return self._of_server(Invited(formdata=None), link_made=link, whom=form.email.data)

    def let_in_again(self, who: int) -> str:
        """Make a link for somebody who forgot their password."""
        found = self._found(who)
        link = self._link(Invitation(purpose="password", email=found.email))
        return self._of_server(Invited(formdata=None), link_made=link, whom=found.name)

    def close(self, who: int) -> AnyResponse | tuple[str, int]:
        """Let somebody sign in no more."""
        found = self._found(who)
        try:
            self._store.people.close(found, clock.now())
        except AccountError:
            flash(gettext("The last administrator stays."))
        else:
            flash(gettext("%(name)s cannot sign in any more.", name=found.name))
        return redirect(url_for("console.server"), 303)

    def _of_server(self, form: Invited, link_made: str = "", whom: str = "") -> str:
        return render_template(
            "console/server.html",
            form=form,
            accounts=self._store.people.everybody(),
            mine=account().id,
            link_made=link_made,
            whom=whom,
        )

    def _found(self, who: int) -> Account:
        return self._store.people.by_id(who) or abort(404)

    def _link(self, invitation: Invitation) -> str:
        secret = self._store.people.invite(invitation, clock.now())
        return f"{self._public_url}{url_for('console.join', secret=secret)}"


def _role(text: str) -> Role | None:
    return next((role for role in ROLES if role == text), None)
