"""Figures of a real log of 69,659 launches, counted by hand: those of the reference tools."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest
from tests.server.purchase_log import CDNOW, Purchase, Settings, activity, purchases, revenues

from exitpoll_server.counts import Activity
from exitpoll_server.report.customers import abc, regularity
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.health import health
from exitpoll_server.report.retention import Month, retention

pytestmark = pytest.mark.skipif(
    not CDNOW.is_dir(), reason=f"the purchase log is not beside the checkout ({CDNOW})"
)
TOLERANCE = 1e-6
HALF_YEARS = (date(1997, 1, 1), date(1997, 7, 1), date(1998, 1, 1))
SETTINGS = Settings(window_days=90, good_days=2, stopped_after_days=180)


@pytest.fixture(scope="module")
def known() -> Any:
    return json.loads((CDNOW / "known-answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def log() -> list[Purchase]:
    return purchases()


@pytest.fixture(scope="module")
def use(log: list[Purchase]) -> Activity:
    return activity(log, date(1998, 7, 1), SETTINGS)


def agrees(figure: Figure, answer: Any) -> bool:
    """Tell whether count, share and interval are the known ones."""
    numbers = [figure.value, figure.low, figure.high]
    expected = [answer["rate"], *answer["wilson95"]]
    assert numbers == pytest.approx(expected, abs=TOLERANCE, rel=0)
    return (figure.numerator, figure.denominator) == (answer["k"], answer["n"])


def test_retention_by_day(use: Activity, known: Any) -> None:
    """Day 1, 7, 30 and 90, strictly and rolling, with their intervals."""
    found = {str(one.day): one for one in retention(use).days_of_life}
    for day, answer in known["day_n"].items():
        assert agrees(found[day].on_day, answer["strict"])
        assert agrees(found[day].on_day_or_later, answer["rolling"])


@pytest.fixture(scope="module")
def months(use: Activity) -> dict[str, Month]:
    return {one.month.isoformat()[:7]: one for one in retention(use).months}


def test_the_life_cycle_by_month(months: dict[str, Month], known: Any) -> None:
    """New, returning, resurrecting and dormant of all eighteen months."""
    names = ("new", "returning", "resurrecting", "dormant")
    found = {
        month: {name: getattr(one, name).numerator for name in names}
        for month, one in months.items()
    }
    assert found == known["lifecycle_month"]
    assert not any(one.still_running for one in months.values())


def test_stickiness(months: dict[str, Month], known: Any) -> None:
    """Mean daily through monthly active users."""
    for month, answer in known["stickiness"].items():
        assert months[month].active.value == answer["MAU"]
        assert months[month].stickiness.value == pytest.approx(answer["ratio"], abs=TOLERANCE)


def test_health_and_what_became_of_it(log: list[Purchase], known: Any) -> None:
    """Classes of a day, and of each how many were not launched in the window after it."""
    answers = known["health"]
    here = {"silent": "stopped"}
    then = health(activity(log, date.fromisoformat(answers["params"]["at"]), SETTINGS))
    counts = {part.name: part.figure.numerator for part in then.now if part.figure.numerator}
    assert counts == {here.get(name, name): n for name, n in answers["counts"].items()}
    later = health(activity(log, date(1998, 4, 1), SETTINGS))
    found = {one.name: one for one in later.afterwards}
    assert len(found) == len(answers["no_launch_next_90d"])
    for name, answer in answers["no_launch_next_90d"].items():
        row = found[here.get(name, name)]
        assert agrees(row.no_launch, answer)
        assert row.lost.numerator == row.no_launch.numerator
        assert row.uninstalled.numerator == 0


def test_customers_by_worth_and_how_they_moved(log: list[Purchase], known: Any) -> None:
    """ABC of two half-years, and where each class went."""
    first = abc(revenues(log, *HALF_YEARS[:2]))
    second = abc(revenues(log, *HALF_YEARS[1:]))
    for found, answer in ((first, known["abc"]["p1"]), (second, known["abc"]["p2"])):
        assert {name: n for name, n in Counter(found.values()).items() if name != "none"} == answer
    moved = Counter((first[one], second[one]) for one in first)
    for before, row in known["abc"]["movement"].items():
        assert {now: moved[before, now] for now in row} == row


def test_customers_by_regularity(log: list[Purchase], known: Any) -> None:
    """XYZ of the second half-year, and the first, in which all began, beside it."""
    found = regularity(activity(log, HALF_YEARS[-1], SETTINGS))
    counts = {part.name: part.figure.numerator for part in found.now}
    answer = known["xyz_p2"]["counts"]
    assert counts == answer
    assert found.used.value == sum(answer.values())
    assert sum(row.total.numerator or 0 for row in found.movement) == known["installs"]
