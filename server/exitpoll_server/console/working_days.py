"""On which days somebody answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from flask_babel import format_date, gettext
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server.calendars import MOST_HOLIDAYS, Calendar
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.store import Product, Store

WEEK = range(1, 8)


class WorkingDays:
    """A product's calendar, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the page."""
        pages.add("/<int:number>/calendar", self.calendar, whom=OWNS, post=self.set_calendar)

    def calendar(self, product: Product) -> str:
        """Show on which days somebody answers."""
        kept = self._store.letters.calendar(product)
        holidays = "\n".join(sorted(day.isoformat() for day in kept.holidays))
        return _shown(kept, holidays)

    def set_calendar(self, product: Product) -> AnyResponse | tuple[str, int]:
        """Answer on other days from now on."""
        given = request.form
        typed = given.get("holidays", "")
        asked = Calendar(
            zone=given.get("zone", ""),
            weekdays=frozenset(day for day in WEEK if str(day) in given.getlist("weekdays")),
            holidays=frozenset(),
        )
        try:
            holidays = frozenset(date.fromisoformat(line) for line in typed.split())
        except ValueError:
            return _shown(asked, typed, gettext("Please write one day a line: 2026-12-25.")), 422
        fault = _fault(asked, holidays)
        if fault:
            return _shown(asked, typed, fault), 422
        self._store.letters.set_calendar(product, replace(asked, holidays=holidays))
        flash(gettext("Kept. Answers are due by it from now on."))
        return redirect(url_for("console.calendar", number=product.id), 303)


def _fault(asked: Calendar, holidays: frozenset[date]) -> str:
    if asked.zone not in available_timezones():
        return gettext("There is no such time zone. Please write one such as Europe/Berlin.")
    if not asked.weekdays:
        return gettext("Please choose at least one day of the week.")
    if len(holidays) > MOST_HOLIDAYS:
        return gettext("Please write at most %(most)d days.", most=MOST_HOLIDAYS)
    return ""


def _shown(calendar: Calendar, holidays: str, fault: str = "") -> str:
    return render_template(
        "console/calendar.html",
        calendar=calendar,
        holidays=holidays,
        fault=fault,
        zones=sorted(available_timezones()),
        # 2024 began on a Monday.
        week=[(day, format_date(date(2024, 1, day), "EEEE")) for day in WEEK],
    )
