"""A table as XLSX: texts stay texts, numbers numbers, and instants are dates in UTC."""

from __future__ import annotations

import tempfile
from datetime import datetime, timezone
from operator import length_hint
from typing import BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from exitpoll_server.tables import Cell, Kind, Table
from exitpoll_server.transfer.lines import guarded, printable

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
"""What a sheet has; the names of the columns are its first row."""

TOO_MANY_ROWS = (
    f"a sheet has {MOST_ROWS:,} rows, and these are more; "
    "take --format csv or jsonl, or less of them with --from and --to"
)

MOST_UNITS = 32_767
"""What a cell has, in units of UTF-16: many emoji take two, or more."""

NUMBER_FORMATS: dict[Kind, str] = {
    "whole": "#,##0",
    "number": "#,##0.00",
    "share": "0.0%",
    "instant": "yyyy-mm-dd hh:mm:ss",
}
WIDTHS: dict[Kind, int] = {"text": 24, "whole": 12, "number": 12, "share": 12, "instant": 20}


class DoesNotFitError(Exception):
    """A sheet has not room for the table; says what to do."""


def write_xlsx(table: Table, file: BinaryIO) -> int:
    """Write a table as one sheet, in memory that does not grow with its rows.

    Returns how many rows. A text longer than a cell says at its end that it was cut.

    Raises:
        DoesNotFitError: more rows or columns than a sheet has.
    """
    if len(table.columns) > MOST_COLUMNS:
        raise DoesNotFitError(
            f"a sheet has {MOST_COLUMNS:,} columns, and these are {len(table.columns):,}; "
            "take --format csv or jsonl"
        )
    if length_hint(table.rows) >= MOST_ROWS:
        raise DoesNotFitError(TOO_MANY_ROWS)
    # The rows wait in a file, which must go even where the rest of them never come.
    with tempfile.TemporaryDirectory(prefix="exitpoll-") as folder:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        sheet = book.add_worksheet(table.name)
        try:
            n = _Sheet(book, sheet, table).write()
        except BaseException:
            sheet.row_data_fh.close()  # type: ignore[attr-defined] # opened by add_worksheet
            raise
        book.close()
    return n


class _Sheet:
    """Writes the rows; knows how each kind of cell looks."""

    def __init__(self, book: Workbook, sheet: Worksheet, table: Table) -> None:
        self._sheet, self._table = sheet, table
        self._bold = book.add_format({"bold": True})
        # Without it, whoever edits such a cell and leaves it makes a formula of it.
        self._text = book.add_format({"quote_prefix": True})
        self._formats: dict[Kind, Format] = {
            kind: book.add_format({"num_format": form}) for kind, form in NUMBER_FORMATS.items()
        }

    def write(self) -> int:
        self._head()
        n = 0
        for n, row in enumerate(self._table.rows, 1):
            if n >= MOST_ROWS:
                raise DoesNotFitError(TOO_MANY_ROWS)
            for at, (column, cell) in enumerate(zip(self._table.columns, row, strict=True)):
                if cell is not None:
                    self._cell(n, at, cell, self._formats.get(column.kind))
        self._sheet.autofilter(0, 0, n, len(self._table.columns) - 1)
        return n

    def _head(self) -> None:
        self._sheet.freeze_panes(1, 0)
        for at, column in enumerate(self._table.columns):
            self._sheet.set_column(at, at, WIDTHS.get(column.kind, 10))
        for at, column in enumerate(self._table.columns):
            self._sheet.write_string(0, at, _fitting(column.name), self._bold)

    def _cell(self, row: int, at: int, cell: Cell, format_: Format | None) -> None:
        match cell:
            case str():
                text = _fitting(cell)
                looks_else = guarded(text) != text
                self._sheet.write_string(row, at, text, self._text if looks_else else None)
            case bool():
                self._sheet.write_boolean(row, at, cell)
            case datetime():
                in_utc = cell.astimezone(timezone.utc).replace(tzinfo=None)
                self._sheet.write_datetime(row, at, in_utc, format_)
            case int() | float():
                self._sheet.write_number(row, at, cell, format_)


def _fitting(text: str) -> str:
    """Return a text as a cell can hold it; one that is too long says so at its end."""
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    units = text.encode("utf-16-le")
    if len(units) // 2 <= MOST_UNITS:
        return text
    said = f" … [cut: {len(text):,} characters; whole in CSV and JSON lines]"
    kept = units[: 2 * (MOST_UNITS - len(said))]
    return kept.decode("utf-16-le", errors="ignore") + said
