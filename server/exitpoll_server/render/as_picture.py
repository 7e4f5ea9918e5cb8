"""One picture of a report by itself: as a file of its own, and its numbers as a table."""

from __future__ import annotations

from exitpoll_server.languages import ENGLISH
from exitpoll_server.render.blocks import blocks, funnel, iceberg
from exitpoll_server.render.blocks.block import Drawn
from exitpoll_server.render.pictures import Look
from exitpoll_server.report import Report
from exitpoll_server.speech import speaking
from exitpoll_server.tables import Column, Table


def as_picture(
    report: Report, name: str, language: str = ENGLISH
) -> tuple[str | None, Table] | None:
    """Return a picture as SVG, if there is anything to draw, and its table; None for no such name.

    A page calls its pictures `funnel`, `iceberg`, or by a block and a number: `reasons-1`.
    """
    with speaking(language):
        found = _drawn(report, name)
        if found is None:
            return None
        svg = found.draw(Look(name="picture", standalone=True))
        columns = tuple(Column(one) for one in found.table.header)
        return svg, Table(name="picture", columns=columns, rows=found.table.rows)


def _drawn(report: Report, name: str) -> Drawn | None:
    if name == "funnel":
        return funnel(report)
    if name == "iceberg":
        return iceberg(report)
    for block in blocks(report):
        for number, picture in enumerate(block.pictures, 1):
            if f"{block.name}-{number}" == name:
                return picture
    return None
