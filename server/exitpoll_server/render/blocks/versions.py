"""Versions that hurt, what is still arriving, and segments side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial

from exitpoll_server.render import pictures, words
from exitpoll_server.render.blocks.block import Block, Drawn, Row, version
from exitpoll_server.report import Report
from exitpoll_server.report.alarms import VersionWeek
from exitpoll_server.report.segments import SegmentRow, Table
from exitpoll_server.speech import N_, _, ngettext, num

MOST_PANELS = 6
MOST_WEEKS = 26
"""Of the picture, and of the alarms under it: half a year."""
MOST_SEGMENTS = 3
"""Of each dimension: those that lose most; whatever stands out is told besides."""

OLD_VERSIONS = N_(
    "Who leaves stays with the version that they had, while the others move on: an old version "
    "keeps its uninstalls and loses those who stayed. “Versions that hurt” compares week by week."
)

UNINSTALLED = {
    "more": N_("%(share)s uninstalled; more than the rest"),
    "less": N_("%(share)s uninstalled; less than the rest"),
    None: N_("%(share)s uninstalled"),
}
"""By how a segment stands out."""

DIMENSIONS = {
    "version": N_("Version"),
    "channel": N_("Channel"),
    "os": N_("System"),
    "locale": N_("Language and region"),
    "edition": N_("Edition"),
    "source": N_("Source"),
}


def versions(report: Report) -> list[Block]:
    """Return the blocks about versions and other segments."""
    return [_alarms(report), *_arriving(report), *_segments(report)]


# -- alarms --------------------------------------------------------------------------------


def _alarms(report: Report) -> Block:
    title = _("Versions that hurt")
    judged = [one for one in report.alarms if not one.unsaid]
    if not judged:
        waits = _("once a version was used for two weeks")
        return Block(name="alarms", title=title, waits=waits)
    if not any(one.rate.numerator for one in report.alarms):
        # Where uninstalls cannot be seen that is no praise.
        waits = _("once an uninstall of a version is known")
        return Block(name="alarms", title=title, waits=waits)
    weeks = sorted({one.week for one in report.alarms})[-MOST_WEEKS:]
    raised = [one for one in judged if one.alarm and one.week in weeks]
    sentence = _(
        "No version was uninstalled more often than it should be, since the week of %(week)s.",
        week=weeks[0],
    )
    if raised:
        sentence = _(
            "Uninstalled more often than others, or than before, since the week of %(week)s:",
            week=weeks[0],
        )
    return Block(
        name="alarms",
        title=title,
        sentences=(sentence,),
        pictures=_weeks(report, weeks),
        rows=tuple(_alarm(one) for one in sorted(raised, key=lambda one: one.week, reverse=True)),
    )


def _alarm(one: VersionWeek) -> Row:
    expected = one.expected.value or 0
    said = ngettext(
        "%(num)s uninstall, where %(expected)s were to be expected",
        "%(num)s uninstalls, where %(expected)s were to be expected",
        one.rate.numerator or 0,
        expected=num(expected, ",.1f"),
    )
    label = _("%(version)s, week of %(week)s", version=version(one.version), week=one.week)
    return Row(label, one.rate, said)


def _weeks(report: Report, weeks: list[date]) -> tuple[Drawn, ...]:
    by_version: dict[str | None, dict[date, VersionWeek]] = {}
    for one in report.alarms:
        if one.week in weeks:
            by_version.setdefault(one.version, {})[one.week] = one
    shown = sorted(by_version, key=lambda name: _importance(by_version[name]), reverse=True)
    arrived = {one.day: one.complete.value or 0.0 for one in report.arriving.days}
    picture = pictures.weeks.Weeks(
        title=_("Uninstalls for every 1,000 days of use, by version and week"),
        unit=_("uninstalls for every 1,000 days of use"),
        weeks=tuple(weeks),
        arrived=tuple(_share_of_week(week, arrived) for week in weeks),
        panels=tuple(
            pictures.weeks.Panel(
                version(name), tuple(_rate(by_version[name].get(week)) for week in weeks)
            )
            for name in shown[:MOST_PANELS]
        ),
    )
    return (Drawn(partial(pictures.weeks.draw, picture), pictures.weeks.rows(picture)),)


def _importance(weeks: Mapping[date, VersionWeek]) -> tuple[int, int]:
    """Return what puts versions in order: alarms first, then use."""
    alarms = sum(one.alarm for one in weeks.values())
    return alarms, sum(one.rate.denominator or 0 for one in weeks.values())


def _rate(one: VersionWeek | None) -> pictures.weeks.Rate | None:
    if one is None or one.rate.value is None:
        return None
    low, high = one.rate.low, one.rate.high
    value = one.rate.value
    return pictures.weeks.Rate(
        value, value if low is None else low, value if high is None else high, one.alarm
    )


def _share_of_week(week: date, arrived: Mapping[date, float]) -> float:
    days = [arrived.get(week + timedelta(days=n), 1.0) for n in range(7)]
    return sum(days) / len(days)


# -- what is still arriving ----------------------------------------------------------------


def _arriving(report: Report) -> list[Block]:
    found = report.arriving
    title = _("Still arriving")
    if found.too_early:
        on = found.known_on
        waits = _("once a day is 45 days old") if on is None else _("on %(day)s", day=on)
        return [Block(name="arriving", title=title, waits=waits)]
    if not found.days:
        return []
    sentence = _("Days of which use is still on its way: copies that were without a network.")
    rows = tuple(
        Row(f"{one.day}", one.complete, _complete(one.complete.value)) for one in found.days
    )
    return [Block(name="arriving", title=title, sentences=(sentence,), rows=rows)]


def _complete(value: float | None) -> str:
    if value is None:
        return _("not known yet")
    return _("%(share)s has arrived", share=words.percent(value))


# -- segments ------------------------------------------------------------------------------


def _segments(report: Report) -> list[Block]:
    blocks = [_segment(table) for table in report.segments if _says_something(table)]
    if blocks or not report.segments:
        return blocks
    waits = _("once copies differ in version, channel, system, language or edition")
    return [Block(name="segments", title=_("Side by side"), waits=waits)]


def _says_something(table: Table) -> bool:
    return len([row for row in table.rows if row.uninstalled.denominator]) > 1


def _segment(table: Table) -> Block:
    name = _(DIMENSIONS.get(table.dimension, ""))
    if not name:
        name = words.typed(table.dimension.removeprefix("attribute:")) or _("An attribute")
    shown = [
        row
        for place, row in enumerate(table.rows)
        # Of copies that only a link told of nothing is known, but that they are gone.
        if row.value is not None and (place < MOST_SEGMENTS or row.stands_out is not None)
    ]
    return Block(
        name=f"segments-{words.typed(table.dimension)}",
        title=_("%(dimension)s: who uninstalls most", dimension=name),
        sentences=(_(OLD_VERSIONS),) if table.dimension == "version" else (),
        rows=tuple(_row(row) for row in shown),
    )


def _row(row: SegmentRow) -> Row:
    said = _(UNINSTALLED[row.stands_out], share=words.share(row.uninstalled))
    rate = row.per_active_days.value
    if rate is not None:
        said = _(
            "%(said)s; %(rate)s for every 1,000 days of use", said=said, rate=num(rate, ",.1f")
        )
    return Row(version(row.value), row.uninstalled, said)
