"""How long they stay: tenure of those who left, survival, uninstalling against stopping."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from math import floor

from exitpoll_server.counts import FOLLOWED_DAYS, LEAST_AT_RISK
from exitpoll_server.render import behind, pictures, words
from exitpoll_server.render.blocks.block import Block, Drawn, Row, between, days, version
from exitpoll_server.report import Report
from exitpoll_server.report.curves import Curve
from exitpoll_server.report.survival import AtDay, Comparison, Lifetime
from exitpoll_server.report.tenure import TenureBand
from exitpoll_server.speech import N_, _, ngettext, num

UNSAID = {
    "too_few": N_("from 10 installations on"),
    "no_losses": N_("once somebody was lost"),
    "emptied": N_("once more are followed from their first day on"),
    "too_early": N_("once somebody was followed for so long"),
    "apart": N_("once the groups were followed at the same time of life"),
}
CLEARLY = 0.05
"""A p value below which groups are said to differ."""

TINY = 0.001
"""Below this a p value says no more than that it is small."""

LAST_TICK = 0.9
"""Of a picture's length: a tick beyond it would stand in the way of the one at the end."""


def staying(report: Report) -> list[Block]:
    """Return the blocks about how long they stay."""
    return [_tenures(report), _lifetimes(report), _ways_out(report), *_groups(report)]


# -- tenure of those who left --------------------------------------------------------------


def _tenures(report: Report) -> Block:
    title = _("How long they had it who left")
    bands = report.tenures.bands
    if not bands[0].uninstalls.denominator:
        waits = _("once somebody left whose install is known")
        return Block(name="tenures", title=title, waits=waits)
    while bands and not bands[-1].uninstalls.numerator:
        bands = bands[:-1]
    picture = pictures.histogram.Histogram(
        title=title,
        bins=tuple(
            pictures.histogram.Bin(_band(one), one.uninstalls.numerator or 0) for one in bands
        ),
    )
    return Block(
        name="tenures",
        title=title,
        pictures=(
            Drawn(partial(pictures.histogram.draw, picture), pictures.histogram.rows(picture)),
        ),
        rows=(*_bands(report), *_unknown_tenure(report)),
        folded=True,
    )


def _bands(report: Report) -> list[Row]:
    return [
        Row(_band(one), one.uninstalls, behind=behind.band(report, one))
        for one in report.tenures.bands
        if one.uninstalls.numerator
    ]


def _unknown_tenure(report: Report) -> list[Row]:
    figure = report.tenures.unknown
    if not figure.numerator:
        return []
    return [Row(_("Not known"), figure, behind=behind.unknown_tenure(report, figure))]


def _band(one: TenureBand) -> str:
    """Say a band in whole days."""
    if one.below is None:
        return ngettext("%(num)s day or more", "%(num)s days or more", one.least)
    last = one.below - 1
    if not last:
        return _("under a day")
    if one.least == last:
        return ngettext("%(num)s day", "%(num)s days", last)
    return ngettext(
        "%(first)s to %(num)s day", "%(first)s to %(num)s days", last, first=num(one.least)
    )


# -- survival ------------------------------------------------------------------------------


def _lifetimes(report: Report) -> Block:
    title = _("How long they stay until they uninstall")
    whole = report.lifetimes.installed
    if whole.unsaid:
        return Block(name="lifetimes", title=title, waits=_unsaid(whole.unsaid))
    until = _until(whole.curve)
    if not until:
        return Block(name="lifetimes", title=title, waits=_unsaid("emptied"))
    rows = [_median(_("Half have uninstalled after"), whole)]
    rows += [
        Row(_installed_after(at.day), at.figure, _share_at(at))
        for at in whole.staying
        if not at.unsaid and at.day <= until
    ]
    horizon = round(min(whole.horizon_days, until))
    of_first = ngettext(
        "Stay, of the first %(day)s day", "Stay, of the first %(day)s days", horizon, day=horizon
    )
    rows.append(Row(of_first, whole.firm_mean, days(whole.firm_mean)))
    return Block(name="lifetimes", title=title, sentences=(_ends(until),), rows=tuple(rows))


def _unsaid(why: str) -> str:
    return _(UNSAID[why])


def _installed_after(day: int) -> str:
    return ngettext(
        "Still installed after %(day)s day", "Still installed after %(day)s days", day, day=day
    )


def _until(curve: Curve | None) -> float:
    """Return the day up to which a curve is drawn and said, 0 where it is not."""
    return curve.firm_until if curve else 0.0


def _ends(until: float) -> str:
    return ngettext(
        "This ends after %(num)s day: from then on fewer than %(least)s were followed.",
        "This ends after %(num)s days: from then on fewer than %(least)s were followed.",
        round(until),
        least=num(LEAST_AT_RISK),
    )


def _median(label: str, of: Lifetime) -> Row:
    figure = of.median
    if figure.value is not None and figure.value <= _until(of.curve):
        return Row(label, figure, days(figure))
    not_reached = ngettext(
        "not reached: over half were still there after %(num)s day",
        "not reached: over half were still there after %(num)s days",
        round(_until(of.curve)),
    )
    return Row(label, figure, not_reached)


def _share_at(at: AtDay) -> str:
    """Say a share of a curve, which is no quotient of its two numbers."""
    figure = at.figure
    if figure.value is None:
        return _("too early")
    said = words.percent(figure.value)
    if figure.low is None or figure.high is None:
        return said
    return between(said, words.percent(figure.low), words.percent(figure.high))


def _ways_out(report: Report) -> Block:
    title = _("Uninstalled, or merely stopped")
    found = report.lifetimes
    ways = (
        (_("Uninstalled"), _uninstalled_within, found.uninstalled),
        (_("Stopped"), _stopped_within, found.stopped),
    )
    said = [way for way in ways if _until(way[-1].curve)]
    if not said:
        waits = _unsaid(found.uninstalled.unsaid or "emptied")
        return Block(name="ways_out", title=title, waits=waits)
    until = _until(said[0][-1].curve)
    rows = [
        Row(within(at.day), at.figure, _share_at(at))
        for _name, within, way in said
        for at in way.by_day
        # Before T days nobody can have stopped: that is no 0.
        if at.day <= until and (way is not found.stopped or at.day >= report.stopped_after_days)
    ]
    drawn = _curves(
        _("Uninstalled and stopped, by days since the install"),
        [(name, way.curve) for name, _within, way in said],
    )
    return Block(
        name="ways_out", title=title, sentences=(_ends(until),), pictures=drawn, rows=tuple(rows)
    )


def _uninstalled_within(day: int) -> str:
    return ngettext(
        "Uninstalled within %(day)s day", "Uninstalled within %(day)s days", day, day=day
    )


def _stopped_within(day: int) -> str:
    return ngettext("Stopped within %(day)s day", "Stopped within %(day)s days", day, day=day)


def _groups(report: Report) -> list[Block]:
    found = report.lifetimes
    return [
        _group(
            "by_version",
            _("How long they stay, by the version they installed"),
            [(version(one.name), one) for one in found.versions],
            found.versions_compared,
        ),
        _group(
            "by_launches",
            ngettext(
                "How long they stay, by launches in their first %(num)s day",
                "How long they stay, by launches in their first %(num)s days",
                found.landmark_day,
            ),
            [(_launches(one.name), one) for one in found.launches],
            found.launches_compared,
        ),
    ]


def _launches(band: str | None) -> str:
    """Name a band of launches: "1", "2–6" or "7+"."""
    return _("1 launch") if band == "1" else _("%(band)s launches", band=band)


def _group(
    name: str, title: str, groups: list[tuple[str, Lifetime]], compared: Comparison
) -> Block:
    said = [(label, one) for label, one in groups if _until(one.curve)]
    if not said:
        return Block(name=name, title=title, waits=_unsaid(compared.unsaid or "emptied"))
    fewest = num(LEAST_AT_RISK)
    sentences = [_("A curve ends where fewer than %(n)s were still followed.", n=fewest)]
    if compared.p.value is not None:
        sentences.append(_compared(compared.p.value))
    return Block(
        name=name,
        title=title,
        sentences=tuple(sentences),
        pictures=_curves(title, [(label, one.curve) for label, one in said]),
        rows=tuple(
            _median(_("%(group)s: half lost after", group=label), one) for label, one in said
        ),
    )


def _compared(p: float) -> str:
    chance = f"p < {num(TINY, 'g')}" if p < TINY else f"p = {num(p, '.2g')}"
    if p < CLEARLY:
        return _("They differ by more than chance would (%(chance)s).", chance=chance)
    return _("They do not differ by more than chance would (%(chance)s).", chance=chance)


def _curves(title: str, named: Iterable[tuple[str, Curve | None]]) -> tuple[Drawn, ...]:
    curves = [(label, curve) for label, curve in named if curve is not None]
    until = max(curve.firm_until for _, curve in curves)
    ticks = (*(day for day in FOLLOWED_DAYS if day < LAST_TICK * until), floor(until))
    picture = pictures.curves.Curves(
        title=title,
        unit=_("days"),
        ticks=tuple(float(tick) for tick in ticks),
        curves=tuple(_drawn(label, curve, ticks) for label, curve in curves),
    )
    return (Drawn(partial(pictures.curves.draw, picture), pictures.curves.rows(picture)),)


def _drawn(label: str, curve: Curve, ticks: Iterable[int]) -> pictures.curves.Curve:
    followed = {at.day: at.n for at in curve.at_risk if at.day <= curve.firm_until}
    return pictures.curves.Curve(
        label, _points(curve), tuple(followed.get(day) for day in ticks), curve.firm_until
    )


def _points(curve: Curve) -> tuple[pictures.curves.Point, ...]:
    # Where there is no interval the band has no height: it must not go on as it was.
    return tuple(
        pictures.curves.Point(
            step.day,
            step.share,
            step.share if step.low is None else step.low,
            step.share if step.high is None else step.high,
        )
        for step in curve.steps
        if step.day <= curve.firm_until
    )
