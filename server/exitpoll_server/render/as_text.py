"""A report as text for a terminal: 80 columns, no colours, readable through a screen reader."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from unicodedata import east_asian_width

from exitpoll_server.counts import Departure
from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.figures import Figure

WIDTH = 80
_LABEL = 30


def as_text(report: Report) -> str:
    """Write a report as lines of at most 80 columns, comments as people typed them."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    window = report.window
    yield f"{_safe(report.product)}: uninstalls against comments"
    yield f"{words.window(window)}, as known on {words.moment(window.as_of)}"
    yield ""
    yield from textwrap.wrap(words.headline(report), WIDTH)
    yield from _section("How many left, and how many spoke", _funnel(report))
    if report.small:
        yield from _section("What they wrote", _comments(report))
        yield from _section("Each uninstall", _table(report.lines))
    yield from _section("When they left", _when(report))
    if not report.small:
        yield from _section("Reasons given", _reasons(report))
    yield from _section("The iceberg", _iceberg(report))
    yield from _section("Not to be known before", (words.not_yet(n) for n in report.not_yet))
    yield from _section("Counted apart", words.notes(report))
    if not report.small:
        yield from _section("What they wrote", _comments(report))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield from ("", title, "-" * len(title), *body)


def _funnel(report: Report) -> Iterator[str]:
    if not report.uninstalls.steps[0].of_uninstalls.numerator:
        return
    for step in report.uninstalls.steps:
        figure = step.of_uninstalls
        first = step.name == "uninstalled"
        yield _row(words.STEPS[step.name], figure.numerator, "" if first else _share(figure))
    for part in report.uninstalls.not_asked:
        label = words.NOT_ASKED.get(part.name, part.name)
        yield _row(f"  not asked: {label}", part.figure.numerator, "")
    for part in report.uninstalls.known_from:
        yield _row(f"  known from {words.KNOWN_FROM[part.name]}", part.figure.numerator, "")


def _when(report: Report) -> Iterator[str]:
    for moment in report.uninstalls.when:
        yield _row(words.WHEN[moment.name], moment.figure.numerator, _share(moment.figure))
        for part in moment.reasons:
            yield f"    {part.figure.numerator} × {_safe(words.reason(part.name))}"


def _reasons(report: Report) -> Iterator[str]:
    for part in report.uninstalls.reasons:
        label = _safe(words.reason(part.name))
        yield _row(label, part.figure.numerator, _share(part.figure))


def _iceberg(report: Report) -> Iterator[str]:
    second = report.iceberg
    if not second.seen.numerator:
        yield "No installation has been seen yet."
        return
    days = report.stopped_after_days
    yield _row("Installations seen", second.seen.numerator, "")
    if second.known_on is None:
        yield _row(
            f"  Used in the last {days} days", second.active.numerator, _share(second.active)
        )
        yield _row(f"  Not used for {days} days", second.stopped.numerator, _share(second.stopped))
    else:
        still = second.still_installed
        yield _row("  Not uninstalled", still.numerator, _share(still))
        yield f"    who of them stopped: too early, known from {words.day(second.known_on)}"
    yield _row("  Uninstalled", second.uninstalled.numerator, _share(second.uninstalled))
    if second.uninstalled.numerator:
        yield _row("    Answered", second.answered.numerator, _share(second.answered))
        yield _row("    Left quietly", second.left_quietly.numerator, _share(second.left_quietly))
        for part in second.known_from:
            label = f"    known from {words.KNOWN_FROM[part.name]}"
            yield _row(label, part.figure.numerator, "")
    if second.false_alarm.denominator:
        yield from textwrap.wrap(
            f"Of {second.false_alarm.denominator:,} that were ever unused for {days} days, "
            f"{second.false_alarm.numerator:,} launched again"
            f"{_in_brackets(second.false_alarm)}.",
            WIDTH,
        )
    if second.proposed_threshold.value is not None:
        yield (
            f"At {second.proposed_threshold.value:.0f} days no more than 10 % would launch again."
        )


def _comments(report: Report) -> Iterator[str]:
    for n, line in enumerate(report.comments):
        if n:
            yield ""
        about = [words.day(line.at), f"after {words.tenure(line.tenure_days)}"]
        about += [_safe(text) for text in (line.version, words.reason(line.reason)) if text]
        yield " · ".join(about)
        for paragraph in (line.comment or "").split("\n"):
            yield from textwrap.wrap(
                _safe(paragraph), WIDTH, initial_indent="  ", subsequent_indent="  "
            )


def _table(lines: Iterable[Departure]) -> Iterator[str]:
    rows = [
        (
            words.day(line.at),
            words.tenure(line.tenure_days),
            "–" if line.launches is None else f"{line.launches:,}",
            _safe(line.version or "–"),
            _safe(words.outcome(line)),
        )
        for line in lines
    ]
    if not rows:
        return
    head = ("day", "after", "launches", "version", "why")
    widths = [max(_width(row[n]) for row in (head, *rows)) for n in range(len(head) - 1)]
    for row in (head, *rows):
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)
        )
        yield "  ".join((*cells, row[-1]))


def _row(label: str, n: int | None, share: str) -> str:
    gap = " " * max(1, _LABEL - _width(label))
    return f"{label}{gap}{'–' if n is None else format(n, ','):>9}   {share}".rstrip()


def _share(figure: Figure) -> str:
    said = words.share(figure)
    return said + _in_brackets(figure)


def _in_brackets(figure: Figure) -> str:
    said = words.interval(figure)
    return f" ({said})" if said else ""


def _safe(text: str) -> str:
    """Take the control characters out of what people typed: a terminal would obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
