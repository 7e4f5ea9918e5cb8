"""How it is used: who comes back, how they are doing, what they say of it."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import pictures
from exitpoll_server.render.blocks.block import Block, Drawn, Row, number
from exitpoll_server.report import Report
from exitpoll_server.report.scores import NetPromoters

CLASSES = {
    "good": "Good",
    "medium": "Medium",
    "poor": "Poor",
    "new": "New",
    "stopped": "Stopped",
    "uninstalled": "Uninstalled",
    None: "Not there yet",
}
REGULAR = {
    "X": "Regular (X)",
    "Y": "Less regular (Y)",
    "Z": "Irregular (Z)",
    "none": "Not launched",
}
MOST_MONTHS = 24


def using(report: Report) -> list[Block]:
    """Return the blocks about use."""
    return [
        _retention(report),
        _months(report),
        _health(report),
        *_movement(report),
        _scores(report),
        _regularity(report),
    ]


def _retention(report: Report) -> Block:
    title = "Who comes back"
    days = [one for one in report.retention.days_of_life if not one.unsaid]
    if not days:
        return Block(name="retention", title=title, waits="a day after the first install")
    rows = [
        row
        for one in days
        for row in (
            Row(f"Used on day {one.day}", one.on_day),
            Row(f"Used on day {one.day} or later", one.on_day_or_later),
        )
    ]
    return Block(name="retention", title=title, rows=tuple(rows))


def _months(report: Report) -> Block:
    title = "Month by month"
    ended = [one for one in report.retention.months if not one.still_running][-MOST_MONTHS:]
    if not ended:
        return Block(name="months", title=title, waits="once a calendar month has ended")
    picture = pictures.months.Months(
        title="New, returning and resurrecting, and dormant, by month",
        months=tuple(
            pictures.months.Month(
                one.month,
                one.new.numerator or 0,
                one.returning.numerator or 0,
                one.resurrecting.numerator or 0,
                one.dormant.numerator or 0,
            )
            for one in ended
        ),
    )
    last = ended[-1]
    when = f"in {last.month:%Y-%m}"
    return Block(
        name="months",
        title=title,
        pictures=(Drawn(partial(pictures.months.draw, picture), pictures.months.rows(picture)),),
        rows=(
            Row(f"Active {when}", last.active),
            Row(f"New {when}", last.new),
            Row(f"Returned {when}", last.returning),
            Row(f"Resurrected {when}", last.resurrecting),
            Row(f"Fell dormant {when}", last.dormant),
            Row(f"Days used, of the month's {when}", last.stickiness),
        ),
    )


def _health(report: Report) -> Block:
    title, found = "Health", report.health
    if not found.seen.numerator:
        return Block(name="health", title=title, waits="once somebody uses it")
    rows = [Row(CLASSES[part.name], part.figure) for part in found.now if part.figure.numerator]
    rows += [
        Row(f"{CLASSES[one.name]} before: lost since", one.lost)
        for one in found.afterwards
        if one.lost.denominator
    ]
    sentence = (
        f"Of the last {found.window_days} days: good from {found.good_days} days of use on, and "
        "more than half of the days before; poor without any."
    )
    return Block(name="health", title=title, sentences=(sentence,), rows=tuple(rows))


def _movement(report: Report) -> list[Block]:
    found = report.health
    title = f"Where they moved in {found.window_days} days"
    if found.too_early or not found.movement:
        on = found.known_on
        waits = "once somebody uses it" if on is None else f"on {on}"
        return [Block(name="movement", title=title, waits=waits)]
    names = [name for name in CLASSES if name is not None]
    picture = pictures.matrix.Matrix(
        title=f"Health {found.window_days} days ago and now",
        before=tuple(CLASSES[row.before] for row in found.movement),
        now=tuple(CLASSES[name] for name in names),
        counts=tuple(
            tuple(
                next((part.figure.numerator or 0 for part in row.now if part.name == name), 0)
                for name in names
            )
            for row in found.movement
        ),
    )
    drawn = Drawn(partial(pictures.matrix.draw, picture), pictures.matrix.rows(picture))
    rows = tuple(
        Row(f"{CLASSES[row.before]}: still so", part.figure)
        for row in found.movement
        for part in row.now
        if part.name == row.before
    )
    return [Block(name="movement", title=title, pictures=(drawn,), rows=rows)]


def _scores(report: Report) -> Block:
    title = "How gladly they would recommend it"
    groups = (("Who leave", report.scores.leaving), ("Who stay", report.scores.staying))
    rows = [row for name, group in groups if not group.unsaid for row in _net(name, group)]
    if not rows:
        return Block(name="scores", title=title, waits="from 30 scores on")
    return Block(name="scores", title=title, rows=tuple(rows))


def _net(name: str, group: NetPromoters) -> list[Row]:
    return [
        Row(f"{name}: NPS", group.nps, number(group.nps, decimals=0)),
        Row(f"{name}: 9 or 10", group.promoters),
        Row(f"{name}: 0 to 6", group.detractors),
    ]


def _regularity(report: Report) -> Block:
    title = "How regularly it is used"
    found = report.regularity
    if found.now_too_early:
        return Block(name="regularity", title=title, waits="once six calendar months have ended")
    rows = tuple(Row(REGULAR[part.name], part.figure) for part in found.now)
    return Block(name="regularity", title=title, rows=rows)
