"""The report's pictures, drawn here as SVG from plain data: a module a form.

Each form has a frozen dataclass of what is to be seen, `draw(data, look)`, which returns an SVG or
None where there is nothing to draw, and `rows(data)`, the same numbers as a table.
"""

from exitpoll_server.render.pictures import (
    curves,
    funnel,
    histogram,
    iceberg,
    matrix,
    months,
    reasons,
    weeks,
)
from exitpoll_server.render.pictures.axes import Share
from exitpoll_server.render.pictures.drawing import NARROW, STYLE, WIDE, Look, Table

__all__ = [
    "NARROW",
    "STYLE",
    "WIDE",
    "Look",
    "Share",
    "Table",
    "curves",
    "funnel",
    "histogram",
    "iceberg",
    "matrix",
    "months",
    "reasons",
    "weeks",
]
