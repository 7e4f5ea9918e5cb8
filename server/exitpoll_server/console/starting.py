"""The first steps: a product, the lines that open its page, and the first arrival, seen live."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from exitpoll_agent import wire
from exitpoll_server import clock, kits
from exitpoll_server.console import forms
from exitpoll_server.console.access import (
    ADMINISTRATOR,
    EVERYBODY,
    OWNS,
    SIGNED_IN,
    Pages,
    account,
    theirs,
)
from exitpoll_server.kits import Kit
from exitpoll_server.store import Product, ProductExistsError, Store

DEFAULT_STOPPED_AFTER_DAYS = 40

LINES = {
    "question.nsi": "NSIS",
    "question.iss": "Inno Setup",
    "question.sh": "sh",
    "question.cmd": "cmd",
}
"""The ten lines, by the file that a kit has them in."""


class NewProduct(forms.Form):
    """What a product is called."""

    name = StringField(
        lazy_gettext("What is your product called?"),
        [forms.needed(), forms.at_most(forms.MAX_NAME_CHARS), forms.is_printable],
        description=lazy_gettext("As the people who use it know it: the survey says it."),
    )


class Starting:
    """From nothing to the first arrival."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store = store
        self._public_url = public_url

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/", self.home, whom=SIGNED_IN)
        pages.add("/new", self.new, whom=ADMINISTRATOR, post=self.create)
        pages.add("/<int:number>/start", self.start, whom=OWNS)
        pages.add("/<int:number>/arrived", self.arrived, whom=EVERYBODY)

    def home(self) -> str | AnyResponse:
        """Lead to the product, where there is one; else say which there are, or how to begin."""
        found = theirs()
        if not found and account().administrator:
            return redirect(url_for("console.new"), 303)
        if len(found) == 1:
            return redirect(url_for("console.report", number=found[0][0].id), 303)
        return render_template("console/home.html", theirs=found)

    def new(self) -> str:
        """Ask what the product is called."""
        return render_template("console/new.html", form=NewProduct())

    def create(self) -> str | AnyResponse | tuple[str, int]:
        """Create a product."""
        form = NewProduct()
        if form.validate():
            try:
                created = self._store.create_product(
                    name=form.name.data,
                    stopped_after_days=DEFAULT_STOPPED_AFTER_DAYS,
                    trial_days=None,
                    now=clock.now(),
                )
            except ProductExistsError:
                form.name.errors = [gettext("There is already a product of this name.")]
            else:
                return redirect(url_for("console.start", number=created.id), 303)
        return render_template("console/new.html", form=form), 422

    def start(self, product: Product) -> str:
        """Show the lines to paste, and wait for the first arrival."""
        return render_template(
            "console/start.html",
            lines=self._lines(product),
            address=str(self._address(product)),
            page=f"{self._public_url}/u/{product.key}",
            arrived=self._store.arrived(product),
        )

    def _lines(self, product: Product) -> dict[str, str]:
        chosen = Kit.chosen(
            kind="link",
            product=product.name,
            address=self._address(product),
            survey=self._store.survey(product, "exit"),
            lasting_key=product.lasting_key,
        )
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "kit"
            kits.write(chosen, target, None)
            return {name: (target / file).read_text("utf-8-sig") for file, name in LINES.items()}

    def _address(self, product: Product) -> wire.Address:
        return wire.Address(product_key=product.key, base=self._public_url)

    def arrived(self, product: Product) -> dict[str, object]:
        """Say, to the page that waits, what has come so far."""
        found = self._store.arrived(product)
        return {"installations": found.installations, "uninstalls": found.uninstalls}
