"""What people wrote: every comment, grouped into themes; and those who left, one by one."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from exitpoll_server import clock
from exitpoll_server.console import forms
from exitpoll_server.console.access import EVERYBODY, STUDIES, Pages
from exitpoll_server.console.reports import read
from exitpoll_server.counts import Churned, HealthClass
from exitpoll_server.counts.themes import DECISIONS
from exitpoll_server.gathering import Gathered, gather
from exitpoll_server.kits import slug
from exitpoll_server.render import words
from exitpoll_server.report.comments_list import CommentFilter, listed
from exitpoll_server.report.themes import Theme
from exitpoll_server.store import MergeError, NoThemeError, Product, Store
from exitpoll_server.tables import Table
from exitpoll_server.transfer.exporting import Wanted, churn_table, comments_table
from exitpoll_server.transfer.writing import WRITERS, Format

PAGE = 50
"""Comments on one page."""
MOST_FORMED = 20
"""Themes that nobody kept: what follows is said by very few."""
QUOTES = 3
MOST_ROWS = 500
"""Rows on one page; a file has all of them."""
MAX_SEARCH_CHARS = 200
MAX_NAME_CHARS = 80
MAX_NOTE_CHARS = 200

HEALTH_CLASSES: tuple[HealthClass, ...] = ("good", "medium", "poor", "new")
HEALTH = {
    "good": lazy_gettext("good"),
    "medium": lazy_gettext("medium"),
    "poor": lazy_gettext("poor"),
    "new": lazy_gettext("new"),
}
DECIDED = {
    "planned": lazy_gettext("planned"),
    "declined": lazy_gettext("declined"),
    "done": lazy_gettext("done"),
}
TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
}


class Named(forms.Form):
    """What a theme is called."""

    name = StringField(
        lazy_gettext("Name"), [forms.needed(), forms.at_most(MAX_NAME_CHARS), forms.is_printable]
    )


@dataclass(frozen=True)
class Shelf:
    """A theme on its page, with some of what is said in it."""

    theme: Theme
    quotes: tuple[str, ...]


class Written:
    """What people wrote, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        pages.add("/<int:number>/comments", self.comments, whom=EVERYBODY)
        pages.add("/<int:number>/comments.<kind>", self.comments_file, whom=STUDIES)
        pages.add("/<int:number>/themes", self.themes, whom=EVERYBODY)
        pages.form("/<int:number>/themes/keep", self.keep, whom=STUDIES)
        pages.form("/<int:number>/themes/<int:theme>/name", self.name, whom=STUDIES)
        pages.form("/<int:number>/themes/<int:theme>/merge", self.merge, whom=STUDIES)
        pages.form("/<int:number>/themes/<int:theme>/decide", self.decide, whom=STUDIES)
        pages.form("/<int:number>/themes/<int:theme>/release", self.release, whom=STUDIES)
        pages.add("/<int:number>/rows", self.rows, whom=EVERYBODY)
        pages.add("/<int:number>/rows.<kind>", self.rows_file, whom=STUDIES)

    # -- comments

    def comments(self, product: Product) -> str:
        """List what people wrote, the latest first, narrowed down by the address."""
        gathered = gather(self._store, product)
        chosen = listed(gathered.themes, _filter(gathered))
        choices = _choices(gathered)
        page = max(request.args.get("page", 1, type=int), 1)
        return render_template(
            "console/comments.html",
            comments=chosen[(page - 1) * PAGE : page * PAGE],
            found=len(chosen),
            all=gathered.themes.left_over.denominator or 0,
            page=page,
            pages=-(-len(chosen) // PAGE),
            choices=choices,
            reasons=[(one, words.reason(one, gathered.labels)) for one in choices["reason"]],
            kept=[(str(one.id), one.name) for one in gathered.kept if one.merged_into is None],
            pairs=lambda values: [(one, one) for one in values],
            labels=gathered.labels,
            words=words,
            health=HEALTH,
        )

    def comments_file(self, product: Product, kind: str) -> Response:
        """Give the comments that the address asks for as a file."""
        gathered = gather(self._store, product)
        chosen = listed(gathered.themes, _filter(gathered))
        table = comments_table([one.comment.departure for one in chosen])
        return _as_file(table, kind, f"{slug(product.name)}-comments")

    # -- themes

    def themes(self, product: Product) -> str:
        """Show which comments wish for the same."""
        gathered = gather(self._store, product)
        every = gathered.themes.themes
        kept = [theme for theme in every if theme.kept is not None]
        formed = [theme for theme in every if theme.kept is None]
        return render_template(
            "console/themes.html",
            kept=[_shelf(theme) for theme in kept],
            formed=[_shelf(theme) for theme in formed[:MOST_FORMED]],
            merged=[one for one in gathered.kept if one.merged_into is not None],
            left_over=gathered.themes.left_over,
            decided=DECIDED,
            words=words,
        )

    def keep(self, product: Product) -> AnyResponse:
        """Keep a theme that formed by itself, under a name."""
        form = Named()
        formed = next(
            (
                theme
                for theme in gather(self._store, product).themes.themes
                if theme.kept is None and theme.name == request.form.get("theme")
            ),
            None,
        )
        if formed is None:
            flash(gettext("This theme is not there any more: other comments came."))
        elif form.validate():
            self._store.keep_theme(product, name=form.name.data, words=formed.words)
        else:
            flash(_why_not(form))
        return _to_themes(product)

    def name(self, product: Product, theme: int) -> AnyResponse:
        """Call a theme something else."""
        form = Named()
        if form.validate():
            self._changed(lambda: self._store.name_theme(product, theme, form.name.data))
        else:
            flash(_why_not(form))
        return _to_themes(product)

    def merge(self, product: Product, theme: int) -> AnyResponse:
        """Let another theme gather for this one too."""
        into = request.form.get("into", type=int)
        if into is None:
            flash(gettext("Please choose the theme that it belongs to."))
        else:
            self._changed(lambda: self._store.merge_theme(product, theme, into))
        return _to_themes(product)

    def decide(self, product: Product, theme: int) -> AnyResponse:
        """Note what becomes of a wish."""
        note = " ".join(request.form.get("note", "").split())[:MAX_NOTE_CHARS]
        decision = next((one for one in DECISIONS if one == request.form.get("decision")), None)
        self._changed(
            lambda: self._store.decide_theme(
                product, theme, decision=decision, note=note or None, now=clock.now()
            )
        )
        return _to_themes(product)

    def release(self, product: Product, theme: int) -> AnyResponse:
        """Let a theme stand by itself again, or keep it no more."""
        self._changed(lambda: self._store.release_theme(product, theme))
        return _to_themes(product)

    def _changed(self, change: Callable[[], object]) -> None:
        try:
            change()
        except NoThemeError:
            flash(gone())
        except MergeError:
            flash(gettext("These two are one theme already."))

    # -- those who left, one by one

    def rows(self, product: Product) -> str:
        """List those who left or stopped, as the address narrows them down."""
        asked = read()
        chosen = list(itertools.islice(self._rows(product), MOST_ROWS + 1))
        return render_template(
            "console/rows.html",
            asked=asked,
            rows=chosen[:MOST_ROWS],
            more=len(chosen) > MOST_ROWS,
            among=request.args.get("among", "")[:MAX_SEARCH_CHARS],
            words=words,
            health=HEALTH,
            labels=self._store.labels(product),
        )

    def rows_file(self, product: Product, kind: str) -> Response:
        """Give all such rows as a file."""
        return _as_file(churn_table(self._rows(product)), kind, f"{slug(product.name)}-rows")

    def _rows(self, product: Product) -> Iterator[Churned]:
        asked, wanted = read(), _wanted()
        rows = self._store.churn(
            product,
            asked.window(clock.now()),
            stopped_after_days=product.stopped_after_days,
            where=asked.where,
        )
        return filter(wanted.has, rows)


def gone() -> str:
    """Say that somebody gave a theme up meanwhile."""
    return gettext("This theme is not there any more.")


def no_theme(product: Product) -> AnyResponse:
    """Lead whoever looks for such a theme to those that there are."""
    flash(gone())
    return _to_themes(product)


def _to_themes(product: Product) -> AnyResponse:
    return redirect(url_for("console.themes", number=product.id), 303)


def _why_not(form: forms.Form) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _shelf(theme: Theme) -> Shelf:
    said = (words.prose(one.departure.comment) for one in theme.comments[:QUOTES])
    return Shelf(theme, tuple(said))


# -- reading what an address asks for ------------------------------------------------------


def _filter(gathered: Gathered) -> CommentFilter:
    given = request.args
    number = given.get("theme", type=int)
    theme = None if number is None else gathered.gatherer(number)
    return CommentFilter(
        reason=given.get("reason") or None,
        version=given.get("version") or None,
        tenure_from=given.get("after", type=float),
        tenure_to=given.get("before", type=float),
        health=next((one for one in HEALTH_CLASSES if one == given.get("health")), None),
        language=given.get("language") or None,
        substantive=True if given.get("substantive") else None,
        search=given.get("search", "")[:MAX_SEARCH_CHARS],
        theme=theme.id if theme else None,
        wants_answer=True if given.get("wants_answer") else None,
    )


def _choices(gathered: Gathered) -> dict[str, list[str]]:
    """Return what there is to choose from: only what comments have."""
    everyone = [one for one, _ in gathered.themes.comments()]
    return {
        "reason": sorted({one.departure.reason for one in everyone if one.departure.reason}),
        "version": sorted({one.departure.version for one in everyone if one.departure.version}),
        "language": sorted({one.language for one in everyone}),
    }


def _wanted() -> Wanted:
    given = request.args
    reasons = frozenset(given.getlist("reason"))
    answered = {"yes": True, "no": False}.get(given.get("answered", ""))
    kinds: tuple[Literal["uninstalled", "stopped"], ...] = ("uninstalled", "stopped")
    kind = next((one for one in kinds if one == given.get("kind")), None)
    return Wanted(kind=kind, reasons=reasons or None, answered=answered)


def _as_file(table: Table, kind: str, name: str) -> Response:
    format_ = next((one for one in TYPES if one == kind), None)
    if format_ is None:
        abort(404)
    file = io.BytesIO()
    WRITERS[format_](table, file)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(file.getvalue(), content_type=TYPES[format_], headers=disposition)
