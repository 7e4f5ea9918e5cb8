"""A real log of 69,659 launches, imported and reported by the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from exitpoll_server import clock
from exitpoll_server.counts import Survival, Window
from exitpoll_server.report.curves import TRUE_TO
from exitpoll_server.report.kaplan_meier import kaplan_meier
from exitpoll_server.report.log_rank import Losses, log_rank
from exitpoll_server.store import Store

CDNOW = Path(__file__).parents[3] / "shared/data/cdnow"
"""Beside the checkout: too large for the repository."""

pytestmark = pytest.mark.skipif(
    not CDNOW.is_dir(), reason=f"the purchase log is not beside the checkout ({CDNOW})"
)
TOLERANCE = 1e-6
THRESHOLDS = (30, 60, 90, 180)
CAME_AND_WENT = ("returning", "resurrecting", "dormant")


def _exitpoll(database: Path, *arguments: str) -> str:
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()", *arguments]
    environment = {**os.environ, "EXITPOLL_DATABASE_URL": f"sqlite:///{database}"}
    ended = subprocess.run(
        program, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return ended.stdout


@pytest.fixture(scope="module")
def known() -> Any:
    return json.loads((CDNOW / "known-answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the database with the whole log in it, and what the import said."""
    database = tmp_path_factory.mktemp("cdnow") / "exitpoll.sqlite3"
    _exitpoll(database, "product", "create", "CDNOW")
    file = str(CDNOW / "launches.csv")
    return database, _exitpoll(database, "import", "launches", file, "--product", "CDNOW")


@pytest.fixture(scope="module")
def told(imported: tuple[Path, str], known: Any) -> Callable[..., Any]:
    """Return how to have the report as of an instant, each made once."""
    database, _ = imported
    health = known["health"]["params"]
    options = ("--window", str(health["W"]), "--good-days", str(health["good_active_days"]))
    _exitpoll(database, "product", "set", "--product", "CDNOW", *options)

    @cache
    def report(days: int, as_of: str = known["as_of"]) -> Any:
        asked = ("--as-of", as_of, "--stopped-after", str(days), "--format", "json")
        return json.loads(_exitpoll(database, "report", "--product", "CDNOW", *asked))

    return report


@pytest.fixture(scope="module")
def tables(imported: tuple[Path, str], known: Any) -> Survival:
    """Return who was at risk when, as the store counts it, for a threshold of 90 days."""
    store = Store(f"sqlite:///{imported[0]}")
    product = store.product_by_name("CDNOW")
    assert product is not None
    window = Window(as_of=clock.read(known["as_of"]), start=None, end=None)
    counts = store.counts(product, window, stopped_after_days=90, most_lines=0)
    store.close()
    return counts.survival


def _near(*expected: float) -> Any:
    return pytest.approx(list(expected), abs=TOLERANCE, rel=0)


def _agrees(figure: Any, answer: Any) -> bool:
    """Tell whether count, share and interval are the known ones."""
    assert [figure["value"], figure["low"], figure["high"]] == _near(
        answer["rate"], *answer["wilson95"]
    )
    return (figure["numerator"], figure["denominator"]) == (answer["k"], answer["n"])


def test_every_row_is_taken(imported: tuple[Path, str], known: Any) -> None:
    """Launches of one second are no duplicates: rows, days of use and installations agree."""
    _, said = imported
    assert f"{known['launches']:,} rows taken" in said
    assert f"into {known['active_days']:,} days of use" in said
    assert f"of {known['installs']:,} installations" in said
    assert "; 0 rows refused" in said
    assert "Not read: revenue" in said


@pytest.mark.parametrize("days", THRESHOLDS)
def test_who_stopped(told: Callable[..., Any], known: Any, days: int) -> None:
    """Active, stopped, false alarms and their interval are those of the reference tools."""
    iceberg, answer = told(days)["iceberg"], known["silent"][str(days)]
    assert iceberg["seen"]["value"] == known["installs"]
    assert iceberg["active"]["numerator"] == answer["active_now"]
    assert iceberg["stopped"]["numerator"] == answer["silent_now"]
    assert iceberg["uninstalled"]["numerator"] == 0
    assert _agrees(iceberg["false_alarm"], answer["ever_silent_then_returned"])


@pytest.mark.parametrize("days", THRESHOLDS)
def test_how_long_they_stay_in_use(told: Callable[..., Any], known: Any, days: int) -> None:
    """The curve of first stops: n, losses, median, shares and their band, restricted mean."""
    found, answers = told(days)["lifetimes"]["in_use"], known["silent"][str(days)]
    answer = answers["km_first_silence"]
    _is_the_curve(found, answer)
    assert found["horizon_days"] == 365
    # The reference rounds this one to six places.
    assert found["mean"]["value"] == pytest.approx(answers["rmst_365"], abs=TOLERANCE, rel=0)


def _is_the_curve(found: Any, answer: Any) -> None:
    assert found["installations"]["value"] == answer["n"]
    assert found["lost"]["value"] == answer["events"]
    median = found["median"]
    assert [median["value"], median["low"], median["high"]] == _near(
        answer["median"], *answer["median_ci95"]
    )
    staying = {str(one["day"]): one["figure"] for one in found["staying"]}
    both = staying.keys() & answer["at"].keys()
    assert len(both) >= 2
    for day in both:
        figure, at = staying[day], answer["at"][day]
        assert [figure["value"], figure["low"], figure["high"]] == _near(
            at["S"], at["lo_loglog"], at["hi_loglog"]
        )


@pytest.mark.parametrize("days", THRESHOLDS)
def test_the_curve_that_is_drawn(told: Callable[..., Any], known: Any, days: int) -> None:
    """At every known day it is no further from the truth than a drawn curve may be."""
    curve = told(days)["lifetimes"]["in_use"]["curve"]
    for day, at in known["silent"][str(days)]["km_first_silence"]["at"].items():
        step = [step for step in curve["steps"] if step["day"] <= float(day)][-1]
        assert step["share"] == pytest.approx(at["S"], abs=TRUE_TO + TOLERANCE, rel=0)


def test_days_that_the_report_does_not_name(tables: Survival, known: Any) -> None:
    """The store's table gives the shares of any day, not only of those in the report."""
    table = tables.competing
    assert not any(table.uninstalls)
    staying = kaplan_meier(table.days, table.at_risk, table.stops)
    for day, at in known["silent"]["90"]["km_first_silence"]["at"].items():
        row = staying.row(float(day))
        assert [staying.share(row), *(staying.interval(row) or ())] == _near(
            at["S"], at["lo_loglog"], at["hi_loglog"]
        )


def test_nobody_uninstalled(told: Callable[..., Any], known: Any) -> None:
    """Where all losses are stops, the uninstalls' curve is empty and the stops' is its mirror."""
    lifetimes = told(90)["lifetimes"]
    assert lifetimes["installed"]["unsaid"] == "no_losses"
    assert lifetimes["uninstalled"]["unsaid"] == "no_losses"
    assert lifetimes["clock_wrong"]["value"] == lifetimes["unknown_install"]["value"] == 0
    staying = known["silent"]["90"]["km_first_silence"]["at"]
    for one in lifetimes["stopped"]["by_day"]:
        if str(one["day"]) in staying:
            gone = 1 - staying[str(one["day"])]["S"]
            assert one["figure"]["value"] == pytest.approx(gone, abs=TOLERANCE, rel=0)


def test_by_launches_before_the_landmark(told: Callable[..., Any], known: Any) -> None:
    """Those launched once in two weeks, and the others: sizes, losses, curve."""
    found = {one["name"]: one for one in told(90)["lifetimes"]["launches"]}
    groups = known["landmark14_T90"]["groups"]
    assert told(90)["lifetimes"]["landmark_day"] == 14
    assert found.keys() == {"1", "2–6", "7+"}
    _is_the_curve(found["1"], groups["1"])
    for name, known_as in (("installations", "n"), ("lost", "events")):
        upper = found["2–6"][name]["value"] + found["7+"][name]["value"]
        assert upper == groups["2+"][known_as]


def test_the_log_rank_test_of_two_groups(tables: Survival, known: Any) -> None:
    """The tables by launches stand on the same days: their upper bands, added, are one group."""
    once, *others = (Losses(table.at_risk, table.stops) for _, table in tables.landmark)
    more = Losses(
        list(map(sum, zip(*(one.at_risk for one in others), strict=True))),
        list(map(sum, zip(*(one.losses for one in others), strict=True))),
    )
    answer, found = known["landmark14_T90"]["logrank"], log_rank([once, more])
    assert found is not None
    assert found.statistic == pytest.approx(answer["chi2"], abs=TOLERANCE, rel=0)
    assert found.freedom == answer["df"]
    assert found.p == pytest.approx(answer["p"], rel=1e-5)


def test_retention(told: Callable[..., Any], known: Any) -> None:
    """Day 1, 7, 30 and 90, strictly and rolling, with their intervals."""
    found = {str(one["day"]): one for one in told(90)["retention"]["days_of_life"]}
    for day, answer in known["day_n"].items():
        assert _agrees(found[day]["on_day"], answer["strict"])
        assert _agrees(found[day]["on_day_or_later"], answer["rolling"])


def test_the_life_cycle_by_month(told: Callable[..., Any], known: Any) -> None:
    """New, returning, resurrecting and dormant of all eighteen months, and stickiness."""
    months = {one["month"][:7]: one for one in told(90)["retention"]["months"]}
    assert {
        month: {name: one[name]["numerator"] for name in ("new", *CAME_AND_WENT)}
        for month, one in months.items()
    } == known["lifecycle_month"]
    for month, answer in known["stickiness"].items():
        assert months[month]["active"]["value"] == answer["MAU"]
        assert months[month]["stickiness"]["value"] == pytest.approx(answer["ratio"], abs=TOLERANCE)


def test_health_and_what_became_of_it(told: Callable[..., Any], known: Any) -> None:
    """Classes of a day, and of each how many were not launched in the window after it."""
    answers = known["health"]
    days, at = answers["params"]["silent_T"], answers["params"]["at"]
    here = {"silent": "stopped"}
    now = {p["name"]: p["figure"]["numerator"] for p in told(days, at)["health"]["now"]}
    expected = {here.get(name, name): n for name, n in answers["counts"].items()}
    assert {name: n for name, n in now.items() if n} == expected
    later = told(days, "1998-04-01")["health"]["afterwards"]
    found = {one["name"]: one for one in later}
    assert len(found) == len(answers["no_launch_next_90d"])
    for name, answer in answers["no_launch_next_90d"].items():
        assert _agrees(found[here.get(name, name)]["no_launch"], answer)


def test_regularity(told: Callable[..., Any], known: Any) -> None:
    """X, Y and Z of July to December 1997."""
    found = told(180, "1998-01-01")["regularity"]
    assert {p["name"]: p["figure"]["numerator"] for p in found["now"]} == known["xyz_p2"]["counts"]
