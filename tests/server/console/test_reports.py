"""The report in the console: its address says what it is of, and everything in it opens."""

# ruff: noqa: RUF001 - people read other scripts
from __future__ import annotations

import csv
import html
import io
import json
import re
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from tests.server.console.visitors import Visitor, member, said
from tests.server.messages import NOW, after, arrival, leaving, ping, row
from tests.server.processes import wait_until

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.console import reports
from exitpoll_server.store import Product, Store


@pytest.fixture
def left(store: Store, product: Product, monkeypatch: pytest.MonkeyPatch) -> Product:
    """Return a product that eight people left, of two versions, four of them with an answer."""
    monkeypatch.setattr(clock, "now", lambda: after(days=1))
    for who in range(8):
        same = {"installation_id": UUID(int=who + 1), "counter": UUID(int=who + 100)}
        at = NOW - timedelta(days=10 * who)
        begun = at - timedelta(days=5)
        version = "2.0" if who % 2 else "1.0"
        days = (row(f"{begun.date()}", 3, version),)
        store.merge(product, [arrival(ping(1, days=days, installed_at=begun, **same), begun)])
        how = {"uninstall_id": UUID(int=who + 200), "at": at, "asked": "installer"}
        if who % 2:
            how["answers"] = wire.Answers(reason="too-slow", comment=f"It took {who} minutes.")
        store.merge(
            product, [arrival(leaving(2, sent_at=at, uninstall=how, version=version, **same), at)]
        )
    return product


def test_an_empty_product_says_what_to_do_next(ada: Visitor, product: Product) -> None:
    """Before anything came the page leads to the first steps."""
    page = ada.get(f"/{product.id}/report").text
    assert "Nothing came of this product yet." in page
    assert f'href="/console/{product.id}/start">The first steps' in page


def test_the_report_is_the_reports_own(ada: Visitor, left: Product) -> None:
    """Few uninstalls, with every comment: as `exitpoll report` has it."""
    page = ada.read(f"/{left.id}/report")
    assert "8 uninstalls" in page
    assert all(f"It took {who} minutes." in page for who in (1, 3, 5, 7))


def test_everything_is_in_the_readers_language(ada: Visitor, store: Store, left: Product) -> None:
    """The report, its reasons and their rows speak Russian to whoever reads Russian; files do not.

    What is asked for next is answered in its own language.
    """
    same = {"installation_id": UUID(int=50), "counter": UUID(int=150)}
    how = {"uninstall_id": UUID(int=250), "at": NOW, "asked": "installer"}
    how["answers"] = wire.Answers(reason="switched", comment="Another one is faster.")
    store.merge(left, [arrival(leaving(1, sent_at=NOW, uninstall=how, **same), NOW)])
    russian = {"headers": {"Accept-Language": "ru-RU, en;q=0.5"}}
    page = ada.get(f"/{left.id}/report", **russian)
    assert '<div class="report" lang="ru">' in page.text
    assert re.search("Продукт удалили\\s9\\sчеловек", said(page))
    for path in ("report", "comments", "rows"):
        assert "Теперь пользуюсь другой программой" in ada.read(f"/{left.id}/{path}", **russian)
        assert "I switched to something else" in ada.read(f"/{left.id}/{path}")
    for kind in ("csv", "json"):
        files = [ada.get(f"/{left.id}/report.{kind}", **by).data for by in ({}, russian)]
        assert files[0] == files[1]


@pytest.mark.parametrize(
    ("asked", "uninstalls"),
    [
        ({}, 8),
        ({"days": "28"}, 3),
        ({"days": "7"}, 1),
        ({"from": "2026-10-01", "to": "2026-10-31"}, 4),
        ({"from": "2026-11-20"}, 1),
        ({"to": "2026-11-10"}, 7),
        ({"by": "version", "is": "2.0"}, 4),
        ({"by": "version", "is": "2.0", "days": "28"}, 1),
        ({"by": "nonsense", "is": "2.0"}, 8),
        ({"days": "13"}, 8),
    ],
)
def test_the_address_says_what_it_is_of(
    ada: Visitor, left: Product, asked: dict[str, str], uninstalls: int
) -> None:
    """Window and segment stand in the address, to be kept and sent; the file has the same."""
    answer = ada.get(f"/{left.id}/report.json", query_string=asked)
    report = json.loads(answer.data)
    assert report["uninstalls"]["steps"][0]["of_uninstalls"]["numerator"] == uninstalls
    assert ada.read(f"/{left.id}/report", query_string=asked).count("It took") <= uninstalls


@pytest.mark.parametrize(
    ("asked", "before", "after_it"),
    [
        ("days=7&by=version&is=2.0", "from=2026-11-07&to=2026-11-13", None),
        ("from=2026-10-01&to=2026-10-31", "from=2026-08-31&to=2026-09-30", None),
        (
            "from=2026-10-01&to=2026-10-10",
            "from=2026-09-21&to=2026-09-30",
            "from=2026-10-11&to=2026-10-20",
        ),
        ("from=2026-10-01", None, None),
        ("", None, None),
    ],
)
def test_windows_stand_beside_each_other(
    ada: Visitor, left: Product, asked: str, before: str | None, after_it: str | None
) -> None:
    """From a window one click leads to those before and after, of the same length and segment."""
    page = html.unescape(ada.get(f"/{left.id}/report?{asked}").text)
    segment = {one for one in asked.split("&") if one[:2] in ("by", "is")}
    for link, window in (("← The window before", before), ("The window after →", after_it)):
        found = re.search(rf'href="([^"]*)">{link}', page)
        assert (found is None) == (window is None)
        if found is not None and window is not None:
            query = set(found[1].partition("?")[2].split("&"))
            assert query == {*window.split("&"), *segment}


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"from": "yesterday"}, "yesterday is no day such as 2026-11-20."),
        ({"to": "9999-12-31"}, "9999-12-31 is no day such as 2026-11-20."),
        ({"from": "2026-11-20", "to": "2026-11-01"}, "The window would end before it begins."),
    ],
)
def test_a_window_that_makes_no_sense(
    ada: Visitor, left: Product, asked: dict[str, str], fault: str
) -> None:
    """It is said in a sentence, above the report of everything."""
    page = ada.read(f"/{left.id}/report", query_string=asked)
    assert fault in page
    assert "8 uninstalls" in page


@pytest.mark.parametrize(
    ("asked", "names", "answered"),
    [
        ({"by": "version", "is": "2.0", "than": "other", "than_is": "1.0"}, ("2.0", "1.0"), "0"),
        (
            {"days": "28", "than": "before"},
            ("2026-10-24 – 2026-11-20", "2026-09-26 – 2026-10-23"),
            "2",
        ),
        (
            {"from": "2026-10-01", "to": "2026-10-31", "than": "year"},
            ("2026-10-01 – 2026-10-31", "2025-10-01 – 2025-10-31"),
            "0",
        ),
    ],
)
def test_two_side_by_side(
    ada: Visitor, left: Product, asked: dict[str, str], names: tuple[str, str], answered: str
) -> None:
    """What is compared stands in the address, above the report, and in a file."""
    page = ada.read(f"/{left.id}/report", query_string=asked)
    assert "Marked is what differs" in page
    assert f"what {names[0]} {names[1]} difference" in page
    rows = ada.get(f"/{left.id}/comparison.csv", query_string=asked).text
    [row] = [one for one in csv.DictReader(io.StringIO(rows)) if one["name"] == "answered"]
    assert row["there_numerator"] == answered
    assert "Marked is what differs" not in ada.read(f"/{left.id}/report")
    assert ada.get(f"/{left.id}/comparison.csv").text.count("\n") == 1


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"than": "before"}, "To compare days with earlier ones, choose how many, or both ends."),
        ({"than": "year", "from": "2026-10-01"}, "To compare days with earlier ones, choose"),
        ({"than": "other", "than_is": "1.0"}, "To compare two groups, say what they differ in"),
        (
            {"by": "version", "is": "2.0", "than": "other", "than_is": "2.0"},
            "To compare two groups, say what they differ in, and both values.",
        ),
    ],
)
def test_a_comparison_that_makes_no_sense(
    ada: Visitor, left: Product, asked: dict[str, str], fault: str
) -> None:
    """It is said in a sentence, above the report without it."""
    page = ada.read(f"/{left.id}/report", query_string=asked)
    assert fault in page
    assert "Marked is what differs" not in page


def test_a_report_is_kept_for_a_moment(
    ada: Visitor, store: Store, left: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is shown again it costs nothing; a setting that is changed is seen at once."""
    monkeypatch.setattr(reports, "TIMES_AS_LONG", 1_000_000)
    made = []
    counts = Store.counts

    def counted(*args: Any, **more: Any) -> Any:
        made.append(args)
        return counts(*args, **more)

    monkeypatch.setattr(Store, "counts", counted)
    for _ in range(3):
        ada.get(f"/{left.id}/report")
    ada.get(f"/{left.id}/report/funnel.svg")
    assert len(made) == 1
    ada.get(f"/{left.id}/report?days=28")
    assert len(made) == 2
    mark = store.quarantine(left, start=NOW, end=after(days=1), note=None, now=NOW)
    ada.get(f"/{left.id}/report")
    store.lift(mark.id, NOW)
    ada.get(f"/{left.id}/report")
    assert len(made) == 4


def test_nobody_waits_for_a_big_report_twice(
    ada: Visitor, store: Store, left: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took long is shown as it was, and whoever looks next sees a new one; none is too old."""

    def leaves(who: int) -> None:
        same = {"installation_id": UUID(int=who), "counter": UUID(int=who + 100)}
        how = {"uninstall_id": UUID(int=who + 200), "at": NOW, "asked": "installer"}
        store.merge(left, [arrival(leaving(1, sent_at=NOW, uninstall=how, **same), NOW)])

    def renewed() -> bool:
        return not any(one.name == reports.RENEWING for one in threading.enumerate())

    monkeypatch.setattr(reports, "TIMES_AS_LONG", 0)
    monkeypatch.setattr(reports, "SLOW_SECONDS", 0.0)
    ada.get(f"/{left.id}/report")
    leaves(50)
    assert "8 people uninstalled" in ada.read(f"/{left.id}/report")
    wait_until(renewed, 20, "a new report")
    assert "9 people uninstalled" in ada.read(f"/{left.id}/report")
    wait_until(renewed, 20, "a new report")
    leaves(51)
    monkeypatch.setattr(reports, "OLDEST_SECONDS", 0.0)
    assert "10 people uninstalled" in ada.read(f"/{left.id}/report")


def test_figures_as_files(ada: Visitor, left: Product) -> None:
    """CSV and XLSX have every figure; no other kind is there."""
    answer = ada.get(f"/{left.id}/report.csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert any(one["numerator"] == "8" for one in rows)
    assert 'filename="exitpoll-sample.csv"' in answer.headers["Content-Disposition"]
    assert ada.get(f"/{left.id}/report.xlsx").data.startswith(b"PK")
    assert ada.get(f"/{left.id}/report.exe").status_code == 404


def test_every_picture_is_a_file(ada: Visitor, left: Product) -> None:
    """Each leads to itself as SVG, with its own style, and to its numbers; none else is there."""
    page = ada.get(f"/{left.id}/report?days=365").text
    pictures = {
        html.unescape(one) for one in re.findall(r'href="(/console/[^"]*\.svg[^"]*)"', page)
    }
    assert f"/console/{left.id}/report/funnel.svg?days=365" in pictures
    assert len(pictures) > 3
    for address in sorted(pictures):
        path = address.removeprefix("/console")
        answer = ada.get(path)
        assert (answer.status_code, answer.content_type) == (200, "image/svg+xml")
        assert answer.text.startswith("<svg")
        assert "<style>" in answer.text
        rows = ada.get(path.replace(".svg", ".csv")).data.decode("utf-8-sig").splitlines()
        assert len(rows) > 1
        assert ada.get(path.replace(".svg", ".xlsx")).data.startswith(b"PK")
    assert ada.get(f"/{left.id}/report/funnel.exe").status_code == 404
    assert ada.get(f"/{left.id}/report/mona-lisa.svg").status_code == 404


def test_the_rows_behind_a_count(ada: Visitor, left: Product) -> None:
    """Rows narrow down as the report did, and are there as a file."""
    everybody = ada.get(f"/{left.id}/rows").text
    assert len(re.findall(r"<td class=\"text-nowrap\">", everybody)) == 8
    asked = {"days": "28", "kind": "uninstalled", "answered": "yes"}
    page = ada.read(f"/{left.id}/rows", query_string=asked)
    assert "1 row" in page
    assert "It took 1 minutes." in page
    answer = ada.get(f"/{left.id}/rows.csv", query_string=asked)
    (row_,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert row_["comment"] == "It took 1 minutes."
    (line,) = ada.get(f"/{left.id}/rows.jsonl", query_string=asked).data.splitlines()
    assert json.loads(line)["reason"] == "too-slow"


def test_what_people_typed_is_never_markup(
    ada: Visitor, store: Store, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment, a version and an attribute of a hostile sender are shown as text."""
    monkeypatch.setattr(clock, "now", lambda: after(days=1))
    hostile = '"><script>alert(1)</script>{{ 7 * 7 }}'
    how = {"answers": wire.Answers(reason="other", comment=hostile)}
    store.merge(product, [arrival(leaving(uninstall=how, version=hostile[:30]))])
    for page in ("report", "comments", "rows", "themes"):
        text = ada.get(f"/{product.id}/{page}", query_string={"by": "version", "is": hostile}).text
        assert "<script>alert" not in text
        assert "49" not in re.sub(r'name="csrf_token"[^>]*>', "", text)


def test_analysts_may_take_rows_out_and_support_not(
    app: Flask, store: Store, left: Product
) -> None:
    """Where somebody may not download, no link offers it."""
    analyst, support = (member(app, store, left, role) for role in ("analyst", "support"))
    assert "report.csv" in analyst.get(f"/{left.id}/report").text
    assert "report.csv" not in support.get(f"/{left.id}/report").text


def test_the_style_stays_inside(ada: Visitor) -> None:
    """The report's look touches nothing around it, and is dark when the page is."""
    answer = ada.get("/report.css")
    assert answer.content_type.startswith("text/css")
    assert answer.text.startswith(".report {")
    assert answer.text.count("{") == answer.text.count("}")
    assert "prefers-color-scheme" not in answer.text
    assert '[data-bs-theme="dark"] & {' in answer.text


def test_comments_narrow_down(ada: Visitor, left: Product) -> None:
    """Words, version and reason choose; a file has the same comments; none fits is said."""
    page = f"/{left.id}/comments"
    assert "4 comments" in ada.read(page)
    assert "1 of 4 comments" in ada.read(page, query_string={"search": "7 minutes"})
    assert "4 comments" in ada.read(page, query_string={"version": "2.0", "reason": "too-slow"})
    assert "None of them fits." in ada.read(page, query_string={"version": "1.0"})
    rows = list(
        csv.DictReader(
            io.StringIO(
                ada.get(
                    f"/{left.id}/comments.csv", query_string={"search": "7 minutes"}
                ).data.decode("utf-8-sig")
            )
        )
    )
    assert [one["comment"] for one in rows] == ["It took 7 minutes."]


def test_a_theme_from_forming_to_done(ada: Visitor, store: Store, left: Product) -> None:
    """It is kept under a name, decided on, renamed, merged, taken apart, given up: each noted."""
    page = f"/{left.id}/themes"
    shown = ada.get(page).text
    (formed, *_) = re.findall(r'name="theme" value="([^"]*)"', shown)
    ada.post(f"{page}/keep", theme=formed, name="Waiting")
    (kept,) = store.themes(left)
    ada.post(f"{page}/{kept.id}/decide", decision="planned", note=" for  3.0 ")
    assert "Waiting planned 4 comments · for 3.0" in ada.read(page)
    ada.post(f"{page}/{kept.id}/name", name="Long waits")
    other = store.keep_theme(left, name="Slow", words=kept.words)
    ada.post(f"{page}/{kept.id}/merge", into=str(other.id))
    assert store.themes(left)[0].merged_into == other.id
    ada.post(f"{page}/{kept.id}/merge", into=str(other.id))
    assert "These two are one theme already." in ada.read(page)
    ada.post(f"{page}/{kept.id}/release")
    ada.post(f"{page}/{kept.id}/release")
    assert [one.name for one in store.themes(left)] == ["Slow"]
    ada.post(f"{page}/{kept.id}/release")
    assert "This theme is not there any more." in ada.read(page)
    changes = said(ada.get(f"/{left.id}/changes"))
    assert "The theme Waiting: planned" in changes
    assert "A theme was merged into Slow" in changes
