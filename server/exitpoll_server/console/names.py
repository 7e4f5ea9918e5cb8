"""What milestones and attributes mean, and which of them really arrive."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, SelectField, StringField

from exitpoll_agent import wire
from exitpoll_server.console import forms
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.store import Declared, Product, Store, What

MAX_MEANING_CHARS = 200


class Meaning(forms.Form):
    """What a name means."""

    kind = SelectField(
        lazy_gettext("Kind"),
        choices=[
            ("milestone", lazy_gettext("Milestone: reached once, on a day")),
            ("attribute", lazy_gettext("Attribute: a value that copies are compared by")),
        ],
    )
    name = StringField(
        lazy_gettext("Name"),
        [forms.needed(), forms.at_most(wire.MAX_NAME_CHARS), forms.is_printable],
        description=lazy_gettext("As your product calls it, such as first-export or plan."),
    )
    meaning = StringField(
        lazy_gettext("What it means"),
        [forms.needed(), forms.at_most(MAX_MEANING_CHARS), forms.is_printable],
        description=lazy_gettext("One sentence, for whoever reads the field dictionary."),
    )
    is_personal = BooleanField(lazy_gettext("Its value may tell of a person"))


class Names:
    """A product's names, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/names", self.names, whom=OWNS, post=self.declare)
        pages.form("/<int:number>/names/release", self.take_back, whom=OWNS)

    def names(self, product: Product) -> str:
        """Show what is declared, and what arrives without."""
        given = request.args
        form = Meaning(formdata=None, kind=given.get("kind"), name=given.get("name"))
        return self._shown(product, form)

    def declare(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Say what a name means."""
        form = Meaning()
        if not form.validate():
            return self._shown(product, form), 422
        said = Declared(
            kind=form.kind.data,
            name=form.name.data,
            meaning=form.meaning.data,
            is_personal=form.is_personal.data,
        )
        self._store.keeping.declare(product, said)
        flash(gettext("Kept. It stands in the field dictionary from now on."))
        return redirect(url_for("console.names", number=product.id), 303)

    def take_back(self, product: Product) -> AnyResponse:
        """Say nothing of a name any more."""
        kind: What = "milestone" if request.form.get("kind") == "milestone" else "attribute"
        self._store.keeping.take_back(product, kind, request.form.get("name", ""))
        return redirect(url_for("console.names", number=product.id), 303)

    def _shown(self, product: Product, form: Meaning) -> str:
        declared = self._store.keeping.declared(product)
        arriving = self._store.keeping.arriving(product)
        known = {(one.kind, one.name) for one in declared}
        return render_template(
            "console/names.html",
            form=form,
            declared=declared,
            counts={(one.kind, one.name): one.installations for one in arriving},
            undeclared=[one for one in arriving if (one.kind, one.name) not in known],
        )
