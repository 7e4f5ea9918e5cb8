"""What reports go by, and who changed what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, DateField, IntegerField, StringField, ValidationError
from wtforms.validators import NumberRange, Optional

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.console import forms
from exitpoll_server.console.access import ADMINISTRATOR, OWNS, Pages
from exitpoll_server.console.changed import said
from exitpoll_server.policy import (
    MAX_INTERVAL_HOURS,
    MAX_MOVE_CHARS,
    MAX_RETENTION_DAYS,
    check_new_address,
)
from exitpoll_server.store import (
    CHANGES_ON_A_PAGE,
    STILL_SPOKEN_DAYS,
    NoSuchKeyError,
    Product,
    Store,
)

MAX_DAYS = 3650
MAX_WINDOW_DAYS = 365
"""Health compares two windows: of more than two years nobody has the days."""


def _between(least: int, most: int) -> NumberRange:
    return NumberRange(least, most, lazy_gettext("Please take a number from %(min)d to %(max)d."))


class Thresholds(forms.Form):
    """From when on somebody has stopped, and what is good health."""

    stopped_after_days = IntegerField(
        lazy_gettext("Stopped after, days"),
        [forms.needed(), _between(1, MAX_DAYS)],
        description=lazy_gettext("A copy that was not started for so long counts as stopped."),
    )
    trial_days = IntegerField(
        lazy_gettext("Trial, days"),
        [Optional(), _between(1, MAX_DAYS)],
        description=lazy_gettext("How long a trial lasts; empty where there is none."),
    )
    window_days = IntegerField(
        lazy_gettext("Health looks at, days"),
        [forms.needed(), _between(1, MAX_WINDOW_DAYS)],
        description=lazy_gettext("The last so many days are compared with as many before them."),
    )
    good_days = IntegerField(
        lazy_gettext("Good from, days of use"),
        [forms.needed(), _between(1, MAX_WINDOW_DAYS)],
        description=lazy_gettext("Used on so many of those days, a copy is in good health."),
    )
    success_milestone = StringField(
        lazy_gettext("Milestone of success"),
        [forms.at_most(wire.MAX_NAME_CHARS), forms.is_printable],
        description=lazy_gettext(
            "As your product calls it, such as first-export: good health needs it too. Empty: none."
        ),
    )

    def validate_good_days(self, field: IntegerField) -> None:
        """Refuse what no window has room for."""
        if field.data and self.window_days.data and field.data > self.window_days.data:
            raise ValidationError(gettext("The days that health looks at are fewer than that."))


class Asking(forms.Form):
    """What agents are asked for with every answer."""

    collection = BooleanField(
        lazy_gettext("Agents collect"),
        description=lazy_gettext(
            "Off: from the next message on, agents send nothing, and ask every 30 days whether "
            "that still holds. On widens nobody's consent: whoever said less sends no more."
        ),
    )
    survey = BooleanField(
        lazy_gettext("Agents ask who uninstalls"),
        description=lazy_gettext(
            "Off: from the next message on, agents open no page and put no question. What an "
            "installer asks on a page of its own still arrives."
        ),
    )
    interval_hours = IntegerField(
        lazy_gettext("Further launches of a day after, hours"),
        [forms.needed(), _between(1, MAX_INTERVAL_HOURS)],
        description=lazy_gettext(
            "From the next message on, agents wait so long with them; the first of a day, a new "
            "version and an uninstall are told at once."
        ),
    )
    resend_since = DateField(
        lazy_gettext("Send again since"),
        [Optional()],
        description=lazy_gettext(
            "With their next messages, agents send again what they have of this day and later, up "
            "to 35 days back: for a server that was restored. Nothing is counted twice."
        ),
    )
    move_to = StringField(
        lazy_gettext("New address"),
        [forms.at_most(MAX_MOVE_CHARS), forms.is_printable],
        description=lazy_gettext(
            "From the next message on, agents send there, and ask here now and then whether that "
            "still holds: https://, the product's key at the new server, @, its name. Try it "
            "with exitpoll-agent doctor first. Empty: they come back."
        ),
    )

    def validate_move_to(self, field: StringField) -> None:
        """Refuse where agents would not go."""
        if not field.data:
            return
        try:
            check_new_address(field.data)
        except wire.AddressError:
            raise ValidationError(
                gettext("Please write it like https://PRODUCT-KEY@feedback.example.com.")
            ) from None

    def policy(self) -> wire.Policy:
        """Return what was chosen."""
        return wire.Policy(
            collection=self.collection.data,
            survey=self.survey.data,
            interval_hours=self.interval_hours.data,
            resend_since=self.resend_since.data,
            move_to=self.move_to.data or None,
        )


class Retention(forms.Form):
    """How long is kept what is known of a copy."""

    retention_days = IntegerField(
        lazy_gettext("Kept after the last sign of life, days"),
        [Optional(), _between(1, MAX_RETENTION_DAYS)],
        description=lazy_gettext(
            "A copy without a message, an opened page or an answer for so long is deleted, with "
            "everything that is known of it; reports say how many were. Empty: kept until "
            "somebody erases it."
        ),
    )


class SettingsPages:
    """A product's settings, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/settings", self.settings, whom=OWNS, post=self.set_thresholds)
        pages.form("/<int:number>/settings/policy", self.set_policy, whom=OWNS)
        pages.form("/<int:number>/settings/retention", self.set_retention, whom=OWNS)
        pages.form("/<int:number>/settings/keys", self.new_key, whom=OWNS)
        pages.form("/<int:number>/settings/keys/<key>/retire", self.retire_key, whom=OWNS)
        pages.form("/<int:number>/settings/keys/<key>/accept", self.accept_key, whom=OWNS)
        pages.add("/<int:number>/changes", self.changes, whom=OWNS)
        pages.add("/changes", self.changes_of_all, whom=ADMINISTRATOR)

    def settings(self, product: Product) -> str:
        """Show what reports go by, what agents are asked for, how long is kept, and the keys."""
        return self._shown(product)

    def set_thresholds(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Let reports go by something else, of any day."""
        form = Thresholds()
        if not form.validate():
            return self._shown(product, thresholds=form), 422
        self._store.change_product(
            replace(
                product,
                stopped_after_days=form.stopped_after_days.data,
                trial_days=form.trial_days.data,
                window_days=form.window_days.data,
                good_days=form.good_days.data,
                success_milestone=form.success_milestone.data or None,
            )
        )
        flash(gettext("Kept. Every report goes by it from now on, of earlier days too."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def set_policy(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Ask agents for something else, from their next message on."""
        form = Asking()
        if not form.validate():
            return self._shown(product, asking=form), 422
        self._store.change_product(replace(product, policy=form.policy()))
        flash(gettext("Kept. Every agent hears it with its next message."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def set_retention(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Keep what is known of copies for another time."""
        form = Retention()
        if not form.validate():
            return self._shown(product, retention=form), 422
        days = form.retention_days.data or None
        self._store.change_product(replace(product, retention_days=days))
        flash(gettext("Kept. Copies whose time is up go with the next run, for good."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def new_key(self, product: Product) -> AnyResponse:
        """Give the product a new key."""
        self._store.keeping.rotate(product, clock.now())
        flash(gettext("There is a new key. Kits have it from now on; the former ones go on."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def retire_key(self, product: Product, key: str) -> AnyResponse | tuple[str, int]:
        """Accept nothing with a former key any more, if somebody really means it."""
        if not request.form.get("sure"):
            return self._shown(product, unsure=key), 422
        try:
            self._store.keeping.retire(product, key, clock.now())
        except NoSuchKeyError:
            abort(404)
        flash(gettext("Nothing is accepted with that key any more."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def accept_key(self, product: Product, key: str) -> AnyResponse:
        """Accept a key again that was retired."""
        try:
            self._store.keeping.accept_again(product, key)
        except NoSuchKeyError:
            abort(404)
        flash(gettext("That key is accepted again."))
        return redirect(url_for("console.settings", number=product.id), 303)

    def _shown(
        self,
        product: Product,
        *,
        thresholds: Thresholds | None = None,
        asking: Asking | None = None,
        retention: Retention | None = None,
        unsure: str = "",
    ) -> str:
        now = clock.now()
        return render_template(
            "console/settings.html",
            form=thresholds or Thresholds(formdata=None, obj=product),
            asking=asking or Asking(formdata=None, obj=product.policy),
            retention=retention or Retention(formdata=None, obj=product),
            keys=self._store.keeping.keys(product, now),
            still_spoken_days=STILL_SPOKEN_DAYS,
            heard_since=now.date() - timedelta(days=STILL_SPOKEN_DAYS),
            unsure=unsure,
        )

    def changes(self, product: Product) -> str:
        """Show who changed what of a product."""
        return self._listed(product.id)

    def changes_of_all(self) -> str:
        """Show who changed what of the server itself."""
        return self._listed(None)

    def _listed(self, product_id: int | None) -> str:
        before = request.args.get("before", type=int)
        found = self._store.people.changes(product_id, before)
        return render_template(
            "console/changes.html", changes=found, more=len(found) == CHANGES_ON_A_PAGE, said=said
        )
