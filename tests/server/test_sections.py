"""What text and page say of how long people stay, and of versions, in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from tests.server.handmade import NOBODY_OBSERVED, counts, group
from tests.server.risk import Stay, risk_table, risk_tables

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Segment, WeekRate
from exitpoll_server.render import blocks
from exitpoll_server.render.blocks import Block
from exitpoll_server.report import Report


def block(report: Report, name: str) -> Block:
    found: Block = next(one for one in blocks.blocks(report) if one.name == name)
    return found


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_what_rests_on_fewer_than_ten_is_not_said(as_: Callable[[Report], str]) -> None:
    """A curve's figures end where fewer than ten are followed, and a sentence says where."""
    lives = [Stay(0, 5, "uninstalled")] * 20
    lives += [Stay(0, 40, "censored")] * 20 + [Stay(0, 200, "uninstalled")] * 9
    made = dataclasses.replace(
        NOBODY_OBSERVED, uninstalls=risk_table(lives), competing=risk_table(lives)
    )
    text = as_(reports.make(counts(group(29), survival=made))).replace("\n", " ")
    ends = "This ends after 40 days: from then on fewer than 10 were followed."
    assert text.count(ends) == 2
    assert "Still installed after 30 days" in text
    assert "Uninstalled within 30 days" in text
    assert "after 90 days" not in text
    assert "within 90 days" not in text
    assert "Stay, of the first 40 days" in text
    assert "over half were still there after 40 days" in text


def test_a_picture_of_groups_has_those_followed_under_it() -> None:
    """By time and by group, up to each curve's own end."""
    lives = [Stay(0, 5, "uninstalled")] * 20
    old, new = [Stay(0, 100, "censored")] * 30, [Stay(0, 20, "censored")] * 30
    groups = zip(("2.0", "2.1"), risk_tables([*lives, *old], [*lives, *new]), strict=True)
    made = dataclasses.replace(NOBODY_OBSERVED, by_version=tuple(groups))
    found = block(reports.make(counts(group(40), survival=made)), "by_version")
    assert "A curve ends where fewer than 10 were still followed." in found.sentences
    table = found.pictures[0].table
    assert table.header[1:] == ("0 days", "7 days", "14 days", "30 days", "100 days")
    by_label = {row[0]: row[1:] for row in table.rows}
    assert by_label["2.0: still followed"] == ("50", "30", "30", "30", "–")
    assert by_label["2.1: still followed"] == ("50", "30", "30", "–", "–")
    assert by_label["2.1"][3:] == ("–", "–")


def test_where_fewer_than_ten_began_nothing_is_drawn() -> None:
    """However many came later, what the first few did carries them all."""
    lives = [Stay(0, 5, "uninstalled")] * 2 + [Stay(3, 400, "censored")] * 200
    table = risk_table(lives)
    made = dataclasses.replace(NOBODY_OBSERVED, uninstalls=table, competing=table)
    report = reports.make(counts(group(2), survival=made))
    for name in ("lifetimes", "ways_out"):
        found = block(report, name)
        assert found.waits == "once more are followed from their first day on"


def test_alarms_are_listed_of_the_weeks_that_are_drawn() -> None:
    """Half a year; one before that is in the figures, and not under a picture without it."""
    monday = date(2026, 11, 9)
    weeks = [monday - n * timedelta(days=7) for n in range(40)]
    rates = tuple(
        WeekRate(week=week, version="1.0", uninstalls=90 if n in (3, 30) else 10, active_days=5000)
        for n, week in enumerate(weeks)
    )
    made = counts(group(40))
    activity = dataclasses.replace(made.activity, rates=rates)
    report = reports.make(dataclasses.replace(made, activity=activity))
    assert [one.week for one in report.alarms if one.alarm] == [weeks[3], weeks[30]]
    found = block(report, "alarms")
    assert found.sentences == (
        f"Uninstalled more often than others, or than before, since the week of {weeks[25]}:",
    )
    assert [row.label for row in found.rows] == [f"1.0, week of {weeks[3]}"]
    assert len(found.pictures[0].table.rows) == 26


@pytest.mark.parametrize(("dimension", "said"), [("version", True), ("os", False)])
def test_that_old_versions_look_worse_is_said(dimension: str, *, said: bool) -> None:
    """Beside versions, which people move on from, and beside nothing else."""
    segments = tuple(
        Segment(
            dimension=dimension,
            value=value,
            installations=100,
            stopped=0,
            uninstalls=uninstalls,
            answered=0,
            commented=0,
            active_days=500,
        )
        for value, uninstalls in (("a", 60), ("b", 5))
    )
    report = reports.make(dataclasses.replace(counts(group(65)), segments=segments))
    sentences = block(report, f"segments-{dimension}").sentences
    assert any("an old version keeps its uninstalls" in one for one in sentences) is said
