"""What reports go by, and who changed what."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import IntegerField, StringField, ValidationError
from wtforms.validators import NumberRange, Optional

from exitpoll_agent import wire
from exitpoll_server.console import forms
from exitpoll_server.console.access import ADMINISTRATOR, OWNS, Pages
from exitpoll_server.console.changed import said
from exitpoll_server.store import CHANGES_ON_A_PAGE, Product, Store

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


class SettingsPages:
    """A product's settings, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/settings", self.settings, whom=OWNS, post=self.set_thresholds)
        pages.add("/<int:number>/changes", self.changes, whom=OWNS)
        pages.add("/changes", self.changes_of_all, whom=ADMINISTRATOR)

    def settings(self, product: Product) -> str:
        """Show what reports go by."""
        return render_template("console/settings.html", form=Thresholds(obj=product))

    def set_thresholds(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Let reports go by something else, of any day."""
        form = Thresholds()
        if not form.validate():
            return render_template("console/settings.html", form=form), 422
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
