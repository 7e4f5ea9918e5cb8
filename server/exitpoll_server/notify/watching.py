"""What is new in a product's figures since the vendor was last told: alarms, and good health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from exitpoll_server import report as reports
from exitpoll_server.counts import Window
from exitpoll_server.notify import payloads
from exitpoll_server.report import Report
from exitpoll_server.report.alarms import VersionWeek
from exitpoll_server.report.figures import Figure, share
from exitpoll_server.store import News, Noticed, Product, Store

RECENT = timedelta(days=14)
"""Of a week that began longer ago an alarm is no news: messages that came late made it speak."""


@dataclass(frozen=True)
class Seen:
    """What was found, to be told and to be remembered."""

    after: Noticed
    alarms: tuple[VersionWeek, ...]
    """Those that newly speak."""
    news: tuple[News, ...]


def look(store: Store, product: Product, now: datetime) -> None:
    """Look at a product's figures, and have told what is new."""
    before = store.notices.noticed(product)
    made = make(store, product, Window(as_of=now, start=None, end=None))
    found = compare(product, before, made, now)
    if found.after != before:
        store.notices.notice(
            product,
            before=before,
            after=found.after,
            news=found.news,
            mails_on={named(week): payloads.about_alarm(week) for week in found.alarms},
            now=now,
        )


def make(store: Store, product: Product, window: Window) -> Report:
    """Make the report of a window, as the console shows it."""
    counts = store.counts(
        product,
        window,
        stopped_after_days=product.stopped_after_days,
        most_lines=reports.MOST_LINES,
    )
    return reports.make(counts)


def named(week: VersionWeek) -> str:
    """Name an alarm: there is but one of a version in a week."""
    return f"{week.week.isoformat()} {week.version or ''}"


def good(made: Report) -> Figure:
    """Return the share of copies in good health."""
    return next(part.figure for part in made.health.now if part.name == "good")


def compare(product: Product, before: Noticed, made: Report, now: datetime) -> Seen:
    """Find what is new; the first look of all only remembers what there is."""
    speaking = {
        named(week): week
        for week in made.alarms
        if week.alarm and week.week >= (now - RECENT).date()
    }
    is_first = before.stamp == 0
    fresh = {} if is_first else {k: v for k, v in speaking.items() if k not in before.alarms}
    healthy = good(made)
    last = share(before.good or 0, before.seen or 0, healthy.definition)
    is_changed = are_apart(last, healthy)
    is_known = last.value is not None
    after = Noticed(
        stamp=before.stamp,
        # What fell silent is kept too: when it speaks again it is no news.
        alarms=before.alarms | speaking.keys(),
        good=before.good if is_known and not is_changed else healthy.numerator,
        seen=before.seen if is_known and not is_changed else healthy.denominator,
    )
    news = [payloads.alarm(product, week, now) for week in fresh.values()]
    if is_changed:
        news.append(payloads.health(product, last, healthy, now))
    return Seen(after=after, alarms=tuple(fresh.values()), news=tuple(news))


def are_apart(one: Figure, other: Figure) -> bool:
    """Tell whether two shares differ by more than their intervals allow."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.high < other.low or other.high < one.low
