"""A report's figures as a table: all of them, each with what it is made from and what it means."""

from __future__ import annotations

import csv
import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args, get_type_hints

from openpyxl import load_workbook
from tests.server.handmade import AS_OF, HEALTH, NO_USE, counts, group, line
from tests.server.terminal import Terminal
from tests.server.test_report import figures

from exitpoll_server import report as reports
from exitpoll_server.counts import MonthActivity
from exitpoll_server.counts.segments import Span
from exitpoll_server.render import as_table
from exitpoll_server.render.as_table import REASONS, WHY_NOT
from exitpoll_server.report import Report
from exitpoll_server.report.alarms import VersionWeek
from exitpoll_server.report.bias import CategoryGap, NumberGap
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.report.figures import Figure, count, share
from exitpoll_server.report.offers import Offer
from exitpoll_server.report.reasons import Reasons
from exitpoll_server.report.retention import DayOfLife
from exitpoll_server.report.scores import NetPromoters
from exitpoll_server.report.survival import AtDay, Comparison, Lifetime, WayOut
from exitpoll_server.tables import Cell


def some() -> Report:
    """Return a report with something in most of its lists."""
    said = line(reason="switched", comment="it is too slow for me")
    return reports.make(
        counts(
            group(5, reason="switched", commented=True, when="first_day"),
            group(3, reason="our-own", when="first_day"),
            group(2, not_asked="unattended", known_from="link"),
            comments=(said,),
            labels={"our-own": "Ours\nand\x1b yours"},
        )
    )


def rows(report: object) -> dict[tuple[Cell, Cell], tuple[Cell, ...]]:
    assert isinstance(report, Report)
    made = list(as_table(report).rows)
    by_place = {(row[0], row[1]): row[2:] for row in made}
    assert len(by_place) == len(made), "two figures stand in one place"
    return by_place


def test_every_figure_of_a_report_has_a_row_of_its_own() -> None:
    """In the report's order, with every part, and the sentence of its definition."""
    report = some()
    assert [row[2:-1] for row in as_table(report).rows] == [
        (*dataclasses.astuple(figure), DEFINITIONS[figure.definition]) for figure in figures(report)
    ]


def test_a_figure_is_found_by_its_place_in_words() -> None:
    """By the names of what it belongs to, as the report itself words them, and in one line."""
    found = rows(some())
    assert found["uninstalls", "steps: Chose a reason: of uninstalls"][:3] == (0.8, 8, 10)
    assert found["uninstalls", "not asked: uninstalled unattended"][1] == 2
    assert found["uninstalls", "known from: a plain link only"][1] == 2
    assert found["uninstalls", "reasons: Ours and� yours"][1] == 3
    assert found["uninstalls", "when: In the first day"][1] == 8
    assert found["uninstalls", "when: In the first day: reasons: Ours and� yours"][1] == 3
    assert found["iceberg", "seen"][:3] == (110, 110, None)


def test_what_is_not_known_yet_is_empty() -> None:
    """Never 0: the cells of a figure that it is too early for hold nothing."""
    made = counts(group(3))
    young = dataclasses.replace(made.stays, first_seen=made.window.as_of)
    found = rows(reports.make(dataclasses.replace(made, stays=young)))
    assert found["iceberg", "stopped"][:5] == (None,) * 5


def test_what_has_no_value_says_why() -> None:
    """In the words of the part that it belongs to; what has a value gives no excuse."""
    found = rows(reports.make(counts(group(3, reason="switched"))))
    why = {place: row[-1] for place, row in found.items()}
    assert why["reasons", "effective answers"] == "too few"
    assert why["lifetimes", "installed: median"] == "too few"
    assert why["scores", "leaving: promoters"] == "of none"
    assert why["bias", "numbers: days of having it: gap"] == "too few"
    assert why["regularity", "used"] == "too early"
    assert [place for place, row in found.items() if row[0] is not None and row[-1]] == []


def test_every_reason_has_words() -> None:
    """Whatever a part of a report may say of what it does not say."""
    reasons = {
        code
        for part in (
            *(VersionWeek, CategoryGap, NumberGap, Offer, DayOfLife, NetPromoters, Reasons),
            *(AtDay, Comparison, Lifetime, WayOut),
        )
        for name, hint in get_type_hints(part).items()
        if name in REASONS
        for literal in get_args(hint)
        for code in get_args(literal)
    }
    assert reasons == set(WHY_NOT)


def test_the_parts_of_the_further_sections_are_called_as_the_report_calls_them() -> None:
    """No id, flag or pair of bounds where a word is known."""
    made = counts(group(40, reason="switched"), group(9))
    month = MonthActivity(
        month=date(2026, 11, 1),
        complete=False,
        active=9,
        new=9,
        returning=0,
        resurrecting=0,
        dormant=0,
        active_days=20,
        days=20,
    )
    groups = [dataclasses.replace(HEALTH, before=name, n=1) for name in (None, "good")]
    rest = sum(one.n for one in made.stays.groups) - len(groups)
    activity = dataclasses.replace(
        NO_USE, months=(month,), health=(*groups, dataclasses.replace(HEALTH, n=rest))
    )
    now = Span(
        start=AS_OF - timedelta(days=40),
        end=AS_OF - timedelta(days=10),
        installed=0,
        uninstalls=100,
        answered=80,
        active_days=1000,
        reasons=(("switched", 70), ("other", 10)),
        versions=(),
    )
    before = dataclasses.replace(now, answered=20, reasons=(("switched", 2), ("other", 18)))
    found = rows(
        reports.make(
            dataclasses.replace(made, activity=activity, compared=(now, before), tenures=((0, 9),))
        )
    )
    assert ("health", "movement: Not there yet: total") in found
    assert ("health", "movement: Good: now: Medium") in found
    assert found["retention", "months: 2026-11-01: dormant"][-1] == "too early"
    assert ("tenures", "bands: from 0, below 1 days: uninstalls") in found
    assert ("tenures", "bands: from 730 days: uninstalls") in found
    assert ("changes", "found: answering: now") in found
    assert ("changes", "found: reason I switched to something else: now") in found


@dataclass(frozen=True)
class Month:
    month: str | None
    figure: Figure
    others: tuple[Figure, ...]


@dataclass(frozen=True)
class Section:
    named: tuple[Month, ...]
    pairs: tuple[tuple[str | None, Figure], ...]
    cells: tuple[tuple[str, Figure, Figure], ...]
    mapped: dict[str, Figure]


def test_sections_of_any_shape_are_walked() -> None:
    """What has a name is called by it, a pair by its first, and the nameless by their place."""
    one, two = count(1, "x"), share(1, 2, "y")
    section = Section(
        named=(Month("2026-10", one, (one, two)), Month(None, two, ())),
        pairs=(("2.0", one), (None, two)),
        cells=(("good", one, two),),
        mapped={"a": one},
    )
    report: Any = dataclasses.replace(some(), iceberg=section)  # type: ignore[arg-type]
    found = [place for section, place in rows(report) if section == "iceberg"]
    assert found == [
        "named: 2026-10",
        "named: 2026-10: others: 1",
        "named: 2026-10: others: 2",
        "named: not known",
        "pairs: 2.0",
        "pairs: not known",
        "cells: good: 2",
        "cells: good: 3",
        "mapped: a",
    ]


def test_the_command_writes_the_figures(sample: Terminal) -> None:
    """As CSV to standard output or a file, as XLSX to a file only."""
    command = ("report", "--product", "Sample", "--format")
    out = sample.succeed(*command, "csv")
    head, *body = csv.reader(out.removeprefix("\ufeff").splitlines())
    assert head[:3] == ["section", "figure", "value"]
    assert ["iceberg", "seen", "0"] in [row[:3] for row in body]
    assert sample.succeed(*command, "csv", "--out", "figures.csv") == ""
    assert (sample.folder / "figures.csv").read_bytes().decode() == out
    sample.succeed(*command, "xlsx", "--out", "figures.xlsx")
    sheet = load_workbook(sample.folder / "figures.xlsx")["report"]
    assert [str(cell.value) for cell in next(iter(sheet.iter_rows()))] == head
    assert "name it with --out" in sample.fail(*command, "xlsx")
