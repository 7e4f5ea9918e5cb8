"""Signing in and out, and the links that let somebody in for the first time."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock
from exitpoll_server.console import forms, passwords
from exitpoll_server.console.access import ANYBODY, SIGNED_IN, Pages, SignedIn, account, theirs
from exitpoll_server.rates import LimitedError
from exitpoll_server.store import Account, AccountError, Invitation, Store

LANGUAGES = {"en": "English", "ru": "Русский"}
"""What the console is there in."""


class Signing:
    """Who comes in, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._door = passwords.Door()

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/sign-in", self.sign_in, whom=ANYBODY, post=self.signed_in)
        pages.form("/sign-out", self.sign_out, whom=SIGNED_IN)
        pages.add("/join/<secret>", self.join, whom=ANYBODY, post=self.joined)
        pages.add("/account", self.you, whom=SIGNED_IN)
        pages.form("/account/password", self.change_password, whom=SIGNED_IN)
        pages.form("/account/language", self.change_language, whom=SIGNED_IN)

    def sign_in(self) -> str | AnyResponse:
        """Ask who somebody is."""
        if current_user.is_authenticated:
            return redirect(url_for("console.home"), 303)
        return self._asked(forms.SignIn())

    def signed_in(self) -> str | AnyResponse | tuple[str, int]:
        """Let somebody in who knows their password."""
        form = forms.SignIn()
        if not form.validate():
            return self._asked(form), 422
        try:
            found = self._known(form)
        except LimitedError as limited:
            minutes = -(-limited.retry_after // 60)
            form.password.errors = [
                gettext(
                    "Too many tries. Please wait %(minutes)d min and try again.", minutes=minutes
                )
            ]
            return self._asked(form), 429
        if found is None:
            form.password.errors = [gettext("The address and the password do not go together.")]
            return self._asked(form), 422
        self._enter(found)
        return redirect(_wanted() or url_for("console.home"), 303)

    def _known(self, form: forms.SignIn) -> Account | None:
        found = self._store.people.by_email(form.email.data)
        email, address = form.email.data, request.remote_addr
        knows = self._door.knows(found, form.password.data, email=email, address=address)
        return found if knows else None

    def _asked(self, form: forms.SignIn) -> str:
        return render_template(
            "console/sign_in.html", form=form, nobody=not self._store.people.are_there()
        )

    def _enter(self, found: Account) -> None:
        self._store.people.seen(found, clock.now())
        # Its time begins anew with every page.
        session.permanent = True
        login_user(SignedIn(found))

    def sign_out(self) -> AnyResponse:
        """Let nobody who comes to this browser later go on."""
        logout_user()
        return redirect(url_for("console.sign_in"), 303)

    # -- links

    def join(self, secret: str) -> str | tuple[str, int]:
        """Ask what a link needs to know."""
        found = self._store.people.invitation(secret, clock.now())
        if found is None:
            return render_template("console/gone.html"), 410
        return self._welcomed(found, self._form(found))

    def joined(self, secret: str) -> str | AnyResponse | tuple[str, int]:
        """Use a link: make the account, or change the password."""
        found = self._store.people.invitation(secret, clock.now())
        if found is None:
            return render_template("console/gone.html"), 410
        form = self._form(found)
        if not form.validate():
            return self._welcomed(found, form), 422
        try:
            entered = self._store.people.accept(
                secret,
                email=found.email or form.email.data,
                name="" if found.purpose == "password" else form.name.data,
                password=passwords.hashed(form.password.data),
                now=clock.now(),
            )
        except AccountError:
            return render_template("console/gone.html"), 410
        self._enter(entered)
        return redirect(url_for("console.home"), 303)

    def _form(self, found: Invitation) -> forms.Join | forms.NewPassword:
        if found.purpose == "password":
            return forms.NewPassword()
        form = forms.Join()
        if found.email is not None:
            del form.email
        return form

    def _welcomed(self, found: Invitation, form: forms.Join | forms.NewPassword) -> str:
        return render_template("console/join.html", invitation=found, form=form)

    # -- one's own account

    def you(self) -> str:
        """Show what somebody may change of their account."""
        return self._shown(forms.NewPassword())

    def change_password(self) -> str | AnyResponse | tuple[str, int]:
        """Take another password; every other session ends."""
        form = forms.NewPassword()
        if not form.validate():
            return self._shown(form), 422
        password = passwords.hashed(form.password.data)
        self._enter(self._store.people.set_password(account(), password))
        flash(gettext("Your password is changed. Whoever was signed in elsewhere no longer is."))
        return redirect(url_for("console.you"), 303)

    def change_language(self) -> AnyResponse:
        """Speak another language from now on."""
        wanted = request.form.get("language", "")
        self._store.people.set_language(account(), wanted if wanted in LANGUAGES else None)
        return redirect(url_for("console.you"), 303)

    def _shown(self, form: forms.NewPassword) -> str:
        return render_template("console/you.html", form=form, languages=LANGUAGES, theirs=theirs())


def _wanted() -> str | None:
    """Return where somebody was on their way to, if that is a page of this console."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    ours = wanted.startswith("/console") and "\\" not in wanted
    return wanted if ours and not parts.scheme and not parts.netloc else None
