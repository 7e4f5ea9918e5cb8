"""Two reports side by side, as a part of a page or as a table."""

from __future__ import annotations

from exitpoll_server.languages import ENGLISH
from exitpoll_server.render import words
from exitpoll_server.render.as_page import template
from exitpoll_server.render.blocks.using import CLASSES
from exitpoll_server.report.comparison import Compared, Comparison
from exitpoll_server.report.figures import Figure
from exitpoll_server.speech import N_, _, num, speaking
from exitpoll_server.tables import Cell, Column, Table

LEVELS = {"uninstalled": N_("Uninstalled, of all seen"), "stopped": N_("Stopped, of all seen")}

COLUMNS = (
    Column("kind"),
    Column("name"),
    Column("here_share", "share"),
    Column("here_numerator", "whole"),
    Column("here_denominator", "whole"),
    Column("there_share", "share"),
    Column("there_numerator", "whole"),
    Column("there_denominator", "whole"),
    Column("difference", "number"),
    Column("low", "number"),
    Column("high", "number"),
    Column("differs", "truth"),
)


def as_comparison(found: Comparison, here: str, there: str, language: str = ENGLISH) -> str:
    """Write what is compared, for a page around it that has `part_style`.

    `here` and `there` name both in a few words, in that language.
    """
    with speaking(language):
        rows = [(_label(row, found), row, _said(row.difference)) for row in found.rows]
        return template("comparison.html").render(rows=rows, here=here, there=there)


def comparison_table(found: Comparison) -> Table:
    """Return what is compared as a table, a row a share."""
    return Table(name="comparison", columns=COLUMNS, rows=(_cells(row) for row in found.rows))


def _cells(row: Compared) -> tuple[Cell, ...]:
    sides = [(f.value, f.numerator, f.denominator) for f in (row.here, row.there)]
    between = row.difference
    return (
        *(row.kind, row.name),
        *(cell for side in sides for cell in side),
        *(between.value, between.low, between.high),
        row.differs,
    )


def _label(row: Compared, found: Comparison) -> str:
    if row.kind == "reason":
        return words.reason(row.name, found.labels)
    if row.kind == "health":
        return _("Health: %(name)s", name=_(CLASSES[row.name]))
    return _({"step": words.STEPS, "level": LEVELS}[row.kind][row.name])


def _said(figure: Figure) -> str:
    """Say a difference of shares in points, with its interval."""
    if figure.value is None or figure.low is None or figure.high is None:
        return _("too few")
    value, low, high = (num(100 * end, "+.1f") for end in (figure.value, figure.low, figure.high))
    return _("%(value)s points (%(low)s to %(high)s)", value=value, low=low, high=high)
