"""What is known of one copy, and "delete everything": by a survey's address, or by the copy's id.

The id is the capability, as it is for the agent, and holds when every address has expired. It is
sent in a form's body, so that it stands in no address and in no history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, g, render_template, request
from flask_babel import gettext

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.ids import stable_uuid
from exitpoll_server.rates import Rates
from exitpoll_server.store import Asked, Entry, Product, Section, Store
from exitpoll_server.survey.addresses import MAX_LINK_ID_CHARS, product_of
from exitpoll_server.survey.labels import TITLES, label

COMPUTED = 5
"""The version of the UUIDs that are computed from a vendor's own ids, which may be guessed."""

PRIVATE = frozenset({"attributes", "comment", "customer", "email", "follow_up"})
"""What whoever merely guessed an id must not read."""


@dataclass(frozen=True, kw_only=True)
class _Copy:
    """One copy, by whichever way its person came."""

    product: Product
    id: UUID
    is_test: bool
    """A rehearsal: of the copy whose id it uses nothing is shown or deleted."""
    typed: str | None = None
    """What was typed into the form for an id."""


def add_to(blueprint: Blueprint, store: Store, rates: Rates, read: Callable[[str], Asked]) -> None:
    """Add the pages; `read` returns the person behind a survey's token."""
    pages = _Pages(store, rates, read)
    blueprint.get("/s/<token>/known", endpoint="known")(pages.by_token)
    blueprint.post("/s/<token>/known", endpoint="erase")(pages.erase_by_token)
    blueprint.get("/s/copy/<product_key>", endpoint="copy")(pages.form)
    blueprint.post("/s/copy/<product_key>", endpoint="copy_known")(pages.by_id)


class _Pages:
    """The pages, on one store."""

    def __init__(self, store: Store, rates: Rates, read: Callable[[str], Asked]) -> None:
        self._store = store
        self._rates = rates
        self._read = read

    def by_token(self, token: str) -> str:
        """Show what is known of the copy that a survey's address belongs to."""
        copy = self._copy(token)
        return _known(copy, self._of(copy))

    def erase_by_token(self, token: str) -> str:
        """Ask whether to delete everything, or do it."""
        request.max_content_length = wire.MAX_BODY_BYTES
        return self._go_on(self._copy(token))

    def form(self, product_key: str) -> str:
        """Ask for the number of a copy."""
        return _form(product_of(self._store, self._rates, product_key))

    def by_id(self, product_key: str) -> str | tuple[str, int]:
        """Show what is known of the copy whose number was typed, or go on to delete it."""
        request.max_content_length = wire.MAX_BODY_BYTES
        product = product_of(self._store, self._rates, product_key)
        # Copied with what stood around it; nothing else is forgiven, an id is exact.
        typed = request.form.get("id", "").strip()[:MAX_LINK_ID_CHARS]
        if not typed:
            wrong = gettext("Please type the number of your copy.")
            return _form(product, wrong=wrong), 422
        copy = _Copy(product=product, id=stable_uuid(typed), is_test=False, typed=typed)
        return self._go_on(copy) if "erase" in request.form else _known(copy, self._of(copy))

    def _copy(self, token: str) -> _Copy:
        person = self._read(token)
        g.locale = person.locale
        return _Copy(product=person.product, id=person.installation_id, is_test=person.is_test)

    def _of(self, copy: _Copy) -> tuple[Section, ...]:
        sections = self._store.known_of(copy.product, copy.id)
        return tuple(one for one in sections if one.is_test or not copy.is_test)

    def _go_on(self, copy: _Copy) -> str:
        if request.form.get("erase") != "yes":
            return render_template("survey/erase.html", copy=copy)
        sections, now = self._of(copy), clock.now()
        # Rehearsals may use a real id: that copy's own messages stay welcome.
        only_rehearsed = bool(sections) and all(one.is_test for one in sections)
        if only_rehearsed:
            self._store.erase_rehearsals(copy.product, copy.id)
        else:
            self._store.erase(copy.product, copy.id, now)
        return render_template(
            "survey/erased.html",
            copy=copy,
            deleted=_deleted(sections),
            stays_listed=not only_rehearsed,
            at=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        )


def _form(product: Product, *, wrong: str | None = None) -> str:
    return render_template(
        "survey/copy.html", product=product.name, wrong=wrong, most=MAX_LINK_ID_CHARS
    )


def _known(copy: _Copy, sections: tuple[Section, ...]) -> str:
    is_guessable = copy.id.version == COMPUTED
    if is_guessable:
        sections = tuple(_without_private(one) for one in sections)
    return render_template(
        "survey/known.html",
        copy=copy,
        sections=sections,
        titles=TITLES,
        label=label,
        is_guessable=is_guessable,
    )


def _without_private(section: Section) -> Section:
    def covered(entry: Entry) -> Entry:
        if entry.name not in PRIVATE:
            return entry
        return replace(entry, value=gettext("kept, and not shown here"))

    records = tuple(tuple(map(covered, record)) for record in section.records)
    return replace(section, records=records)


def _deleted(sections: tuple[Section, ...]) -> list[tuple[str, int]]:
    """Return what was deleted, and how many of it; the list of the deleted stays."""
    sizes: Counter[str] = Counter()
    for section in sections:
        sizes[section.title] += section.size
    return [(str(TITLES[title]), n) for title, n in sizes.items() if title != "tombstones"]
