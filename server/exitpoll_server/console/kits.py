"""Kits: chosen on a page, and downloaded as one file with instructions for this product."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from flask import Response, abort, render_template, request
from flask_babel import gettext, lazy_gettext

from exitpoll_agent import wire
from exitpoll_server import kits
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.kits import KINDS, Kit, KitError
from exitpoll_server.kits.kinds import ANY, ASKING, CONSENTS, LIBRARY, SCOPES
from exitpoll_server.store import Product, Store

FOR_WHOM = {
    "user": lazy_gettext("the person who installs it"),
    "machine": lazy_gettext("everybody on the machine"),
}
CONSENT = {
    "ask": lazy_gettext("The setup asks, and the answer holds"),
    "full": lazy_gettext("Launches and the uninstall are sent"),
    "exit": lazy_gettext("Only the uninstall is sent, without any history"),
    "none": lazy_gettext("Nothing is sent until the product has asked"),
}
ASKED = {
    "ask": lazy_gettext("On a page of the uninstaller, in the person's language"),
    "open": lazy_gettext("On the survey's page, which opens by itself"),
    "no": lazy_gettext("Nobody is asked"),
}
KIND = {
    "link": lazy_gettext("Ten lines without a program, for any setup"),
    "inno": "Inno Setup",
    "nsis": "NSIS",
    "msi": "Windows Installer (MSI)",
    "deb": lazy_gettext(".deb, for Debian and Ubuntu"),
    "rpm": lazy_gettext(".rpm, for Fedora and SUSE"),
    "script": lazy_gettext("A script of your own"),
    "python": lazy_gettext("A program that pip installs"),
}


class Kits:
    """What a developer bundles, on one store."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store = store
        self._public_url = public_url

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/kits", self.kits, whom=OWNS)
        pages.add("/<int:number>/kits/<kind>", self.kit, whom=OWNS)
        pages.add("/<int:number>/kits/<kind>/download", self.kit_file, whom=OWNS)

    def kits(self, product: Product) -> str:
        """Show which kinds there are."""
        return render_template(
            "console/kits.html",
            kinds=KIND,
            address=str(wire.Address(product_key=product.key, base=self._public_url)),
            agents=self._store.agents(),
        )

    def kit(self, _product: Product, kind: str, fault: str = "") -> str:
        """Ask what is to be chosen for one kind."""
        known = KINDS.get(kind)
        if known is None:
            abort(404)
        there = {agent.platform for agent in self._store.agents()} | {ANY, LIBRARY}
        return render_template(
            "console/kit.html",
            kind=kind,
            name=KIND[kind],
            for_whom={one: FOR_WHOM[one] for one in known.scopes},
            consents={one: CONSENT[one] for one in CONSENTS if one != "ask" or known.asks_consent},
            platforms=known.platforms,
            there=there,
            asked={one: ASKED[one] for one in ASKING},
            fault=fault,
        )

    def kit_file(self, product: Product, kind: str) -> Response | tuple[str, int]:
        """Give the kit that the address chooses, as one file."""
        if kind not in KINDS:
            abort(404)
        try:
            content = _zipped(self._chosen(product, kind), self._store)
        except KitError as error:
            return self.kit(product, kind, _said(error)), 422
        name = f"{kits.slug(product.name)}-{kind}"
        disposition = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
        return Response(content, content_type="application/zip", headers=disposition)

    def _chosen(self, product: Product, kind: str) -> Kit:
        given = request.args
        return Kit.chosen(
            kind=kind,
            product=product.name,
            address=wire.Address(product_key=product.key, base=self._public_url),
            survey=self._store.survey(product, "exit"),
            scope=next((one for one in SCOPES if one == given.get("scope")), None),
            consent=next((one for one in CONSENTS if one == given.get("consent")), None),
            asking=next((one for one in ASKING if one == given.get("survey")), "ask"),
            platform=given.get("platform") or None,
            lasting_key=product.lasting_key,
        )


def _zipped(kit: Kit, store: Store) -> bytes:
    """Return a kit as a ZIP file, in which programs are still programs.

    Raises:
        KitError: this server has no agent for its platform.
    """
    agent = kits.agent_for(kit, store.agent_archive)
    file = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{kits.slug(kit.product)}-{kit.kind}"
        kits.write(kit, target, agent)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for one in sorted(target.rglob("*")):
                archive.write(one, one.relative_to(folder))
    return file.getvalue()


def _said(error: KitError) -> str:
    """Say on a page what the command line says of its options."""
    if isinstance(error, kits.NoAgentError):
        return gettext(
            "This server has no agent for %(platform)s yet. On a machine with Exitpoll's source, "
            "make it with `make %(target)s`; then, where this server runs: "
            "exitpoll agent add dist/exitpoll-agent-VERSION-%(platform)s.tar.xz",
            platform=error.platform,
            target=error.target,
        )
    return gettext("This does not go together. Please choose what is sent, and for whom it is.")
