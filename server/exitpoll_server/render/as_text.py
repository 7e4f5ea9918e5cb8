"""A report as text for a terminal: 80 columns, no colours, readable through a screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unicodedata import category, east_asian_width

from exitpoll_server.render import commands, words
from exitpoll_server.render.blocks import Block, blocks, changed, waiting
from exitpoll_server.report import Report
from exitpoll_server.report.figures import Figure

WIDTH = 80
_LABEL = 29
"""Leaves room for a number of nine characters and the longest share."""
_VERSION = 20
"""A longer version goes on in the next line."""


def as_text(report: Report) -> str:
    """Write a report as lines of at most 80 columns; only a person's own long word is longer."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _wrap(f"{words.typed(report.product)}: uninstalls against comments")
    yield from _wrap(words.about(report))
    yield ""
    yield from _wrap(words.headline(report))
    for sentence in changed(report):
        yield from _wrap(sentence)
    yield from _section("How many left, and how many spoke", _funnel(report))
    if report.small:
        yield from _section("What they wrote", _comments(report))
        yield from _section("Each uninstall", _table(report))
    yield from _section("When they left", _when(report))
    if not report.small:
        yield from _section("Reasons given", _reasons(report))
    yield from _section("The iceberg", _iceberg(report))
    found = blocks(report)
    for block in found:
        yield from _section(block.title, _block(block))
    yield from _section("Not to be known before", _waiting(report, found))
    yield from _section("Counted apart", _notes(report))
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
        yield from _row(words.STEPS[step.name], figure.numerator, "" if first else _share(figure))
    for part in report.uninstalls.not_asked:
        yield f"  not asked: {words.part(part, words.NOT_ASKED)}"
    for part in report.uninstalls.known_from:
        yield f"  known from: {words.part(part, words.KNOWN_FROM)}"
    yield from _wrap(words.per_100_installations(report))


def _when(report: Report) -> Iterator[str]:
    for moment in report.uninstalls.when:
        yield from _row(words.WHEN[moment.name], moment.figure.numerator, _share(moment.figure))
        for part in moment.reasons:
            yield f"    {part.figure.numerator:,} × {words.reason(part.name, report.labels)}"


def _reasons(report: Report) -> Iterator[str]:
    for part in report.uninstalls.reasons:
        yield from _row(
            words.reason(part.name, report.labels), part.figure.numerator, _share(part.figure)
        )


def _iceberg(report: Report) -> Iterator[str]:
    second = report.iceberg
    if not second.seen.numerator:
        yield "No installation has been seen yet."
        return
    yield from _row("Installations seen", second.seen.numerator, "")
    if second.known_on is None:
        yield from _level(words.active(report), second.active, 1)
        yield from _level(words.stopped(report), second.stopped, 1)
    else:
        yield from _level("Not uninstalled", second.still_installed, 1)
        yield f"    who of them stopped: too early, known from {words.day(second.known_on)}"
    yield from _level("Uninstalled", second.uninstalled, 1)
    if second.uninstalled.numerator:
        yield from _level("Answered", second.answered, 2)
        yield from _level("Left quietly", second.left_quietly, 2)
        for part in second.known_from:
            yield f"    known from: {words.part(part, words.KNOWN_FROM)}"
    if second.false_alarm.denominator:
        yield from _wrap(f"{words.false_alarm(report)}{_in_brackets(second.false_alarm)}.")
    if second.proposed_threshold.value is not None:
        yield from _wrap(words.proposed_threshold(second.proposed_threshold))


def _block(block: Block) -> Iterator[str]:
    if block.waits is not None:
        return
    for sentence in block.sentences:
        yield from _wrap(sentence)
    for row in block.rows:
        if row.said is None:
            # Of a count its number is all there is to say.
            share = "" if row.figure.denominator is None else _share(row.figure)
            yield from _row(row.label, row.figure.numerator, share)
        else:
            yield from _wrap(f"{row.label}: {row.said}", cut=True)


def _waiting(report: Report, found: Iterable[Block]) -> Iterator[str]:
    for sentence in waiting(report, found):
        yield from _wrap(sentence)


def _level(label: str, figure: Figure, depth: int) -> Iterator[str]:
    return _row(label, figure.numerator, _share(figure), indent="  " * depth)


def _notes(report: Report) -> Iterator[str]:
    for sentence, _ in words.notes(report):
        yield from _wrap(sentence)


def _comments(report: Report) -> Iterator[str]:
    for n, line in enumerate(report.comments[: words.MOST_COMMENTS]):
        if n:
            yield ""
        about = [words.day(line.at), f"after {words.tenure(line.tenure_days)}"]
        about += [
            text
            for text in (words.typed(line.version), words.reason(line.reason, report.labels))
            if text
        ]
        yield from _wrap(" · ".join(about), cut=True)
        for paragraph in words.prose(line.comment).split("\n"):
            yield from _wrap(paragraph, indent="  ") if paragraph.strip() else ("",)
    if more := commands.more_comments(report):
        yield ""
        yield from _wrap(more)


def _table(report: Report) -> Iterator[str]:
    rows = [
        (
            words.day(line.at),
            words.tenure(line.tenure_days),
            "–" if line.launches is None else f"{line.launches:,}",
            words.typed(line.version) or "–",
            words.outcome(line, report.labels),
        )
        for line in report.lines
    ]
    if not rows:
        return
    head = ("day", "after", "launches", "version", "why")
    widths = [max(_width(row[n]) for row in (head, *rows)) for n in range(len(head) - 1)]
    widths[-1] = min(widths[-1], _VERSION)
    widths.append(WIDTH - sum(widths) - 2 * len(widths))
    for row in (head, *rows):
        yield from _cells(row, widths)
    yield from _wrap(words.not_shown(report))


def _cells(row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    """Lay out one row of a table; what is too wide for its column goes on below."""
    columns = [list(_wrap(cell, width, cut=True)) for cell, width in zip(row, widths, strict=True)]
    for n in range(max(len(column) for column in columns)):
        cells = [column[n] if n < len(column) else "" for column in columns]
        padded = (_padded(cell, width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _row(label: str, n: int | None, share: str, *, indent: str = "") -> Iterator[str]:
    *above, last = _wrap(label, _LABEL, indent=indent, cut=True)
    yield from above
    number = "–" if n is None else f"{n:,}"
    yield f"{_padded(last, _LABEL)}{number:>9}  {share}".rstrip()


def _share(figure: Figure) -> str:
    said = words.share(figure)
    return said + _in_brackets(figure)


def _in_brackets(figure: Figure) -> str:
    said = words.interval(figure)
    return f" ({said})" if said else ""


# -- columns of a terminal -----------------------------------------------------------------


def _wrap(text: str, width: int = WIDTH, *, indent: str = "", cut: bool = False) -> Iterator[str]:
    """Break a text at its spaces; a word too wide is cut if it may be, or is Chinese, Japanese."""
    room, row = width - len(indent), ""
    for word in text.split(" "):
        for piece in _pieces(word, room) if cut or _is_wide(word) else (word,):
            longer = f"{row} {piece}" if row else piece
            if _width(longer) > room and row:
                yield indent + row
                longer = piece
            row = longer
    if row:
        yield indent + row


def _pieces(word: str, room: int) -> Iterator[str]:
    piece = ""
    for character in word:
        if _width(piece + character) > room:
            yield piece
            piece = ""
        piece += character
    yield piece


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns a text takes: marks and joiners take none."""
    return sum(1 + _is_wide(c) for c in text if category(c) not in ("Mn", "Me", "Cf"))


def _is_wide(text: str) -> bool:
    return any(east_asian_width(character) in "WF" for character in text)
