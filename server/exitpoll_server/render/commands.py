"""The commands that list what a report only counts, ready to be pasted into a shell."""

from __future__ import annotations

import shlex

from exitpoll_agent.wire import format_instant
from exitpoll_server.render.words import MOST_COMMENTS, typed
from exitpoll_server.report import Report
from exitpoll_server.speech import _, num


def churn(report: Report, *narrowed: str) -> str:
    """Return the command that writes a row for each uninstall of a report, or for some of them."""
    return _joined(
        "export", "churn", *_about(report), *_where(report), "--kind", "uninstalled", *narrowed
    )


def comments(report: Report) -> str:
    """Return the command that shows all comments of a report."""
    if report.where:
        # The other two know of no segments.
        return _joined("report", *_about(report), *_where(report), "--format", "json")
    if report.window.start is None and report.window.end is None:
        return _joined("comments", "--product", report.product)
    return _joined("export", "comments", *_about(report))


def figures(report: Report) -> str:
    """Return the command that writes every figure of a report."""
    return _joined("report", *_about(report), *_where(report), "--format", "csv")


def more_comments(report: Report) -> str:
    """Say where the comments are that are not shown; nothing where all are."""
    more = len(report.comments) - MOST_COMMENTS
    if more <= 0:
        return ""
    return _("And %(n)s more: %(command)s", n=num(more), command=comments(report))


def _joined(*arguments: str) -> str:
    if arguments[0] == "export":
        arguments += ("--format", "csv", "--out", "-")
    return typed(shlex.join(("exitpoll", *arguments)))


def _about(report: Report) -> list[str]:
    """Name the product and the window: the rows are to be those that the report counted."""
    window = report.window
    options = {"--from": window.start, "--to": window.end, "--as-of": window.as_of}
    said = [
        part
        for option, instant in options.items()
        if instant is not None
        for part in (option, format_instant(instant))
    ]
    return ["--product", report.product, *said]


def _where(report: Report) -> list[str]:
    return [part for name, value in report.where.items() for part in ("--where", f"{name}={value}")]
