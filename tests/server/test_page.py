"""The page as a whole: small numbers first, who is behind a count, what must wait folded away."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import shlex
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from tests.server.full import fill
from tests.server.handmade import AS_OF, counts, group, line
from tests.server.messages import after, arrival, leaving
from tests.server.terminal import Terminal
from tests.server.test_as_page import Page

from exitpoll_server import clock, render
from exitpoll_server import report as reports
from exitpoll_server.counts import Departure, DepartureGroup, When, Window
from exitpoll_server.render import behind, commands
from exitpoll_server.report import Report
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.store import Store

NASTY = '\'; rm -rf ~ "$HOME" <script>alert(1)</script>'


def departures(n: int) -> tuple[list[DepartureGroup], list[Departure]]:
    """Return `n` uninstalls of every kind by turns, as groups and as lines."""
    groups, lines = [], []
    for i in range(n):
        facts: dict[str, Any] = {
            "known_from": ("agent", "both", "link")[i % 3],
            "not_asked": "unattended" if i % 5 == 4 else None,
            "reason": ("switched", "other")[i % 2] if i % 5 == 0 else None,
        }
        said = f"too slow {i}" if i % 10 == 0 else None
        days = (0.01, 0.5, 3.0, 12.0, 29.0, 80.0)[i % 6]
        when = ("first_hour", "first_day", "first_week", "in_trial", "trial_end", "later")[i % 6]
        groups.append(group(1, commented=said is not None, when=when, **facts))
        lines.append(
            line(
                **facts,
                asked=groups[-1].asked,
                comment=said,
                tenure_days=days,
                at=AS_OF - timedelta(days=n + 20 - i),
            )
        )
    return groups, lines


def of(n: int, **fields: Any) -> Report:
    groups, lines = departures(n)
    made = counts(
        *groups,
        comments=tuple(one for one in lines if one.comment),
        lines=tuple(lines[: reports.MOST_LINES]),
        tenures=tuple((int(one.tenure_days or 0), 1) for one in lines),
        **fields,
    )
    return reports.make(made)


class Opened(HTMLParser):
    """Reads which definitions stand on a page, where its anchors lead, and what is folded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.styles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if "href" in found else []
        self.styles += [f"{tag}: {name}" for name in found if name == "style" or name[:2] == "on"]


SIZES = pytest.mark.parametrize("n", [0, 1, 3, 40, 400])


@SIZES
def test_a_page_of_any_size_holds_together(n: int) -> None:
    """Elements nest; no inline style or handler; links lead somewhere; no id is there twice."""
    html = render.as_page(of(n))
    Page(html)
    opened = Opened(html)
    assert opened.styles == []
    assert sorted(opened.ids) == sorted(set(opened.ids))
    assert {link.removeprefix("#") for link in opened.links} <= set(opened.ids)
    assert not any(" " in one for one in opened.ids)


@SIZES
def test_every_figure_says_what_it_means(n: int) -> None:
    """The definition of each figure in the JSON is on the page in full, as soon as any is."""
    made = of(n)
    text = "".join(Page(html := render.as_page(made)).text)
    used = set(re.findall(r'"definition": "([^"]+)"', render.as_json(made)))
    if n:
        assert [name for name in used if DEFINITIONS[name] not in text] == []
        assert all(name in html for name in used)


# -- small numbers ---------------------------------------------------------------------------


def test_a_small_report_ends_soon() -> None:
    """All beside the counts, comments and lines is closed; what must wait is closed as well."""
    html = render.as_page(of(40))
    shown = re.sub(r"<details.*</details>", "", html, flags=re.DOTALL)
    assert "How many left, and how many spoke" in shown
    assert html.count('<tr id="u') == 40
    assert '<details><summary><h2 id="not-yet">Not to be known before' in html
    folded = html[html.index('id="not-yet"') :]
    assert "from 30 answers on" in folded[: folded.index("</details>")]
    assert "How sure the reasons are" not in folded
    assert '<h2 id="about-tenures">' in html[html.index('class="closed"') :]


def test_comments_of_many_are_fifty_and_a_command() -> None:
    """Fifty comments in full; the rest is a number, and how to read them."""
    html = render.as_page(of(600))
    assert html.count("<article>") == 50
    assert "And 10 more: exitpoll comments --product Sample" in html


# -- who is behind a count -------------------------------------------------------------------


def test_each_count_of_a_small_report_lists_its_lines() -> None:
    """As many lines as were counted, in the funnel, by cause, channel, moment, reason, tenure."""
    made = of(40)
    first = made.uninstalls
    listed = [
        (step.of_uninstalls, behind.step(made, step.name, step.of_uninstalls))
        for step in first.steps
    ]
    listed += [(p.figure, behind.not_asked(made, p.name, p.figure)) for p in first.not_asked]
    listed += [(p.figure, behind.known_from(made, p.name, p.figure)) for p in first.known_from]
    listed += [(m.figure, behind.moment(made, m.name, m.figure)) for m in first.when]
    listed += [
        (p.figure, behind.reason_at(made, m, p.name, p.figure))
        for m in first.when
        for p in m.reasons
    ]
    listed += [(b.uninstalls, behind.band(made, b)) for b in made.tenures.bands]
    assert len(listed) > 25
    for figure, found in listed:
        assert (len(found.lines), found.command) == (figure.numerator, None)
    late = [line for line in made.lines if line.tenure_days == 80]
    moment = next(m for m in first.when if m.name == "later")
    assert [one for _, one in behind.moment(made, "later", moment.figure).lines] == late


def test_the_page_links_a_count_with_its_lines() -> None:
    """The lines of those who answered can be jumped to from their number."""
    html = render.as_page(of(40))
    part = html[html.index("Answered anything</th>") :]
    links = re.findall(r'href="#u(\d+)"', part[: part.index("</tr>")])
    assert links == [str(n) for n in range(1, 41, 5)]


@pytest.mark.parametrize(
    ("days", "launches", "when"),
    [
        (80, 0, "never_launched"),
        (None, 3, "unknown"),
        (0.99 / 24, 1, "first_hour"),
        (1 / 24, 1, "first_day"),
        (1, 1, "first_week"),
        (7, 1, "in_trial"),
        (27, 1, "trial_end"),
        (33, 1, "trial_end"),
        (33.01, 1, "later"),
    ],
)
def test_a_line_is_of_the_moment_that_the_store_says(
    days: float | None, launches: int, when: When
) -> None:
    """Each moment ends where the figures say that it does; a trial has 30 days here."""
    one = line(tenure_days=days, launches=launches)
    made = reports.make(counts(group(1, when=when), lines=(one,)))
    (moment,) = made.uninstalls.when
    assert behind.moment(made, moment.name, moment.figure).lines == ((1, one),)


def test_lines_that_would_be_others_are_not_listed() -> None:
    """Where lines cannot tell who was counted, the command stands there instead of a guess."""
    made = of(40)
    moved = tuple(dataclasses.replace(one, tenure_days=None) for one in made.lines)
    made = dataclasses.replace(made, lines=moved)
    for moment in made.uninstalls.when:
        found = behind.moment(made, moment.name, moment.figure)
        assert (found.lines, found.command is None) == ((), False)


def test_a_big_report_names_the_command() -> None:
    """Beyond two hundred lines, and from thirty answers on, rows are listed by a command."""
    made = of(400)
    page = "".join(Page(render.as_page(made)).text)
    assert "--kind uninstalled --reason switched --format csv --out -" in page
    assert "where asked is true: exitpoll export churn --product Sample" in page


def test_the_command_lists_as_many_as_were_counted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page says to type, typed, gives exactly the rows behind the number."""
    monkeypatch.setattr(clock, "now", lambda: after(days=2))
    store = Store(f"sqlite:///{terminal.folder / 'exitpoll.sqlite3'}")
    product = fill(store, 9)
    plan: dict[str, Any] = {"attributes": {"plan": "pro", "seats": 1}}
    for who, days in ((101, 3), (102, 40)):
        quiet = {"uninstall_id": UUID(int=who), "at": after(days=-days), "asked": "installer"}
        event = leaving(
            1,
            sent_at=after(days=-days),
            uninstall=quiet,
            installation_id=UUID(int=who + 100),
            **plan,
        )
        store.merge(product, [arrival(event, after(days=-days))])
    window = Window(as_of=after(days=1), start=after(days=-30), end=after(days=1))
    made = reports.make(store.counts(product, window, stopped_after_days=40, most_lines=0))
    store.close()
    counted = {}
    for name in ("uninstalled", "answered"):
        figure = next(s.of_uninstalls for s in made.uninstalls.steps if s.name == name)
        command = behind.step(made, name, figure).command
        assert command is not None
        written = terminal.succeed(*shlex.split(command)[1:]).removeprefix("\ufeff")
        counted[name] = len(list(csv.DictReader(io.StringIO(written))))
        assert counted[name] == figure.numerator
    # One left quietly in the window, and another before it.
    assert counted["uninstalled"] == counted["answered"] + 1


def test_whatever_a_product_is_called_its_command_is_one_command() -> None:
    """Quotes, dollars and tags in a name stay within their argument."""
    made = dataclasses.replace(of(3), product=NASTY, where={"attribute:plan": "a b"})
    words = shlex.split(commands.churn(made))
    assert words[:5] == ["exitpoll", "export", "churn", "--product", NASTY]
    assert words[words.index("--where") + 1] == "attribute:plan=a b"
    assert "<script" not in render.as_page(made)
