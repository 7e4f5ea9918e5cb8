"""What text and page say of changes, reasons, bias and offers, in sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from tests.server.handmade import counts, group, line

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Span
from exitpoll_server.render import blocks, words
from exitpoll_server.render.blocks import Block
from exitpoll_server.report import Report
from exitpoll_server.report.changes import Change, Changes, changes
from exitpoll_server.report.figures import Figure, share
from exitpoll_server.report.offers import Offer, Offers
from exitpoll_server.report.reasons import Order, Position


def answered() -> Report:
    """Return 40 who gave a reason, of 100."""
    said = line(reason="switched", comment="so very slow")
    return reports.make(
        counts(
            group(30, reason="switched", commented=True),
            group(10, reason="other"),
            group(60),
            comments=(said,),
        )
    )


def block(report: Report, name: str) -> Block:
    found: Block = next(one for one in blocks.blocks(report) if one.name == name)
    return found


def spaced(said: str) -> str:
    return said.replace(words.NBSP, " ")


def test_a_rate_is_said_with_its_interval() -> None:
    """How many times as often, between which bounds, and both rates."""
    ratio = Figure(2.0, None, None, 1.4, 2.9, "changes.ratio")
    now, before = (Figure(value, 9, 9, None, None, "changes.rate") for value in (8.0, 4.0))
    change = Change(
        kind="version", subject="2.1.0", now=now, before=before, difference=ratio, more=True
    )
    made = dataclasses.replace(answered(), changes=Changes((change,), None))
    (said,) = blocks.changed(made)
    assert said == (
        "Version 2.1.0 is uninstalled 2.0 times as often as in the window before (at least 1.4, "
        "at most 2.9 times): 8.0 uninstalls for every 1,000 days of use, before 4.0."
    )


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_too_few_to_compare_is_said_with_what_is_needed(as_: Callable[[Report], str]) -> None:
    """How many there are in the window that has fewer, and how many each needs."""
    made = dataclasses.replace(answered(), changes=changes((span(4), span(5))))
    said = "Too few uninstalls to tell what changed: 4 of 10 needed in each window."
    assert said in " ".join(as_(made).split())


def span(uninstalls: int) -> Span:
    start = datetime(2026, 5, 1, tzinfo=timezone.utc)
    return Span(
        start=start,
        end=start + timedelta(days=30),
        installed=50,
        uninstalls=uninstalls,
        answered=0,
        active_days=1000,
        reasons=(),
        versions=(),
    )


def test_an_adjusted_share_stands_beside_the_plain_one_and_the_bounds() -> None:
    """Never alone, and never called corrected."""
    made = answered()
    first = dataclasses.replace(
        made.reasons.reasons[0], adjusted=Figure(0.7, 30, 40, 0.5, 0.8, "reasons.adjusted")
    )
    made = dataclasses.replace(
        made, reasons=dataclasses.replace(made.reasons, reasons=(first,), not_adjusted=None)
    )
    row = block(made, "reasons").rows[0]
    assert spaced(row.said or "") == (
        "75 % of the reasons given; 70 % adjusted for known differences; "
        "of all who left at least 30 %, at most 90 %"
    )
    page = spaced(render.as_page(made))
    for said in ("adjusted for known differences", "at least 30 %", "at most 90 %"):
        assert said in page
    assert "corrected" not in page


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("too_few", "fewer than 30 gave a reason."),
        ("unreached", "7 of 100 who left are like nobody who gave a reason."),
        ("too_uneven", "a few answers would have to speak for nearly everybody."),
        ("does_not_converge", "those who answered are too unlike those who left."),
    ],
)
def test_why_nothing_is_adjusted_is_said(why: str, said: str) -> None:
    """Every refusal has its sentence."""
    made = answered()
    refused = dataclasses.replace(
        made.reasons,
        not_adjusted=why,  # type: ignore[arg-type]
        unreached=share(7, 100, "reasons.unreached"),
    )
    sentences = block(dataclasses.replace(made, reasons=refused), "reasons").sentences
    assert f"Not adjusted for known differences: {said}" in sentences


def test_the_effect_of_standing_first_is_said_with_both_shares() -> None:
    """Only where there is one; beside what chance would give."""
    made = answered()
    assert not any("shown first" in one for one in block(made, "reasons").sentences)
    chance = Figure(0.2, None, 40, None, None, "reasons.position_by_chance")
    first = Position(place=1, chosen=share(20, 40, "reasons.position"), by_chance=chance)
    order = Order(positions=(first,), verdict="first_more")
    made = dataclasses.replace(made, reasons=dataclasses.replace(made.reasons, order=order))
    assert spaced(block(made, "reasons").sentences[-1]) == (
        "The reason shown first is chosen more often than chance would have it: "
        "50 %, by chance 20 %."
    )


def test_an_offer_that_cannot_be_judged_says_why() -> None:
    """Counts stand, and a sentence instead of an effect; one reason is not told twice."""
    offer = Offer(
        reason=None,
        offered=share(3, 20, "offers.offered"),
        held_out=share(0, 0, "offers.held_out"),
        effect=Figure(None, None, None, None, None, "offers.effect"),
        not_compared="nobody_held_out",
    )
    one = dataclasses.replace(offer, reason="switched")
    found = block(dataclasses.replace(answered(), offers=Offers(offer, (one,))), "offers")
    assert found.sentences == ("Nobody was held out: what the offer did cannot be told.",)
    assert len(found.rows) == 2


def test_unknown_tenures_are_counted() -> None:
    """Who had it for an unknown time is a row of its own."""
    made = reports.make(counts(group(5), tenures=((3, 4),)))
    rows = {row.label: row.figure.numerator for row in block(made, "tenures").rows}
    assert rows == {"2 to 3 days": 4, "Not known": 1}
