"""What webhooks are told of figures; of what happens, the store tells them (`happened`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from exitpoll_server.notify import webhooks
from exitpoll_server.report.alarms import VersionWeek
from exitpoll_server.report.figures import Figure
from exitpoll_server.store import News, Product


def alarm(product: Product, week: VersionWeek, now: datetime) -> News:
    """Tell that a version lost more of its users in a week than was to be expected."""
    about = {"product": product.name, **about_alarm(week)}
    return News(event="alarm", at=now, about=about)


def about_alarm(week: VersionWeek) -> Mapping[str, Any]:
    """Return an alarm in plain numbers: rates are uninstalls for every 1,000 days of use."""
    return {
        "version": week.version,
        "week": week.week.isoformat(),
        "uninstalls": week.rate.numerator,
        "expected": week.expected.value,
        "rate": number(week.rate),
    }


def health(product: Product, before: Figure, after: Figure, now: datetime) -> News:
    """Tell that the share of copies in good health is another one."""
    about = {"product": product.name, "good": number(after), "before": number(before)}
    return News(event="health", at=now, about=about)


def test(product: Product, now: datetime) -> News:
    """Tell nothing but that it works."""
    return News(event=webhooks.TEST, at=now, about={"product": product.name})


def number(figure: Figure) -> dict[str, float | None]:
    """Return a figure with its interval."""
    return {"value": figure.value, "low": figure.low, "high": figure.high}
