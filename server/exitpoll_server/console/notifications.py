"""Who is told what by mail and by webhook, and what became of each message."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Field, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from exitpoll_server import clock
from exitpoll_server.config import Config
from exitpoll_server.console import forms
from exitpoll_server.console.access import EVERYBODY, OWNS, Pages, account
from exitpoll_server.notify import addresses, payloads
from exitpoll_server.notify.addresses import RefusedError
from exitpoll_server.notify.webhooks import EVENTS
from exitpoll_server.store import MAIL_KINDS, Product, Store, Webhook

MOST_WEBHOOKS = 20
"""Of one product: each is told everything that it asked for."""

MEANS = {
    "uninstall": lazy_gettext("somebody uninstalled"),
    "response": lazy_gettext("somebody answered"),
    "alarm": lazy_gettext("a version loses more of its users than expected"),
    "health": lazy_gettext("the share in good health is another one"),
}
"""Of each event."""

MAILS = {
    "digest": lazy_gettext("The week in five numbers, on Monday morning (UTC)"),
    "alarm": lazy_gettext("An alarm, at once"),
    "reminder": lazy_gettext("Letters that were put off, on the day when they are due again"),
}
"""Of each kind of mail."""


class Told(forms.Form):
    """Where to, and of what."""

    url = StringField(
        lazy_gettext("Address"),
        [forms.needed()],
        description=lazy_gettext("It begins with https://, and anybody on the internet finds it."),
    )
    events = SelectMultipleField(
        lazy_gettext("Tell it when"),
        choices=list(MEANS.items()),
        default=list(EVENTS),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def validate_events(self, field: Field) -> None:
        """Refuse one that is told nothing."""
        if not field.data:
            raise ValidationError(gettext("Please choose at least one."))


class Notifications:
    """Mail and webhooks of a product, on one store."""

    def __init__(self, store: Store, settings: Config) -> None:
        self._store = store
        self._private = settings.webhook_private_addresses
        self._sends_mail = settings.smtp_url is not None

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        rule = "/<int:number>/notifications"
        pages.add(rule, self.notifications, whom=EVERYBODY, post=self.subscribe)
        pages.form(f"{rule}/webhooks", self.add_webhook, whom=OWNS)
        pages.form(f"{rule}/webhooks/<int:webhook>/test", self.try_webhook, whom=OWNS)
        pages.form(f"{rule}/webhooks/<int:webhook>/switch", self.switch_webhook, whom=OWNS)
        pages.form(f"{rule}/webhooks/<int:webhook>/remove", self.remove_webhook, whom=OWNS)
        pages.form(f"{rule}/deliveries/<int:delivery>", self.send_again, whom=OWNS)

    def notifications(self, product: Product) -> str:
        """Show what is told to whom, and what became of it."""
        return self._shown(product, Told(formdata=None))

    def subscribe(self, product: Product) -> AnyResponse:
        """Have these mails sent to whoever asks."""
        chosen = request.form.getlist("kind")
        kinds = [kind for kind in MAIL_KINDS if kind in chosen]
        self._store.notices.wish(account(), product, kinds, clock.now())
        flash(gettext("Kept."))
        return _back(product)

    def add_webhook(self, product: Product) -> str | tuple[str, int]:
        """Tell another program, and show once what it knows us by."""
        form = Told()
        if not (form.validate() and self._may_lead(form.url)):
            return self._shown(product, form), 422
        if len(self._store.notices.webhooks(product)) >= MOST_WEBHOOKS:
            flash(gettext("There are %(most)d webhooks already.", most=MOST_WEBHOOKS))
            return self._shown(product, form), 422
        made = self._store.notices.add_webhook(
            product, url=form.url.data, events=form.events.data, now=clock.now()
        )
        return self._shown(product, Told(formdata=None), secret=made.secret)

    def _may_lead(self, field: Field) -> bool:
        try:
            addresses.read(field.data, private=self._private)
        except RefusedError:
            field.errors = [gettext("Please write an address that begins with https://.")]
            return False
        return True

    def try_webhook(self, product: Product, webhook: int) -> AnyResponse:
        """Send a message that says nothing but that it works."""
        found = self._found(product, webhook)
        now = clock.now()
        self._store.notices.queue(found, payloads.test(product, now), now)
        flash(gettext("A test is on its way: reload this page in a moment."))
        return _back(product)

    def switch_webhook(self, product: Product, webhook: int) -> AnyResponse:
        """Tell a program no more, or again."""
        found = self._found(product, webhook)
        self._store.notices.switch_webhook(found, enabled=not found.enabled)
        return _back(product)

    def remove_webhook(self, product: Product, webhook: int) -> AnyResponse:
        """Forget a program, and what it was told; clicking twice is clicking once."""
        for found in self._store.notices.webhooks(product):
            if found.id == webhook:
                self._store.notices.remove_webhook(found)
        return _back(product)

    def send_again(self, product: Product, delivery: int) -> AnyResponse:
        """Send a message once more."""
        if not self._store.notices.again(product, delivery, clock.now()):
            abort(404)
        flash(gettext("It is on its way again: reload this page in a moment."))
        return _back(product)

    def _found(self, product: Product, number: int) -> Webhook:
        hooks = self._store.notices.webhooks(product)
        return next((one for one in hooks if one.id == number), None) or abort(404)

    def _shown(self, product: Product, form: FlaskForm, secret: str = "") -> str:
        notices = self._store.notices
        hooks = {one.id: one for one in notices.webhooks(product)}
        return render_template(
            "console/notifications.html",
            form=form,
            secret=secret,
            mails=MAILS.items(),
            wishes=notices.wishes(account(), product),
            sends_mail=self._sends_mail,
            webhooks=hooks,
            means=MEANS,
            deliveries=notices.log(product),
        )


def _back(product: Product) -> AnyResponse:
    return redirect(url_for("console.notifications", number=product.id), 303)
