"""How long they stay: tenure of those who left, survival, uninstalling against stopping."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from math import floor

from exitpoll_server.counts import FOLLOWED_DAYS, LEAST_AT_RISK
from exitpoll_server.render import behind, pictures, words
from exitpoll_server.render.blocks.block import Block, Drawn, Row, number, version
from exitpoll_server.report import Report
from exitpoll_server.report.curves import Curve
from exitpoll_server.report.survival import AtDay, Comparison, Lifetime
from exitpoll_server.report.tenure import TenureBand

UNSAID = {
    "too_few": "from 10 installations on",
    "no_losses": "once somebody was lost",
    "emptied": "once more are followed from their first day on",
    "too_early": "once somebody was followed for so long",
    "apart": "once the groups were followed at the same time of life",
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
    title = "How long they had it who left"
    bands = report.tenures.bands
    if not bands[0].uninstalls.denominator:
        return Block(name="tenures", title=title, waits="once somebody left whose install is known")
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
    return [Row("Not known", figure, behind=behind.unknown_tenure(report, figure))]


def _band(one: TenureBand) -> str:
    """Say a band in whole days."""
    if one.below is None:
        return f"{one.least} days or more"
    last = one.below - 1
    if one.least == last:
        return {0: "under a day", 1: "1 day"}.get(last, f"{last} days")
    return f"{one.least} to {last} days"


# -- survival ------------------------------------------------------------------------------


def _lifetimes(report: Report) -> Block:
    title = "How long they stay until they uninstall"
    whole = report.lifetimes.installed
    if whole.unsaid:
        return Block(name="lifetimes", title=title, waits=UNSAID[whole.unsaid])
    until = _until(whole.curve)
    if not until:
        return Block(name="lifetimes", title=title, waits=UNSAID["emptied"])
    rows = [_median("Half have uninstalled after", whole)]
    rows += [
        Row(f"Still installed after {at.day} days", at.figure, _share_at(at))
        for at in whole.staying
        if not at.unsaid and at.day <= until
    ]
    horizon = f"{min(whole.horizon_days, until):.0f}"
    mean = whole.firm_mean
    rows.append(Row(f"Stay, of the first {horizon} days", mean, number(mean, " days")))
    return Block(name="lifetimes", title=title, sentences=(_ends(until),), rows=tuple(rows))


def _until(curve: Curve | None) -> float:
    """Return the day up to which a curve is drawn and said, 0 where it is not."""
    return curve.firm_until if curve else 0.0


def _ends(until: float) -> str:
    return (
        f"This ends after {until:,.0f} days: from then on fewer than {LEAST_AT_RISK} were followed."
    )


def _median(label: str, of: Lifetime) -> Row:
    figure = of.median
    if figure.value is not None and figure.value <= _until(of.curve):
        return Row(label, figure, number(figure, " days"))
    days = f"{_until(of.curve):,.0f} days"
    return Row(label, figure, f"not reached: over half were still there after {days}")


def _share_at(at: AtDay) -> str:
    """Say a share of a curve, which is no quotient of its two numbers."""
    figure = at.figure
    if figure.value is None:
        return "too early"
    said = words.percent(figure.value)
    if figure.low is None or figure.high is None:
        return said
    return f"{said} (at least {words.percent(figure.low)}, at most {words.percent(figure.high)})"


def _ways_out(report: Report) -> Block:
    title = "Uninstalled, or merely stopped"
    ways = (
        ("Uninstalled", report.lifetimes.uninstalled),
        ("Stopped", report.lifetimes.stopped),
    )
    said = [(name, way) for name, way in ways if _until(way.curve)]
    if not said:
        return Block(name="ways_out", title=title, waits=UNSAID[ways[0][1].unsaid or "emptied"])
    until = _until(said[0][1].curve)
    rows = [
        Row(f"{name} within {at.day} days", at.figure, _share_at(at))
        for name, way in said
        for at in way.by_day
        # Before T days nobody can have stopped: that is no 0.
        if at.day <= until and (name != "Stopped" or at.day >= report.stopped_after_days)
    ]
    drawn = _curves(
        "Uninstalled and stopped, by days since the install",
        [(name, way.curve) for name, way in said],
    )
    return Block(
        name="ways_out", title=title, sentences=(_ends(until),), pictures=drawn, rows=tuple(rows)
    )


def _groups(report: Report) -> list[Block]:
    found = report.lifetimes
    return [
        _group(
            "by_version",
            "How long they stay, by the version they installed",
            [(version(one.name), one) for one in found.versions],
            found.versions_compared,
        ),
        _group(
            "by_launches",
            f"How long they stay, by launches in their first {found.landmark_day} days",
            [
                (f"{one.name} {'launch' if one.name == '1' else 'launches'}", one)
                for one in found.launches
            ],
            found.launches_compared,
        ),
    ]


def _group(
    name: str, title: str, groups: list[tuple[str, Lifetime]], compared: Comparison
) -> Block:
    said = [(label, one) for label, one in groups if _until(one.curve)]
    if not said:
        return Block(name=name, title=title, waits=UNSAID[compared.unsaid or "emptied"])
    sentences = [f"A curve ends where fewer than {LEAST_AT_RISK} were still followed."]
    if compared.p.value is not None:
        differ = "differ" if compared.p.value < CLEARLY else "do not differ"
        chance = "p < 0.001" if compared.p.value < TINY else f"p = {compared.p.value:.2g}"
        sentences.append(f"They {differ} by more than chance would ({chance}).")
    return Block(
        name=name,
        title=title,
        sentences=tuple(sentences),
        pictures=_curves(title, [(label, one.curve) for label, one in said]),
        rows=tuple(_median(f"{label}: half lost after", one) for label, one in said),
    )


def _curves(title: str, named: Iterable[tuple[str, Curve | None]]) -> tuple[Drawn, ...]:
    curves = [(label, curve) for label, curve in named if curve is not None]
    until = max(curve.firm_until for _, curve in curves)
    ticks = (*(day for day in FOLLOWED_DAYS if day < LAST_TICK * until), floor(until))
    picture = pictures.curves.Curves(
        title=title,
        unit="days",
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
