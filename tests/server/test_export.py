"""Those who left, as tables: every column means what docs/exporting.md says."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from tests.server.terminal import Terminal

from exitpoll_server import clock
from exitpoll_server.cli import output
from exitpoll_server.counts import Churned, Departure, Window
from exitpoll_server.store import Product, Store
from exitpoll_server.tables import Cell, Column, Table
from exitpoll_server.transfer.exporting import (
    CHURN,
    COMMENTS,
    MOST_ATTRIBUTES,
    Wanted,
    churn_table,
    comments_table,
)

AT = datetime(2026, 11, 10, 8, 30, tzinfo=timezone.utc)
LEFT = Churned(
    installation_id=UUID(int=1),
    kind="uninstalled",
    at=AT,
    installed_at=AT - timedelta(days=12),
    tenure_days=12.0,
    launches=57,
    launches_last=20,
    launches_previous=37,
    health="medium",
    version="2.1.0",
    installed_version="2.0.0",
    channel="stable",
    edition="trial",
    source="download.example",
    os="windows-11",
    locale="de-DE",
    customer="c-1",
    attributes=MappingProxyType({"plan": "pro"}),
    known_from="agent",
    not_asked=None,
    asked=True,
    answered=True,
    reason="switched",
    follow_up="to what?",
    comment="=too slow",
    score=3,
    offer="seen",
    wants_answer=True,
)
STOPPED = Churned(
    installation_id=UUID(int=2),
    kind="stopped",
    at=AT,
    installed_at=None,
    tenure_days=None,
    launches=None,
    launches_last=0,
    launches_previous=0,
    health=None,
    version=None,
    installed_version=None,
    channel=None,
    edition=None,
    source=None,
    os=None,
    locale=None,
    customer=None,
    attributes=MappingProxyType({}),
    known_from=None,
    not_asked=None,
    asked=False,
    answered=False,
    reason=None,
    follow_up=None,
    comment=None,
    score=None,
    offer=None,
    wants_answer=False,
)
QUIET = dataclasses.replace(
    LEFT, installation_id=UUID(int=3), answered=False, reason=None, comment=None, score=None
)
COMMENT = Departure(
    installation_id=UUID(int=1),
    at=AT,
    tenure_days=12.0,
    launches=57,
    health="medium",
    version="2.1.0",
    locale="en-GB",
    os="windows-11",
    edition="trial",
    known_from="agent",
    not_asked=None,
    asked=True,
    reason="switched",
    comment="it is too slow for me",
    score=3,
    wants_answer=True,
)


def left(n: int, attributes: Mapping[str, str]) -> Churned:
    return dataclasses.replace(LEFT, installation_id=UUID(int=n), attributes=attributes)


def records(table: Table) -> list[dict[str, Cell]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


# -- the tables ------------------------------------------------------------------------------


def test_an_uninstall_is_a_row_with_all_that_is_known() -> None:
    """Each column has the field of its name, in a kind that its cells are of."""
    table = churn_table([LEFT])
    (row,) = records(table)
    fields = {field.name: getattr(LEFT, field.name) for field in dataclasses.fields(LEFT)}
    fields["launches_last_28_days"] = fields.pop("launches_last")
    fields["launches_previous_28_days"] = fields.pop("launches_previous")
    fields["installation_id"] = str(LEFT.installation_id)
    del fields["attributes"]
    assert row == {**fields, "substantive": True, "attribute.plan": "pro"}


@pytest.mark.parametrize(
    ("comment", "says"), [("far too slow", True), ("asdf", False), (None, None)]
)
def test_a_row_tells_whether_its_comment_says_something(
    comment: str | None, *, says: bool | None
) -> None:
    """As in the list of comments; without a comment it is not known, which is no "false"."""
    (row,) = records(churn_table([dataclasses.replace(LEFT, comment=comment)]))
    assert row["substantive"] is says


def test_of_who_stopped_nobody_knows_an_answer() -> None:
    """They were not asked and did not refuse: empty, and not "false"."""
    (row,) = records(churn_table([STOPPED]))
    known = {name: cell for name, cell in row.items() if cell is not None}
    assert known == {
        "installation_id": str(STOPPED.installation_id),
        "kind": "stopped",
        "at": AT,
        "launches_last_28_days": 0,
        "launches_previous_28_days": 0,
    }


def test_every_attribute_that_anybody_has_is_a_column() -> None:
    """In the order of their names, whoever comes first; empty where a row has it not."""
    rows = [left(1, {"plan": "pro"}), left(2, {}), left(3, {"Farbe": "=rot", "plan": "free"})]
    for order in itertools.permutations(rows):
        table = churn_table(iter(order))
        assert table.columns[len(CHURN) :] == (Column("attribute.Farbe"), Column("attribute.plan"))
        cells = {row["installation_id"]: tuple(row.values())[-2:] for row in records(table)}
        assert list(cells.values()) == [cells[str(row.installation_id)] for row in order]
        assert cells[str(UUID(int=3))] == ("=rot", "free")
        assert cells[str(UUID(int=2))] == (None, None)


def test_made_up_attributes_do_not_widen_a_table_without_bound() -> None:
    """The most frequent names get a column; what else there is stands in one, and is not lost."""
    rows = [left(n, {"plan": "pro", f"made-up-{n}": str(n)}) for n in range(MOST_ATTRIBUTES + 9)]
    table = churn_table(rows)
    names = [column.name for column in table.columns[len(CHURN) :]]
    assert len(names) == MOST_ATTRIBUTES + 1
    assert (names[-1], "attribute.plan" in names) == ("other_attributes", True)
    for n, row in enumerate(records(table)):
        others = json.loads(str(row["other_attributes"] or "{}"))
        assert row.get(f"attribute.made-up-{n}", others.get(f"made-up-{n}")) == str(n)


def test_a_comment_is_a_row_with_what_is_known_of_its_writer() -> None:
    """Each column has the field of its name, and one says whether it is substantive."""
    filler = dataclasses.replace(COMMENT, comment="no comment")
    first, second = records(comments_table([COMMENT, filler]))
    fields = {field.name: getattr(COMMENT, field.name) for field in dataclasses.fields(COMMENT)}
    fields["installation_id"] = str(COMMENT.installation_id)
    assert first == {**fields, "substantive": True}
    assert (second["comment"], second["substantive"]) == ("no comment", False)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Wanted(), [LEFT, STOPPED, QUIET]),
        (Wanted(kind="stopped"), [STOPPED]),
        (Wanted(kind="uninstalled"), [LEFT, QUIET]),
        (Wanted(answered=True), [LEFT]),
        (Wanted(answered=False), [STOPPED, QUIET]),
        (Wanted(kind="uninstalled", answered=False), [QUIET]),
        (Wanted(reasons=frozenset({"switched", "other"})), [LEFT]),
        (Wanted(reasons=frozenset({"other"})), []),
    ],
)
def test_rows_are_kept_as_wanted(wanted: Wanted, kept: list[Churned]) -> None:
    """By kind, by reason, by whether they answered; who stopped did not."""
    assert [row for row in (LEFT, STOPPED, QUIET) if wanted.has(row)] == kept


def test_every_column_is_documented() -> None:
    """docs/exporting.md has a row for each column, and none for another."""
    text = (Path(__file__).parents[2] / "docs" / "exporting.md").read_text("utf-8")
    for title, columns in (("Churn", CHURN), ("Comments", COMMENTS)):
        section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
        if title == "Churn":
            assert named[-2:] == ["attribute.NAME", "other_attributes"]
            named = named[:-2]
        assert named == [column.name for column in columns]


# -- the commands ----------------------------------------------------------------------------

CHURN_OF_SAMPLE = ("export", "churn", "--product", "Sample")


@pytest.fixture
def lost(sample: Terminal, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let the store know three who are gone; what it was asked for comes into the list."""
    del sample
    asked: list[dict[str, Any]] = []

    def churn(
        self: Store,
        product: Product,
        window: Window,
        *,
        stopped_after_days: int,
        where: dict[str, str],
    ) -> Iterator[Churned]:
        assert self.products() == [product] or product in self.products()
        assert where == {}
        asked.append({"window": window, "stopped_after_days": stopped_after_days})
        yield from (LEFT, STOPPED, QUIET)

    monkeypatch.setattr(Store, "churn", churn, raising=False)
    return asked


@pytest.mark.usefixtures("lost")
@pytest.mark.parametrize("format_", ["csv", "jsonl", "xlsx"])
def test_churn_comes_in_every_format(sample: Terminal, format_: str) -> None:
    """A file with a row each, and a line that says so."""
    name = f"new/churn.{format_}"
    code, out, err = sample.run(*CHURN_OF_SAMPLE, "--format", format_, "--out", name)
    assert (code, out, err) == (0, "", f"Wrote {name}: 3 rows\n")
    file = sample.folder / name
    if format_ == "csv":
        rows: Iterable[Any] = csv.DictReader(file.read_text("utf-8-sig").splitlines())
        ids = [row["installation_id"] for row in rows]
    elif format_ == "jsonl":
        ids = [json.loads(line)["installation_id"] for line in file.read_text("utf-8").splitlines()]
    else:
        cells = load_workbook(file)["churn"].iter_rows(min_row=2, values_only=True)
        ids = [row[0] for row in cells]
    assert ids == [str(UUID(int=n)) for n in (1, 2, 3)]


def test_the_store_is_asked_for_the_window(sample: Terminal, lost: list[dict[str, Any]]) -> None:
    """--from, --to, --as-of and --stopped-after reach it; without them, all, now, its own."""
    out = ("--format", "csv", "--out", "-")
    sample.succeed(*CHURN_OF_SAMPLE, *out)
    times = ("--from", "2026-01-01", "--to", "2026-02-01", "--as-of", "2026-03-01")
    sample.succeed(*CHURN_OF_SAMPLE, *out, *times, "--stopped-after", "10")
    assert (lost[0]["window"].start, lost[0]["window"].end) == (None, None)
    assert lost[0]["stopped_after_days"] == 40
    asked = lost[1]["window"]
    assert [f"{at:%m-%d}" for at in (asked.start, asked.end, asked.as_of)] == [
        "01-01",
        "02-01",
        "03-01",
    ]
    assert lost[1]["stopped_after_days"] == 10


@pytest.mark.usefixtures("lost")
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], [1, 2, 3]),
        (["--kind", "stopped"], [2]),
        (["--answered"], [1]),
        (["--unanswered"], [2, 3]),
        (["--reason", "switched", "--reason", "other"], [1]),
    ],
)
def test_standard_output_gets_the_rows_that_are_wanted(
    sample: Terminal, options: list[str], kept: list[int]
) -> None:
    """And nothing else: another program reads it."""
    out = sample.succeed(*CHURN_OF_SAMPLE, "--format", "jsonl", "--out", "-", *options)
    ids = [json.loads(line)["installation_id"] for line in out.splitlines()]
    assert ids == [str(UUID(int=n)) for n in kept]
    assert not (sample.folder / "-").exists()


@pytest.mark.usefixtures("lost")
def test_quiet_says_nothing(sample: Terminal) -> None:
    """For a command that runs by the clock."""
    options = ("--format", "csv", "--out", "churn.csv", "--quiet")
    assert sample.run(*CHURN_OF_SAMPLE, *options) == (0, "", "")


@pytest.mark.usefixtures("lost")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "xlsx", "--out", "-"], "goes to no standard output; name it with --out"),
        (["--format", "pdf", "--out", "x"], "'pdf' is not one of"),
        (["--format", "csv"], "Missing option '--out'"),
        (["--format", "csv", "--out", "."], "is a directory"),
        (["--format", "csv", "--out", "a-file/x.csv"], "cannot write a-file/x.csv: "),
        (["--format", "csv", "--out", "x", "--kind", "lost"], "'lost' is not one of"),
        (
            ["--format", "csv", "--out", "x", "--from", "2026-02-02", "--to", "2026-02-01"],
            "--from must be before --to",
        ),
        (["--format", "csv", "--out", "x", "--as-of", "9999-01-01"], "lies in the future"),
    ],
)
def test_a_mistake_gets_one_line(sample: Terminal, options: list[str], said: str) -> None:
    """What is wrong, in a sentence, and no file."""
    sample.write("a-file", "x\n")
    assert said in sample.fail(*CHURN_OF_SAMPLE, *options)
    assert not (sample.folder / "x").exists()


def test_comments_are_exported(sample: Terminal) -> None:
    """A row a comment, with the columns of the table."""
    rows = "installation_id,at,comment\na,2026-01-01,it crashes daily\nb,2026-01-02,\n"
    sample.succeed("import", "uninstalls", sample.write("u.csv", rows), "--product", "Sample")
    sample.succeed("import", "responses", sample.write("r.csv", rows), "--product", "Sample")
    out = sample.succeed(
        "export", "comments", "--product", "Sample", "--format", "jsonl", "--out", "-"
    )
    (row,) = map(json.loads, out.splitlines())
    assert list(row) == [column.name for column in COMMENTS]
    assert (row["comment"], row["at"]) == ("it crashes daily", "2026-01-01T00:00:00Z")


@pytest.mark.skipif(os.name != "posix", reason="pipes close otherwise on Windows")
def test_a_reader_that_has_enough_gets_no_traceback(tmp_path: Path) -> None:
    """`| head` closes the pipe while rows are still to come: that is no fault."""
    program = """
import itertools, sys
from tests.server.test_export import LEFT
from exitpoll_server.cli import main
from exitpoll_server.store import Store
Store.churn = lambda *_, **__: itertools.repeat(LEFT, 5_000)
main()
"""
    url = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    environment = {**os.environ, "EXITPOLL_DATABASE_URL": url}
    create = "from exitpoll_server.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", create, "product", "create", "Sample"],
        env=environment,
        check=True,
        capture_output=True,
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, *CHURN_OF_SAMPLE, "--format", "csv", "--out", "-"],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    with running:
        assert running.stdout.readline().startswith(b"\xef\xbb\xbfinstallation_id,")
        running.stdout.close()
        assert running.stderr.read() == b""


# -- how far it has got ----------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, False), (0.2, True)])
def test_a_bar_shows_what_takes_longer_than_a_second(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds: float,
    *,
    shown: bool,
) -> None:
    """On a terminal; the rows go through it unchanged."""
    ticks = itertools.count()
    monkeypatch.setattr(clock, "elapsed", lambda: next(ticks) * seconds)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(output.watched(range(20_500), "Writing", quiet=False)) == list(range(20_500))
    said = capsys.readouterr().err
    assert ("Writing" in said) is shown
    assert list(output.watched(range(20_500), "Writing", quiet=True)) == list(range(20_500))
    assert capsys.readouterr().err == ""


def test_a_bar_of_rows_without_a_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the store still has to find has no length, and shows that it goes on."""
    ticks = itertools.count()
    monkeypatch.setattr(clock, "elapsed", lambda: float(next(ticks)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    rows = iter([LEFT] * 9_000)
    assert len(list(output.watched(rows, "Reading", quiet=False))) == 9_000
    assert "Reading" in capsys.readouterr().err
