"""A report as JSON: every figure with all its parts. `report.schema.json` beside this is its form.

Fields are added, never renamed: scripts read it.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from exitpoll_agent.wire import format_instant
from exitpoll_server.report import Report

FORMAT = 1
"""The version of the form; grows only when a field changes its meaning."""


def as_json(report: Report) -> str:
    """Write a report as indented JSON."""
    data = {"exitpoll_report": FORMAT, **_plain(report)}
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is Any
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return format_instant(value)
    return str(value) if isinstance(value, (date, UUID)) else value
