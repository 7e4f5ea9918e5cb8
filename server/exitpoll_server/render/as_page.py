"""A report as one HTML file, or as a part of the console's: it prints, and every figure opens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from exitpoll_server.languages import ENGLISH
from exitpoll_server.render import behind, commands, words
from exitpoll_server.render.as_table import as_table
from exitpoll_server.render.behind import Behind
from exitpoll_server.render.blocks import blocks, changed, funnel, iceberg, waiting
from exitpoll_server.render.pictures import NARROW, STYLE, Look
from exitpoll_server.report import Report
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.report.figures import Figure
from exitpoll_server.speech import _, language, ngettext, num, speaking
from exitpoll_server.tables import Cell

MOST_FIGURES = 2_000
"""A big product has a figure for each version and week: those are in the CSV."""

_PART = "part.html"

_WHEN_DARK = "@media screen and (prefers-color-scheme: dark)"

_loader = PackageLoader("exitpoll_server.render")
_templates = Environment(
    loader=_loader,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def as_page(report: Report, language: str = ENGLISH) -> str:
    """Write a report as a self-contained page."""
    with speaking(language):
        return _written("report.html", report, None)


@dataclass(frozen=True)
class Addresses:
    """Where the page around a part has what is not in it."""

    rows: Callable[[Behind], str]
    """The rows behind a count, where not all of them are in the report."""
    picture: Callable[[str, str], str] | None
    """A picture, by its name, as a file of this kind; None where its reader gets no files."""


def as_part(report: Report, addresses: Addresses, language: str = ENGLISH) -> str:
    """Write what such a page holds, for a page around it that has `part_style`."""
    with speaking(language):
        return _written(_PART, report, addresses)


def prepare() -> None:
    """Compile what a part is written with, so that the first one does not wait for it."""
    for name in (_PART, "macros.html"):
        _templates.get_template(name)


def part_style() -> str:
    """Return the stylesheet of a part: it touches nothing outside of an element `report`."""
    source, *_other = _loader.get_source(_templates, "report.css")
    # What is around it says whether it is dark: both are, or neither.
    inside = (source + STYLE).replace(_WHEN_DARK, '[data-bs-theme="dark"] &').replace(":root", "&")
    return f".report {{\n{inside}\n}}\n"


def template(name: str) -> Template:
    """Return a template, with what its figures are shown by."""
    return _templates.get_template(name)


def _written(name: str, report: Report, addresses: Addresses | None) -> str:
    table, found = as_table(report), blocks(report)
    every = list(table.rows)
    shown = every[:MOST_FIGURES]
    return template(
        name
    ).render(
        report=report,
        language=language(),
        changes=changed(report),
        funnel=funnel(report),
        iceberg=iceberg(report),
        blocks=found,
        waiting=waiting(report, found),
        behind=behind,
        commands=commands,
        rows_of=addresses and addresses.rows,
        file_of=addresses and addresses.picture,
        look=Look,
        narrow=NARROW,
        picture_style=Markup(STYLE),  # noqa: S704 - our own
        # What a definition means stands once, below; why there is no value is in the CSV.
        columns=[column.name for column in table.columns[:-2]],
        figures=[[_said(cell) for cell in row[:-2]] for row in shown],
        meanings=_meanings(row[-3:-1] for row in shown),
        left_out=max(0, len(every) - MOST_FIGURES),
    )


def _meanings(pairs: Iterable[tuple[Cell, ...]]) -> dict[str, str]:
    """Return what each definition says, once: a thousand figures share a hundred of them."""
    return {str(name): _(str(meaning)) for name, meaning in sorted(set(pairs), key=str)}


def _said(cell: Cell) -> str:
    """Say a cell of the table of all figures."""
    if cell is None:
        return "–"
    return num(cell, ",.6g") if isinstance(cell, float) else str(cell)


def _ends(figure: Figure) -> str:
    """Say both ends of an interval, one of which may lie beyond what is known."""
    if figure.low is None and figure.high is None:
        return _("none")
    low, high = (
        _("not known") if end is None else num(end, ",.4f") for end in (figure.low, figure.high)
    )
    return f"{low} – {high}"


_templates.globals |= {
    "_": _,
    "ngettext": ngettext,
    "num": num,
    "words": words,
    "definitions": DEFINITIONS,
    "ends": _ends,
}
