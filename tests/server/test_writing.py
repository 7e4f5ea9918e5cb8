"""Tables that leave: the same cells in every format, harmless wherever they are opened."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from exitpoll_server.tables import Cell, Column, Kind, Table
from exitpoll_server.transfer import xlsx
from exitpoll_server.transfer.lines import guarded, write_csv, write_jsonl
from exitpoll_server.transfer.writing import ExportError, Format, write
from exitpoll_server.transfer.xlsx import MOST_UNITS, write_xlsx

AT = datetime(2026, 11, 20, 8, 30, 0, 250_000, tzinfo=timezone.utc)
KINDS: tuple[Kind, ...] = ("text", "whole", "number", "share", "truth", "instant")
EVERY_KIND = Table(
    name="sample",
    columns=tuple(Column(kind, kind) for kind in KINDS),
    rows=[("слишком дорого", -1_234, -0.5, 0.125, True, AT), (None,) * 6],
)
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =cmd|' /C calc'!A0",
    "\u200b=1",
    "\ufeff=1",
    "\xa0=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '"=1+1"',
    "\tplain",
]


def texts(*cells: str) -> Table:
    return Table(name="sample", columns=(Column("text"),), rows=[(cell,) for cell in cells])


def as_csv(table: Table) -> str:
    file = io.BytesIO()
    write_csv(table, file)
    return file.getvalue().decode("utf-8-sig")


def as_objects(table: Table) -> list[dict[str, object]]:
    file = io.BytesIO()
    write_jsonl(table, file)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def as_sheet(table: Table) -> Worksheet:
    file = io.BytesIO()
    write_xlsx(table, file)
    sheet = load_workbook(file)[table.name]
    assert isinstance(sheet, Worksheet)
    return sheet


def unguarded(cell: str) -> str:
    """Do what docs/exporting.md says gives the text back."""
    return re.sub(r"(^|[;\t\r\n])'", r"\1", cell)


# -- CSV -------------------------------------------------------------------------------------


def test_csv_is_as_its_standard_and_spreadsheets_have_it() -> None:
    """A mark of UTF-8, CRLF, quotes where needed; numbers and instants as programs read them."""
    file = io.BytesIO()
    rows = [("a, b", None, AT, 0.1, True), ('say "no"\r\nplease', 7, None, -2.0, False)]
    kinds: tuple[Kind, ...] = ("text", "whole", "instant", "number", "truth")
    table = Table(name="sample", columns=tuple(Column(k, k) for k in kinds), rows=rows)
    assert write_csv(table, file) == 2
    assert file.getvalue() == (
        b"\xef\xbb\xbftext,whole,instant,number,truth\r\n"
        b'"a, b",,2026-11-20T08:30:00.250000Z,0.1,true\r\n'
        b'"say ""no""\r\nplease",7,,-2.0,false\r\n'
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    """Whatever a spreadsheet would calculate has an apostrophe before it, names of columns too."""
    table = Table(name="sample", columns=(Column(text),), rows=[(text,)])
    for row in csv.reader(io.StringIO(as_csv(table), newline="")):
        assert row[0] == f"'{row[0][1:]}"
        assert unguarded(row[0]) == text


@pytest.mark.parametrize(
    ("text", "in_file"),
    [
        ("fine; =1+1", "fine;' =1+1"),
        ('fine;"=1+1&"', 'fine;\'"=1+1&"'),
        ("two\n- lines", "two\n'- lines"),
        ("two\t=1", "two\t'=1"),
    ],
)
def test_where_semicolons_part_cells_there_is_no_formula_either(text: str, in_file: str) -> None:
    """A spreadsheet that knows no comma finds cells within ours: they are guarded as well."""
    assert guarded(text) == in_file


@given(st.text(alphabet=st.sampled_from("ab' \"\t\r\n;,=+-@＝\u200b\xa0")))
@example("'=1")
@example("''")
@example(";'=")
def test_the_guard_can_be_taken_away(text: str) -> None:
    """Nothing is lost by it, and no cell, parted at commas or at semicolons, is a formula."""
    safe = guarded(text)
    assert unguarded(safe) == text
    for cell in re.split("[;\t\r\n]", safe):
        assert re.match('[\\s"\u200b]*[=+\\-@＝]', cell) is None


@pytest.mark.parametrize("text", ["too slow", "a = b", "1-2", "me@example.com", "don't", "–"])
def test_what_is_no_formula_stays_as_it_was_typed(text: str) -> None:
    """Only the beginning of a cell counts."""
    assert as_csv(texts(text)) == f"text\r\n{text}\r\n"


def test_negative_numbers_stay_numbers() -> None:
    """What begins with a minus and is a number is not guarded."""
    assert "-1234,-0.5," in as_csv(EVERY_KIND)


# -- JSON lines ------------------------------------------------------------------------------


def test_json_lines_have_every_cell_and_null() -> None:
    """An object a line, with types of its own, and null for what is not known."""
    first, second = as_objects(EVERY_KIND)
    assert list(first.values()) == [
        "слишком дорого",
        -1_234,
        -0.5,
        0.125,
        True,
        "2026-11-20T08:30:00.250000Z",
    ]
    assert second == dict.fromkeys(KINDS)


@given(st.text(alphabet=st.characters(codec=None)))
@example("\ud800\x1b[2J\u2028\x85'=1")
def test_json_lines_keep_every_text_in_one_line(text: str) -> None:
    """No character is lost, ends a line, or is obeyed by a terminal."""
    file = io.BytesIO()
    write_jsonl(texts(text), file)
    (line,) = file.getvalue().decode().splitlines()
    assert json.loads(line) == {"text": text}
    assert line.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f]", line)


# -- XLSX ------------------------------------------------------------------------------------


def test_a_sheet_has_numbers_dates_and_texts() -> None:
    """Each kind of cell is what a spreadsheet can calculate with; the head stays in sight."""
    sheet = as_sheet(EVERY_KIND)
    head, first, second = sheet.iter_rows(max_row=3)
    assert [cell.value for cell in head] == list(KINDS)
    assert [cell.data_type for cell in first] == ["s", "n", "n", "n", "b", "d"]
    assert [cell.value for cell in first][:5] == ["слишком дорого", -1_234, -0.5, 0.125, True]
    at = first[5].value
    assert isinstance(at, datetime)
    assert abs(at - AT.replace(tzinfo=None)) < timedelta(milliseconds=1)
    assert first[5].number_format == "yyyy-mm-dd hh:mm:ss"
    assert first[3].number_format == "0.0%"
    assert all(cell.value is None for cell in second)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:F3")


def test_instants_of_a_sheet_are_utc() -> None:
    """A sheet knows no offset: every instant is read in the same one."""
    elsewhere = AT.replace(microsecond=0).astimezone(timezone(timedelta(hours=9)))
    table = Table(name="sample", columns=(Column("at", "instant"),), rows=[(elsewhere,)])
    assert as_sheet(table)["A2"].value == datetime(2026, 11, 20, 8, 30)  # noqa: DTZ001 - a sheet's


@pytest.mark.parametrize("text", [*FORMULAS, "https://example.com", "1.10", "true", "mailto:a@b.c"])
def test_no_text_of_a_sheet_is_anything_else(text: str) -> None:
    """Formulas, addresses and numbers that people wrote are texts, and stay so when edited."""
    sheet = as_sheet(texts(text))
    cell = sheet["A2"]
    assert cell.data_type == "s"
    assert cell.value == text.replace("\r", "\n")
    assert cell.hyperlink is None
    assert bool(cell.quotePrefix) == (text in FORMULAS)


def test_a_sheet_holds_no_formula_and_no_link() -> None:
    """In the file itself there is neither, whatever people wrote."""
    file = io.BytesIO()
    write_xlsx(texts(*FORMULAS, "https://example.com"), file)
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "rels" in name and "sheet" in name]
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "hyperlink" not in sheet


def test_what_xml_forbids_is_replaced() -> None:
    """Control characters and halves of characters make no damaged file, in a sheet or CSV."""
    table = texts("a\x00b\x1bc\x0bd\ud800e\ufffff\x9bg", "_x0041_", "<&>")
    # A sheet's own escape, which openpyxl leaves to whoever reads.
    assert [unescape(str(row[0].value)) for row in as_sheet(table).iter_rows()][1:] == [
        "a�b�c�d�e�f�g",
        "_x0041_",
        "<&>",
    ]
    assert as_csv(table) == "text\r\na�b�c�d�e�f�g\r\n_x0041_\r\n<&>\r\n"


@pytest.mark.parametrize("text", ["x" * 40_000, "😀" * 20_000, "x" + "😀" * 20_000])
def test_a_text_too_long_for_a_cell_says_that_it_was_cut(text: str) -> None:
    """It ends with how long it was; the other formats have all of it."""
    value = as_sheet(texts(text))["A2"].value
    assert isinstance(value, str)
    assert len(value.encode("utf-16-le")) // 2 in (MOST_UNITS, MOST_UNITS - 1)
    said = f" … [cut: {len(text):,} characters; whole in CSV and JSON lines]"
    assert value.endswith(said)
    assert text.startswith(value.removesuffix(said))
    assert as_objects(texts(text)) == [{"text": text}]
    assert as_csv(texts(text)) == f"text\r\n{text}\r\n"


def test_a_text_that_just_fits_is_whole() -> None:
    """Nothing is cut that a cell can hold."""
    text = "x" * MOST_UNITS
    assert as_sheet(texts(text))["A2"].value == text


@pytest.mark.parametrize("counted", [True, False])
def test_more_rows_than_a_sheet_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, counted: bool
) -> None:
    """It says what to do instead, and leaves no file, however it came to know of them."""
    monkeypatch.setattr(xlsx, "MOST_ROWS", 10)
    rows: list[tuple[Cell, ...]] = [("x",)] * 10
    table = Table(name="sample", columns=(Column("a"),), rows=rows if counted else iter(rows))
    with pytest.raises(ExportError, match="--format csv or jsonl, or less of them"):
        write(table, tmp_path / "out.xlsx", format_="xlsx")
    assert list(tmp_path.iterdir()) == []
    assert write_xlsx(Table(name="x", columns=(Column("a"),), rows=rows[1:]), io.BytesIO()) == 9


def test_more_columns_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    """The same for its width."""
    columns = tuple(Column(str(n)) for n in range(16_385))
    with pytest.raises(ExportError, match="16,384 columns, and these are 16,385"):
        write(Table(name="x", columns=columns, rows=()), tmp_path / "x.xlsx", format_="xlsx")


# -- every format ----------------------------------------------------------------------------

FORMATS: tuple[Format, ...] = ("csv", "xlsx", "jsonl")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_half_written_file_never_has_its_name(tmp_path: Path, format_: Format) -> None:
    """What had the name keeps it until all is written; what failed leaves nothing behind."""
    out = tmp_path / "out"
    out.write_text("before", "utf-8")

    def rows() -> Iterator[tuple[Cell, ...]]:
        for n in range(2_000):
            yield (f"row {n}",)
            assert out.read_text("utf-8") == "before"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(Table(name="x", columns=(Column("a"),), rows=rows()), out, format_=format_)
    assert out.read_text("utf-8") == "before"
    assert list(tmp_path.iterdir()) == [out]
    assert write(texts("a", "b"), out, format_=format_) == 2
    assert out.read_bytes()[:6] != b"before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_interrupted_sheet_leaves_no_rows_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: Format
) -> None:
    """People's comments do not stay in the folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def rows() -> Iterator[tuple[Cell, ...]]:
        yield ("a comment",)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(
            Table(name="x", columns=(Column("a"),), rows=rows()),
            tmp_path / "out",
            format_=format_,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are elsewhere's on Windows")
def test_a_file_is_for_its_owner_and_a_link_stays_one(tmp_path: Path) -> None:
    """It holds what people wrote; and who linked its name elsewhere meant elsewhere."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "out.csv")
    write(texts("a"), link, format_="csv")
    assert link.is_symlink()
    assert (tmp_path / "there" / "out.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="there are no such files on Windows")
def test_what_is_no_file_is_not_replaced() -> None:
    """A rename over /dev/null, by root, would take it from everybody."""
    with pytest.raises(ExportError, match="it is no file"):
        write(texts("a"), Path(os.devnull), format_="csv")
    assert not Path(os.devnull).is_file()


def test_a_folder_that_is_none_is_said_in_a_sentence(tmp_path: Path) -> None:
    """What the disk refuses is an error that says so, with the name."""
    (tmp_path / "a-file").write_text("", "utf-8")
    with pytest.raises(ExportError, match=r"cannot write .*a-file"):
        write(texts("a"), tmp_path / "a-file" / "x.csv", format_="csv")
