"""A report as a table: a row a figure, wherever in the report it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, cast

from exitpoll_server.render import words
from exitpoll_server.render.blocks.using import CLASSES, REGULAR
from exitpoll_server.render.blocks.versions import DIMENSIONS
from exitpoll_server.render.blocks.why import CATEGORIES, NUMBERS
from exitpoll_server.report import Report
from exitpoll_server.report.changes import Change
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.tenure import TenureBand
from exitpoll_server.tables import Cell, Column, Table

COLUMNS = (
    Column("section"),
    Column("figure"),
    Column("value", "number"),
    Column("numerator", "number"),
    Column("denominator", "number"),
    Column("low", "number"),
    Column("high", "number"),
    Column("definition"),
    Column("meaning"),
    Column("why_not"),
)

VOCABULARIES: Mapping[str, Mapping[Any, str]] = {
    "steps": words.STEPS,
    "not_asked": words.NOT_ASKED,
    "known_from": words.KNOWN_FROM,
    "when": words.WHEN,
    "now": {**CLASSES, **REGULAR},
    "afterwards": CLASSES,
    "movement": {**CLASSES, **REGULAR},
    "numbers": NUMBERS,
    "categories": CATEGORIES,
    "segments": DIMENSIONS,
}
"""By the field that holds them: how the parts of a whole are called, None among them."""

PLAIN = (str, int, float, date, type(None))
"""What names something, rather than hold figures; a bool, though an int, names nothing."""

WHY_NOT = {
    "too_few": "too few",
    "too_early": "too early",
    "no_losses": "nobody was lost yet",
    "emptied": "all who were followed so early were lost, the others came later",
    "apart": "the groups were never followed at the same time of life",
    "still_running": "the week still runs",
    "no_use": "not used in that week",
    "no_reference": "no weeks to compare with",
    "no_spread": "all are alike",
    "one_value": "only one value",
    "nobody_held_out": "nobody was held out",
    "nobody_offered": "nobody was offered it",
    "unreached": "too many are like nobody who gave a reason",
    "too_uneven": "a few answers would have to speak for nearly everybody",
    "does_not_converge": "those who answered are too unlike those who left",
}
"""By the reason that a part of a report gives for what it does not say."""

REASONS = ("unsaid", "not_compared", "not_adjusted")
"""The fields that hold such a reason."""

EARLY = ("known_on", "still_running", "now_too_early")
"""The fields that are set where it is too early for what has no value."""

OF_NONE = "of none"
"""Nobody, or no day of use, to divide by."""

MERELY_THE_FIGURE = "figure"
"""A field of this name adds nothing to its owner's."""


def as_table(report: Report) -> Table:
    """Return the table of a report's figures, in their order; what is not known yet is None."""
    return Table(name="report", columns=COLUMNS, rows=_rows(report))


def _rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    for field in dataclasses.fields(report):
        for path, figure, why in _figures(getattr(report, field.name), field.name, report.labels):
            yield (
                _in_words(field.name),
                ": ".join(path),
                figure.value,
                figure.numerator,
                figure.denominator,
                figure.low,
                figure.high,
                figure.definition,
                DEFINITIONS.get(figure.definition),
                _why_not(figure, why),
            )


def _why_not(figure: Figure, why: str | None) -> str | None:
    """Return why a figure has no value; None where it has one, or where nothing says why."""
    if figure.value is not None:
        return None
    return OF_NONE if figure.denominator == 0 else why


def _figures(
    value: object, holder: str, labels: Mapping[str, str], why: str | None = None
) -> Iterator[tuple[tuple[str, ...], Figure, str | None]]:
    """Yield every figure below a value with its path in words, and why it may have no value.

    `holder` is the value's field; `why` is what stands nearest above it.
    """
    if isinstance(value, Figure):
        yield (), value, why
        return
    why = _reason(value) or why
    for step, holder_below, below in _below(value, holder, labels):
        for path, figure, nearest in _figures(below, holder_below, labels, why):
            yield ((step, *path) if step else path), figure, nearest


def _reason(value: object) -> str | None:
    """Return the reason that a part of a report gives for what it does not say."""
    if not dataclasses.is_dataclass(value):
        return None
    codes = [getattr(value, field, None) for field in REASONS]
    codes += ["too_early" for field in EARLY if getattr(value, field, None)]
    return next((WHY_NOT[code] for code in codes if code), None)


def _below(
    value: object, holder: str, labels: Mapping[str, str]
) -> Iterator[tuple[str, str, object]]:
    """Yield what a value holds, but for what is plain: its word, the field it belongs to, itself.

    Of a curve's thousands of numbers none holds a figure, and none needs a word.
    """
    if dataclasses.is_dataclass(value):
        for name in _fields(value.__class__):
            held = getattr(value, name)
            if not isinstance(held, PLAIN):
                yield "" if name == MERELY_THE_FIGURE else _in_words(name), name, held
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(item, PLAIN):
                yield _said(key, holder, labels), holder, item
    elif isinstance(value, tuple):
        places = [(n, item) for n, item in enumerate(value, 1) if not isinstance(item, PLAIN)]
        # Of a name and a figure, the name was said by who holds both.
        is_pair = len(places) == 1 < len(value)
        for n, item in places:
            place = "" if is_pair else str(n)
            yield _name(item, holder, labels) or place, holder, item


@cache
def _fields(kind: Hashable) -> tuple[str, ...]:
    """Return the names of the fields that a dataclass has."""
    return tuple(field.name for field in dataclasses.fields(cast("Any", kind)))


def _name(item: object, holder: str, labels: Mapping[str, str]) -> str | None:
    """Return what tells an item from its neighbours: its plain fields that precede its figures.

    None where it has none: then its place in the row must do.
    """
    if isinstance(item, Figure):
        return None
    if isinstance(item, TenureBand):
        return _band(item)
    if isinstance(item, Change):
        return _change(item, labels)
    if dataclasses.is_dataclass(item):
        fields = [getattr(item, name) for name in _fields(item.__class__)]
    elif isinstance(item, tuple):
        fields = list(item)
    else:
        return None
    plain = []
    for field in fields:
        if not isinstance(field, PLAIN) or isinstance(field, bool):
            break
        plain.append(_said(field, holder, labels))
    return " ".join(plain) or None


def _band(item: TenureBand) -> str:
    below = "" if item.below is None else f", below {item.below}"
    return f"from {item.least}{below} days"


def _change(item: Change, labels: Mapping[str, str]) -> str:
    if item.kind in ("rate", "answering"):
        return item.kind
    holder = "reasons" if item.kind == "reason" else ""
    return f"{item.kind} {_said(item.subject, holder, labels)}"


def _said(name: object, holder: str, labels: Mapping[str, str]) -> str:
    """Say a name in the words that its field has for it; most stand for themselves."""
    vocabulary = VOCABULARIES.get(holder, {})
    if name is None:
        return vocabulary.get(None, "not known")
    text = words.typed(str(name))
    if "reason" in holder:
        return words.typed(words.label(text, labels))
    return vocabulary.get(text, text)


def _in_words(name: str) -> str:
    return name.replace("_", " ")
