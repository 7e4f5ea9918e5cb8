"""The report: with its window, segment and comparison in the address, and its figures as files."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from flask import Response, abort, g, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from exitpoll_server import clock, render
from exitpoll_server import report as reports
from exitpoll_server.console.access import EVERYBODY, SIGNED_IN, STUDIES, Pages
from exitpoll_server.counts import Window
from exitpoll_server.kits import slug
from exitpoll_server.render import Addresses, Behind
from exitpoll_server.report import Report
from exitpoll_server.report.comparison import Comparison, comparison
from exitpoll_server.store import Product, Store
from exitpoll_server.tables import Table
from exitpoll_server.transfer.writing import WRITERS, Format

log = logging.getLogger(__name__)

WINDOWS = {
    "7": lazy_gettext("last 7 days"),
    "28": lazy_gettext("last 28 days"),
    "91": lazy_gettext("last 3 months"),
    "365": lazy_gettext("last 12 months"),
}
"""By how many days they are; what is not among them is all, or two dates."""

SEGMENTS = {
    "version": lazy_gettext("version"),
    "channel": lazy_gettext("channel"),
    "os": lazy_gettext("system"),
    "locale": lazy_gettext("locale"),
    "edition": lazy_gettext("edition"),
    "source": lazy_gettext("source"),
}

TABLES: tuple[Format, ...] = ("csv", "xlsx")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}

THAN = {
    "before": lazy_gettext("the same number of days before"),
    "year": lazy_gettext("the same days a year before"),
    "other": lazy_gettext("those of whom the same is …"),
}
"""What a report is compared with."""

ABOUT = ("days", "from", "to", "by", "is")
"""What an address says of the window and the segment."""

TIMES_AS_LONG = 60
"""A report is shown again for so many times as long as it took to make: two seconds where that was
a thirtieth of one, a minute and more for a product with millions of launches. What its owners
change is seen at once; every page says as of when it is."""

SLOW_SECONDS = 0.5
"""A report that took longer is shown as it was, while a new one is made for whoever looks next."""

OLDEST_SECONDS = 15 * 60.0
"""An older one is shown to nobody."""

RENEWING = "exitpoll-report"
"""The name of a thread that makes one."""

MOST_KEPT = 16

MAX_VALUE_CHARS = 200
"""Of a segment: no version, channel or attribute is longer."""


_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """What an address asks for."""

    days: str
    """One of WINDOWS, or empty."""
    start: date | None
    end: date | None
    """The last day that is in it."""
    segment: str
    value: str
    faults: tuple[str, ...] = ()
    than: str = ""
    """One of THAN, or empty: what it is compared with."""
    other: str = ""
    """The other value of the segment, where it is compared with that."""

    def window(self, now: datetime) -> Window:
        """Return the window, as known now."""
        if self.days:
            return Window(as_of=now, start=now - timedelta(days=int(self.days)), end=None)
        return Window(as_of=now, start=_midnight(self.start), end=_midnight(_after(self.end)))

    def _span(self, now: datetime) -> tuple[date, date] | None:
        """Return the first day, and the one after the last; None where an end is open."""
        if self.days:
            return now.date() - timedelta(days=int(self.days)), now.date()
        return (self.start, self.end + _DAY) if self.start and self.end else None

    def beside(self, now: datetime) -> dict[str, dict[str, str]]:
        """Return the windows of the same length before and after, as addresses say them."""
        span = self._span(now)
        if span is None:
            return {}
        start, end = span
        length = end - start
        found = {"before": (start - length, start)}
        if end + length <= now.date() + _DAY:
            found["after"] = (end, end + length)
        return {
            name: {"from": one.isoformat(), "to": (other - _DAY).isoformat()}
            for name, (one, other) in found.items()
        }

    @property
    def where(self) -> Mapping[str, str]:
        """The segment."""
        return {self.segment: self.value} if self.segment and self.value else {}

    @property
    def alone(self) -> Asked:
        """The same, compared with nothing."""
        return replace(self, than="", other="", faults=())

    def compared(self, now: datetime) -> Asked | None:
        """Return what it is compared with; None where that is nothing."""
        if self.than == "other":
            return replace(self.alone, value=self.other)
        span = self._span(now)
        if not self.than or span is None:
            return None
        start, end = span
        if self.than == "before":
            start, end = start - (end - start), start
        else:
            start, end = _a_year_before(start), _a_year_before(end)
        return replace(self.alone, days="", start=start, end=end - _DAY)

    def names(self, now: datetime) -> tuple[str, str]:
        """Name this and what it is compared with, in a few words."""
        if self.than == "other":
            return self.value, self.other
        other = self.compared(now)
        span = self._span(now)
        if other is None or other.start is None or other.end is None or span is None:
            return "", ""
        first, end = span
        return _days(first, end - _DAY), _days(other.start, other.end)


_Name: TypeAlias = tuple[Product, Asked, int]
"""Of a report: what it is of, and the last change that its owners made."""


@dataclass(frozen=True)
class _Kept:
    """A report that is shown again; instants are of the monotonic clock."""

    report: Report
    began: float
    took: float
    """Seconds."""

    def is_fresh(self, now: float) -> bool:
        """Whether it is worth no new one."""
        return now < self.began + (1 + TIMES_AS_LONG) * self.took

    def may_be_shown(self, now: float) -> bool:
        """Whether it is shown, though it is not fresh, rather than let somebody wait."""
        return self.took >= SLOW_SECONDS and now < self.began + OLDEST_SECONDS


class Reports:
    """A product's report, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[_Name, _Kept] = {}
        self._renewing: set[_Name] = set()

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        render.prepare()
        pages.add("/report.css", self.report_style, whom=SIGNED_IN)
        pages.add("/<int:number>/report", self.report, whom=EVERYBODY)
        pages.add("/<int:number>/report.<kind>", self.report_file, whom=STUDIES)
        pages.add("/<int:number>/comparison.<kind>", self.comparison_file, whom=STUDIES)
        pages.add("/<int:number>/report/<picture>.<kind>", self.report_picture, whom=STUDIES)

    def report_style(self) -> Response:
        """Give the look of a report."""
        return Response(render.part_style(), content_type="text/css; charset=utf-8")

    def report(self, product: Product) -> str:
        """Show the report of the window and segment that the address names."""
        asked = read()
        made = self._made(product, asked)
        found = self._compared(product, asked, made)
        names = asked.names(clock.now())
        return render_template(
            "console/report.html",
            asked=asked,
            comparisons=THAN.items(),
            compared=found and Markup(render.as_comparison(found, *names, g.locale)),  # noqa: S704 - as below
            beside=asked.beside(clock.now()),
            windows=WINDOWS,
            dimensions=SEGMENTS.items(),
            seen=made.iceberg.seen.numerator,
            body=Markup(render.as_part(made, _addresses(), g.locale)),  # noqa: S704 - made by a template that escapes
        )

    def report_file(self, product: Product, kind: str) -> Response:
        """Give all figures as a file."""
        if kind not in TYPES:
            abort(404)
        made = self._made(product, read())
        content = (
            render.as_json(made).encode()
            if kind == "json"
            else _written(render.as_table(made), kind)
        )
        name = f"exitpoll-{slug(product.name)}.{kind}"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, content_type=TYPES[kind], headers=disposition)

    def comparison_file(self, product: Product, kind: str) -> Response:
        """Give what the address compares as a file; it has no rows where that is nothing."""
        asked = read()
        if kind not in TABLES:
            abort(404)
        found = self._compared(product, asked, self._made(product, asked)) or Comparison((), {})
        name = f"exitpoll-{slug(product.name)}-comparison.{kind}"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        content = _written(render.comparison_table(found), kind)
        return Response(content, content_type=TYPES[kind], headers=disposition)

    def report_picture(self, product: Product, picture: str, kind: str) -> Response:
        """Give one picture of the report as a file, or its numbers."""
        found = render.as_picture(self._made(product, read()), picture, g.locale)
        if found is None:
            abort(404)
        svg, table = found
        if kind == "svg" and svg is not None:
            # It brings its own style, and nothing else.
            response = Response(svg, content_type="image/svg+xml")
            policy = "default-src 'none'; style-src 'unsafe-inline'"
            response.headers["Content-Security-Policy"] = policy
        elif kind in TABLES:
            response = Response(_written(table, kind), content_type=TYPES[kind])
        else:
            abort(404)
        name = f"exitpoll-{slug(product.name)}-{slug(picture)}.{kind}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _compared(self, product: Product, asked: Asked, made: Report) -> Comparison | None:
        other = asked.compared(clock.now())
        if other is None:
            return None
        return comparison(made, self._made(product, other), of_segments=asked.than == "other")

    def _made(self, product: Product, asked: Asked) -> Report:
        asked = asked.alone
        changes = self._store.people.changes(product.id)
        name = (product, asked, changes[0].id if changes else 0)
        now = time.monotonic()
        kept = self._kept.get(name)
        if kept is None or not (kept.is_fresh(now) or kept.may_be_shown(now)):
            return self._make(name)
        if not kept.is_fresh(now):
            self._renew(name)
        return kept.report

    def _renew(self, name: _Name) -> None:
        """Make a report for whoever looks next, unless that is being done."""
        if name not in self._renewing:
            self._renewing.add(name)
            threading.Thread(target=self._renewed, args=[name], name=RENEWING, daemon=True).start()

    def _renewed(self, name: _Name) -> None:
        try:
            self._make(name)
        except Exception:  # nobody waits for it: whoever looks when it is too old is told
            log.exception("a report could not be renewed")
        finally:
            self._renewing.discard(name)

    def _make(self, name: _Name) -> Report:
        product, asked, _ = name
        began = time.monotonic()
        counts = self._store.counts(
            product,
            asked.window(clock.now()),
            stopped_after_days=product.stopped_after_days,
            most_lines=reports.MOST_LINES,
            where=asked.where,
        )
        made = reports.make(counts)
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[name] = _Kept(made, began, time.monotonic() - began)
        return made


def _addresses() -> Addresses:
    may_take_files = g.role in STUDIES
    return Addresses(rows=_rows, picture=_picture if may_take_files else None)


def _picture(name: str, kind: str) -> str:
    """Return the address of a picture of the report in hand."""
    same: dict[str, Any] = {one: request.args[one] for one in ABOUT if one in request.args}
    return url_for("console.report_picture", number=g.product.id, picture=name, kind=kind, **same)


def _rows(behind: Behind) -> str:
    """Return the address of the rows behind a count of the report in hand."""
    given, options = request.args, behind.options
    narrowed: dict[str, Any] = {
        **{name: given[name] for name in ABOUT if name in given},
        "answered": "yes" if "--answered" in options else None,
        "reason": options[-1] if "--reason" in options else None,
        "among": behind.among,
    }
    return url_for("console.rows", number=g.product.id, kind="uninstalled", **narrowed)


def _written(table: Table, kind: str) -> bytes:
    file = io.BytesIO()
    for known in TABLES:
        if known == kind:
            WRITERS[known](table, file)
    return file.getvalue()


# -- what an address asks for --------------------------------------------------------------


def read() -> Asked:
    """Return what the address in hand asks for; what makes no sense is said, and left out."""
    given = request.args
    faults: list[str] = []
    start, end = _day(given.get("from", ""), faults), _day(given.get("to", ""), faults)
    if start and end and start > end:
        faults.append(gettext("The window would end before it begins."))
        start = end = None
    days = given.get("days", "")
    segment, value = given.get("by", ""), given.get("is", "")[:MAX_VALUE_CHARS]
    known = segment in SEGMENTS or segment.startswith("attribute:")
    asked = Asked(
        days=days if days in WINDOWS and not (start or end) else "",
        start=start,
        end=end,
        segment=segment if known else "",
        value=value if known else "",
    )
    than, other = given.get("than", ""), given.get("than_is", "")[:MAX_VALUE_CHARS]
    if than in ("before", "year") and not asked.beside(clock.now()):
        faults.append(gettext("To compare days with earlier ones, choose how many, or both ends."))
    elif than == "other" and not (asked.where and other and other != value):
        faults.append(gettext("To compare two groups, say what they differ in, and both values."))
    elif than in THAN:
        asked = replace(asked, than=than, other=other if than == "other" else "")
    return replace(asked, faults=tuple(faults))


def _a_year_before(day: date) -> date:
    """Return the same day a year before; of a leap day the one before it."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _days(first: date, last: date) -> str:
    return f"{first.isoformat()} – {last.isoformat()}"


def _day(text: str, faults: list[str]) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
        _midnight(found + timedelta(days=1))
    except (ValueError, OverflowError):
        faults.append(gettext("%(text)s is no day such as 2026-11-20.", text=text[:40]))
        return None
    return found


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=clock.UTC)


def _after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)
