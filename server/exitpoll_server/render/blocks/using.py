"""How it is used: who comes back, how they are doing, what they say of it."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import pictures
from exitpoll_server.render.blocks.block import Block, Drawn, Row, number
from exitpoll_server.report import Report
from exitpoll_server.report.scores import NetPromoters
from exitpoll_server.speech import N_, _, ngettext, num

CLASSES = {
    "good": N_("Good"),
    "medium": N_("Medium"),
    "poor": N_("Poor"),
    "new": N_("New"),
    "stopped": N_("Stopped"),
    "uninstalled": N_("Uninstalled"),
    None: N_("Not there yet"),
}
REGULAR = {
    "X": N_("Regular (X)"),
    "Y": N_("Less regular (Y)"),
    "Z": N_("Irregular (Z)"),
    "none": N_("Not launched"),
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
    title = _("Who comes back")
    days = [one for one in report.retention.days_of_life if not one.unsaid]
    if not days:
        return Block(name="retention", title=title, waits=_("a day after the first install"))
    rows = [
        row
        for one in days
        for row in (
            Row(_("Used on day %(day)s", day=one.day), one.on_day),
            Row(_("Used on day %(day)s or later", day=one.day), one.on_day_or_later),
        )
    ]
    return Block(name="retention", title=title, rows=tuple(rows))


def _months(report: Report) -> Block:
    title = _("Month by month")
    ended = [one for one in report.retention.months if not one.still_running][-MOST_MONTHS:]
    if not ended:
        return Block(name="months", title=title, waits=_("once a calendar month has ended"))
    picture = pictures.months.Months(
        title=_("New, returning and resurrecting, and dormant, by month"),
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
    month = f"{last.month:%Y-%m}"
    return Block(
        name="months",
        title=title,
        pictures=(Drawn(partial(pictures.months.draw, picture), pictures.months.rows(picture)),),
        rows=(
            Row(_("Active in %(month)s", month=month), last.active),
            Row(_("New in %(month)s", month=month), last.new),
            Row(_("Returned in %(month)s", month=month), last.returning),
            Row(_("Resurrected in %(month)s", month=month), last.resurrecting),
            Row(_("Fell dormant in %(month)s", month=month), last.dormant),
            Row(_("Days used, of the month's in %(month)s", month=month), last.stickiness),
        ),
    )


def _health(report: Report) -> Block:
    title, found = _("Health"), report.health
    if not found.seen.numerator:
        return Block(name="health", title=title, waits=_("once somebody uses it"))
    rows = [Row(_(CLASSES[part.name]), part.figure) for part in found.now if part.figure.numerator]
    rows += [
        Row(_("%(health)s before: lost since", health=_(CLASSES[one.name])), one.lost)
        for one in found.afterwards
        if one.lost.denominator
    ]
    sentence = ngettext(
        "Of the last %(num)s day: good from %(good)s days of use on, and "
        "more than half of the days before; poor without any.",
        "Of the last %(num)s days: good from %(good)s days of use on, and "
        "more than half of the days before; poor without any.",
        found.window_days,
        good=num(found.good_days),
    )
    return Block(name="health", title=title, sentences=(sentence,), rows=tuple(rows))


def _movement(report: Report) -> list[Block]:
    found = report.health
    title = ngettext(
        "Where they moved in %(num)s day", "Where they moved in %(num)s days", found.window_days
    )
    if found.too_early or not found.movement:
        on = found.known_on
        waits = _("once somebody uses it") if on is None else _("on %(day)s", day=on)
        return [Block(name="movement", title=title, waits=waits)]
    names = [name for name in CLASSES if name is not None]
    picture = pictures.matrix.Matrix(
        title=ngettext(
            "Health %(num)s day ago and now",
            "Health %(num)s days ago and now",
            found.window_days,
        ),
        before=tuple(_(CLASSES[row.before]) for row in found.movement),
        now=tuple(_(CLASSES[name]) for name in names),
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
        Row(_("%(health)s: still so", health=_(CLASSES[row.before])), part.figure)
        for row in found.movement
        for part in row.now
        if part.name == row.before
    )
    return [Block(name="movement", title=title, pictures=(drawn,), rows=rows)]


def _scores(report: Report) -> Block:
    title = _("How gladly they would recommend it")
    groups = ((_("Who leave"), report.scores.leaving), (_("Who stay"), report.scores.staying))
    rows = [row for name, group in groups if not group.unsaid for row in _net(name, group)]
    if not rows:
        return Block(name="scores", title=title, waits=_("from 30 scores on"))
    return Block(name="scores", title=title, rows=tuple(rows))


def _net(name: str, group: NetPromoters) -> list[Row]:
    return [
        Row(_("%(who)s: NPS", who=name), group.nps, number(group.nps, decimals=0)),
        Row(_("%(who)s: 9 or 10", who=name), group.promoters),
        Row(_("%(who)s: 0 to 6", who=name), group.detractors),
    ]


def _regularity(report: Report) -> Block:
    title = _("How regularly it is used")
    found = report.regularity
    if found.now_too_early:
        waits = _("once six calendar months have ended")
        return Block(name="regularity", title=title, waits=waits)
    rows = tuple(Row(_(REGULAR[part.name]), part.figure) for part in found.now)
    return Block(name="regularity", title=title, rows=rows)
