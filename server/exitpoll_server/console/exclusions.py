"""What the vendor leaves out of reports: own machines, sandboxes, abuse; and back again."""

from __future__ import annotations

from datetime import datetime, timezone
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateTimeLocalField, Field, StringField, ValidationError
from wtforms.validators import Optional

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.console import forms
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.store import Excluded, Exclusion, Product, Store

MAX_NOTE_CHARS = 200


def is_id(_form: forms.Form, field: Field) -> None:
    """Refuse what is no installation's id."""
    try:
        UUID(field.data or "")
    except ValueError:
        raise ValidationError(gettext("This is no id of an installation.")) from None


class LeftOut(forms.Form):
    """Whom to leave out: one of id, version and time."""

    installation = StringField(
        lazy_gettext("Installation"),
        [Optional(), is_id],
        description=lazy_gettext(
            "Its id, as exitpoll-agent status prints it: your own machine, a test bench."
        ),
    )
    version = StringField(
        lazy_gettext("Version"),
        [forms.at_most(wire.TEXT_LIMITS["version"]), forms.is_printable],
        description=lazy_gettext("All installations whose last known version this is."),
    )
    start = DateTimeLocalField(lazy_gettext("First heard of from (UTC)"), [Optional()])
    end = DateTimeLocalField(lazy_gettext("… and before (UTC)"), [Optional()])
    note = StringField(lazy_gettext("Why"), [forms.at_most(MAX_NOTE_CHARS), forms.is_printable])

    def which(self) -> Excluded | None:
        """Return who is meant; None where that is nobody, or said in two ways."""
        start, end = _utc(self.start.data), _utc(self.end.data)
        given = (start or end, self.installation.data, self.version.data)
        if sum(bool(one) for one in given) != 1:
            return None
        if (start is None) != (end is None) or (start and end and start >= end):
            return None
        return Excluded(
            start=start,
            end=end,
            installation_id=UUID(self.installation.data) if self.installation.data else None,
            version=self.version.data or None,
        )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=timezone.utc)


class Exclusions:
    """What is left out of a product's reports, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/exclusions", self.exclusions, whom=OWNS, post=self.leave_out)
        pages.form("/<int:number>/exclusions/<int:mark>/lift", self.lift, whom=OWNS)

    def exclusions(self, product: Product) -> str:
        """Show what is left out, and how many that are."""
        return self._shown(product, LeftOut())

    def leave_out(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Leave something out of every report."""
        form = LeftOut()
        is_sound = form.validate()
        which = form.which() if is_sound else None
        if which is None:
            return self._shown(product, form, is_odd=is_sound), 422
        note = form.note.data or None
        made = self._store.keeping.leave_out(product, which, note=note, now=clock.now())
        flash(
            ngettext(
                "Left out of every report: %(num)d installation.",
                "Left out of every report: %(num)d installations.",
                made.installations,
            )
        )
        return redirect(url_for("console.exclusions", number=product.id), 303)

    def lift(self, product: Product, mark: int) -> AnyResponse:
        """Put back what is left out."""
        if not any(one.id == mark for one in self._of(product)):
            abort(404)
        self._store.lift(mark, clock.now())
        flash(gettext("Back in every report, as if it had never been left out."))
        return redirect(url_for("console.exclusions", number=product.id), 303)

    def _of(self, product: Product) -> list[Exclusion]:
        return [one for one in self._store.exclusions() if one.product == product.name]

    def _shown(self, product: Product, form: LeftOut, *, is_odd: bool = False) -> str:
        return render_template(
            "console/exclusions.html", form=form, marks=self._of(product), is_odd=is_odd
        )
