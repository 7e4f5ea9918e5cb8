"""A table as CSV, safe to open in a spreadsheet, and as JSON lines, which keep every character."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from typing import BinaryIO

from exitpoll_agent.wire import format_instant
from exitpoll_server.tables import Cell, Table

STARTS_FORMULA = "=+\\-@＝＋－＠"  # noqa: RUF001 - some spreadsheets take the wide ones for the others
"""What makes a formula of a cell, as the inside of a class of a regular expression."""

NOT_SEEN = '\\s"\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2069'
"""What may stand before it without being seen, or is taken away with the quotes."""

_GUARDED = re.compile(
    rf"^(?=['\t\r\n]|[{NOT_SEEN}]*[{STARTS_FORMULA}])"
    # Where a comma is for decimals, a spreadsheet parts cells at semicolons, and then the quotes
    # around ours are no quotes to it: every line, and what follows a semicolon, is a cell.
    rf"|(?<=[;\t\r\n])(?='|[{NOT_SEEN}]*[{STARTS_FORMULA}])"
)

_NOT_PRINTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, which a terminal obeys and XML forbids, and what is no character at all."""

_ESCAPED_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What JSON would let stand: a terminal's, ends of lines to some readers, halves of characters."""


def guarded(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would take for a formula.

    It stands at the start of a cell, or after a semicolon, a tab or an end of line in it. An
    apostrophe that stood there itself gets another one, so that taking one away in each such place
    gives the text back.
    """
    return _GUARDED.sub("'", text)


def printable(text: str) -> str:
    """Replace control characters, all but tab and ends of lines, by U+FFFD."""
    return _NOT_PRINTED.sub("\N{REPLACEMENT CHARACTER}", text)


def write_csv(table: Table, file: BinaryIO) -> int:
    """Write a table as RFC 4180 has it, in UTF-8 with the mark that spreadsheets look for.

    Returns how many rows; what is not known is an empty cell.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([_csv(column.name) for column in table.columns])
        n = 0
        for row in table.rows:
            writer.writerow([_csv(cell) for cell in row])
            n += 1
        return n
    finally:
        text.detach()  # the file is its opener's to close


def _csv(cell: Cell) -> str | int | float | None:
    match cell:
        case str():
            return guarded(printable(cell))
        case bool():
            return "true" if cell else "false"
        case datetime():
            return format_instant(cell)
        case _:
            return cell


def write_jsonl(table: Table, file: BinaryIO) -> int:
    """Write a table as an object a line in UTF-8, every character of it kept.

    Returns how many rows; what is not known is null.
    """
    names = [column.name for column in table.columns]
    n = 0
    for row in table.rows:
        cells = [format_instant(cell) if isinstance(cell, datetime) else cell for cell in row]
        line = json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False, allow_nan=False)
        file.write(_ESCAPED_IN_JSON.sub(_escaped, line).encode() + b"\n")
        n += 1
    return n


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
