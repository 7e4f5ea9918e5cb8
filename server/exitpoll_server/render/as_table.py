"""A report as a table: a row a figure, wherever in the report it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date

from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.report.figures import Figure
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
)

VOCABULARIES: Mapping[str, Mapping[str, str]] = {
    "steps": words.STEPS,
    "not_asked": words.NOT_ASKED,
    "known_from": words.KNOWN_FROM,
    "when": words.WHEN,
}
"""By the field that holds them: how the parts of a whole are called."""

PLAIN = (str, int, float, date, type(None))
"""What names something, rather than hold figures."""

MERELY_THE_FIGURE = "figure"
"""A field of this name adds nothing to its owner's."""


def as_table(report: Report) -> Table:
    """Return the table of a report's figures, in their order; what is not known yet is None."""
    return Table(name="report", columns=COLUMNS, rows=_rows(report))


def _rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    for field in dataclasses.fields(report):
        for path, figure in _figures(getattr(report, field.name), field.name, report.labels):
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
            )


def _figures(
    value: object, holder: str, labels: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], Figure]]:
    """Yield every figure below a value with its path in words; `holder` is the value's field."""
    if isinstance(value, Figure):
        yield (), value
        return
    for step, holder_below, below in _below(value, holder, labels):
        for path, figure in _figures(below, holder_below, labels):
            yield ((step, *path) if step else path), figure


def _below(
    value: object, holder: str, labels: Mapping[str, str]
) -> Iterator[tuple[str, str, object]]:
    """Yield what a value holds: its word, the field it belongs to, and itself."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            word = "" if field.name == MERELY_THE_FIGURE else _in_words(field.name)
            yield word, field.name, getattr(value, field.name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield _said(key, holder, labels), holder, item
    elif isinstance(value, tuple):
        # Of a name and a figure, the name was said by who holds both.
        is_pair = sum(not isinstance(item, PLAIN) for item in value) == 1 < len(value)
        for n, item in enumerate(value, 1):
            place = "" if is_pair else str(n)
            yield _name(item, holder, labels) or place, holder, item


def _name(item: object, holder: str, labels: Mapping[str, str]) -> str | None:
    """Return what tells an item from its neighbours: its plain fields that precede its figures.

    None where it has none: then its place in the row must do.
    """
    if isinstance(item, Figure):
        return None
    if dataclasses.is_dataclass(item):
        fields = [getattr(item, field.name) for field in dataclasses.fields(item)]
    elif isinstance(item, tuple):
        fields = list(item)
    else:
        return None
    plain = []
    for field in fields:
        if not isinstance(field, PLAIN):
            break
        plain.append(_said(field, holder, labels))
    return " ".join(plain) or None


def _said(name: object, holder: str, labels: Mapping[str, str]) -> str:
    """Say a name in the words that its field has for it; most stand for themselves."""
    if name is None:
        return "not known"
    text = words.typed(str(name))
    if "reason" in holder:
        return words.reason(text, labels)
    return VOCABULARIES.get(holder, {}).get(text, text)


def _in_words(name: str) -> str:
    return name.replace("_", " ")
