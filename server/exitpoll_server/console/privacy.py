"""For the privacy officer: what is collected and why, one copy's data, erasing it, and the log."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from flask import Response, abort, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_agent import wire
from exitpoll_server import clock, dictionary
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.store import ERASURES_ON_A_PAGE, Product, Section, Store, digest


class Privacy:
    """The privacy officer's page, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/privacy", self.privacy, whom=OWNS)
        pages.add("/<int:number>/privacy/copy.json", self.copy_file, whom=OWNS)
        pages.form("/<int:number>/privacy/erase", self.erase_copy, whom=OWNS)

    def privacy(self, product: Product) -> str | tuple[str, int]:
        """Show what is collected, and everything of a copy where one is named."""
        typed = request.args.get("id", "").strip()
        if not typed:
            return self._shown(product)
        found = _id(typed)
        if found is None:
            return self._shown(product, typed, gettext("This is no id of an installation.")), 422
        return self._shown(product, typed, found=self._store.known_of(product, found))

    def copy_file(self, product: Product) -> Response:
        """Give everything that is kept of a copy, as JSON."""
        uuid = _id(request.args.get("id", "")) or abort(400)
        kept = self._store.known_of(product, uuid, most=None)
        if not kept:
            abort(404)
        content = {
            "product": product.name,
            "installation_id": str(uuid),
            "exported_at": wire.format_instant(clock.now().replace(microsecond=0)),
            "kept": [_plain(section) for section in kept],
        }
        disposition = f'attachment; filename="installation-{uuid}.json"'
        headers = {"Content-Disposition": disposition}
        return Response(
            json.dumps(content, ensure_ascii=False, indent=1),
            content_type="application/json",
            headers=headers,
        )

    def erase_copy(self, product: Product) -> AnyResponse | str | tuple[str, int]:
        """Erase everything of a copy, if somebody really means it, and give a receipt."""
        typed = request.form.get("id", "").strip()
        uuid = _id(typed)
        if uuid is None:
            return self._shown(product, typed, gettext("This is no id of an installation.")), 422
        known = self._store.known_of(product, uuid)
        if not request.form.get("sure"):
            fault = gettext("Please tick the box first.")
            return self._shown(product, typed, fault, found=known), 422
        now = clock.now()
        self._store.erase(product, uuid, now)
        return render_template(
            "console/receipt.html",
            at=now,
            digest=digest(uuid),
            uuid=uuid,
            erased=[one for one in known if one.title != "tombstones"],
        )

    def _shown(
        self,
        product: Product,
        typed: str = "",
        fault: str = "",
        found: tuple[Section, ...] | None = None,
    ) -> str:
        before = request.args.get("before")
        erasures = self._store.keeping.erasures(product, None if not before else _instant(before))
        return render_template(
            "console/privacy.html",
            consents=self._store.keeping.consents(product),
            declared=self._store.keeping.declared(product),
            fields=dictionary.fields(),
            typed=typed,
            fault=fault,
            found=found,
            erasures=erasures,
            more=len(erasures) == ERASURES_ON_A_PAGE,
            instant=wire.format_instant,
        )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    try:
        return wire.parse_instant(text)
    except ValueError:
        abort(404)


def _plain(section: Section) -> dict[str, object]:
    return {
        "table": section.title,
        "rehearsal": section.is_test,
        "records": [{entry.name: entry.value for entry in one} for one in section.records],
    }
