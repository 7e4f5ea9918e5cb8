"""A report as JSON: every figure with all its parts. `report.schema.json` beside this is its form.

Fields are added, never renamed: scripts read it.
"""

from __future__ import annotations

from datetime import date, datetime

import orjson

from exitpoll_agent.wire import format_instant
from exitpoll_server.report import Report

FORMAT = 1
"""The version of the form; grows only when a field changes its meaning."""


def as_json(report: Report) -> str:
    """Write a report as indented JSON."""
    return orjson.dumps(
        {"exitpoll_report": FORMAT, **vars(report)},
        default=_when,
        option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE,
    ).decode()


def _when(value: date) -> str:
    """Write an instant as the wire does, to the second, and a day as a day."""
    return format_instant(value) if isinstance(value, datetime) else value.isoformat()
