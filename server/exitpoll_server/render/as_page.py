"""A report as one HTML file: nothing is fetched, it prints, and every figure opens."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.definitions import DEFINITIONS

_templates = Environment(
    loader=PackageLoader("exitpoll_server.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def as_page(report: Report) -> str:
    """Write a report as a self-contained page."""
    template = _templates.get_template("report.html")
    return template.render(report=report, words=words, definitions=DEFINITIONS)
