"""Import: a vendor's own records, as often and in whatever order they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import count, permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Counts, Window
from exitpoll_server.ids import stable_uuid
from exitpoll_server.store import Product, Store
from exitpoll_server.transfer.importing import Kind, Outcome, import_rows
from exitpoll_server.transfer.table import Table, TableError

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
_names = count()


@dataclass
class Vendor:
    """A vendor with a product and CSV files."""

    store: Store
    product: Product
    folder: Path
    stored: list[int] = field(default_factory=list)

    def another(self) -> Vendor:
        name = f"Another {next(_names)}"
        product = self.store.create_product(
            name=name, stopped_after_days=40, trial_days=30, now=NOW
        )
        return Vendor(self.store, product, self.folder)

    def read(self, kind: Kind, content: str | bytes) -> tuple[Table, Outcome]:
        """Import a file of this content."""
        path = self.folder / f"{kind}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        table = Table(path=path, now=NOW, keep_attributes=kind == "installations")
        rows = list(table)
        outcome = import_rows(self.store, self.product, kind, rows, on_stored=self.stored.append)
        return table, outcome

    def counts(self, as_of: datetime = NOW) -> Counts:
        window = Window(as_of=as_of, start=None, end=None)
        return self.store.counts(self.product, window, stopped_after_days=40, most_lines=1000)

    def report(self, as_of: datetime = NOW) -> dict[str, Any]:
        """Return the whole report as its JSON, without the product's name."""
        data: dict[str, Any] = json.loads(render.as_json(reports.make(self.counts(as_of))))
        del data["product"]
        return data


@pytest.fixture
def vendor(store: Store, product: Product, tmp_path: Path) -> Vendor:
    return Vendor(store, product, tmp_path)


LAUNCHES = """installation_id,at,version
a,2026-09-01T10:00:00Z,1.0
a,2026-09-01T11:00:00Z,1.0
a,2026-09-03,1.1
b,2026-11-19T08:00:00+02:00,1.0
"""
INSTALLATIONS = """installation_id,installed_at,edition,customer,os,plan,seats
a,2026-08-30,trial,acme,windows-11,pro,5
b,2026-11-18,free,,linux,,
"""
UNINSTALLS = """installation_id,at,version
a,2026-09-10T00:00:00Z,1.1
c,2026-11-01,
"""
RESPONSES = """installation_id,at,reason,comment,score
a,2026-09-10T01:00:00Z,switched,"too slow, and
it crashes",3
c,2026-11-20T00:00:00Z,,nothing to say,
"""
FILES: list[tuple[Kind, str]] = [
    ("installations", INSTALLATIONS),
    ("launches", LAUNCHES),
    ("uninstalls", UNINSTALLS),
    ("responses", RESPONSES),
]


# -- each kind -------------------------------------------------------------------------------


def test_launches(vendor: Vendor) -> None:
    """Rows of one copy, day and version are summed; the copy is seen, used and counted."""
    _, outcome = vendor.read("launches", LAUNCHES)
    assert outcome == Outcome(taken=4, merged=3, installations=2)
    found = reports.make(vendor.counts()).iceberg
    assert (found.seen.value, found.active.numerator, found.stopped.numerator) == (2, 1, 1)


def test_a_launches_column_counts_for_so_many(vendor: Vendor) -> None:
    """A row may stand for several launches, or for a day on which it merely ran."""
    rows = "installation_id,at,launches\na,2026-09-01,5\na,2026-09-01,2\na,2026-09-02,0\n"
    vendor.read("launches", rows)
    vendor.read("uninstalls", "installation_id,at\na,2026-09-03\n")
    (line,) = vendor.counts().lines
    assert line.launches == 7


def test_installations(vendor: Vendor) -> None:
    """Install, edition, customer and further columns: seen before the first launch."""
    _, outcome = vendor.read("installations", INSTALLATIONS)
    assert outcome == Outcome(taken=2, merged=2, installations=2)
    assert vendor.counts().stays.first_seen == datetime(2026, 8, 30, tzinfo=timezone.utc)


def test_uninstalls(vendor: Vendor) -> None:
    """An uninstall is known from the import, at its own instant."""
    _, outcome = vendor.read("uninstalls", UNINSTALLS)
    assert outcome == Outcome(taken=2, merged=2, installations=2)
    first, second = reversed(vendor.counts().lines)
    assert (first.known_from, first.version) == ("import", "1.1")
    assert second.at == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert second.version is None


def test_an_uninstall_may_bring_everything_along(vendor: Vendor) -> None:
    """One file with install, launches and answers is enough for a first report."""
    vendor.read(
        "uninstalls",
        "installation_id,at,installed_at,launches,edition,locale,reason,comment,score\n"
        "a,2026-09-10,2026-09-01,12,trial,en,switched,much too slow,2\n",
    )
    (line,) = vendor.counts().comments
    assert (line.tenure_days, line.launches, line.edition, line.score) == (9, 12, "trial", 2)


def test_responses(vendor: Vendor) -> None:
    """An answer within seven days belongs to its uninstall; a later one is counted apart."""
    vendor.read("uninstalls", UNINSTALLS)
    _, outcome = vendor.read("responses", RESPONSES)
    assert (outcome.taken, outcome.merged) == (2, 2)
    (line,) = vendor.counts().comments
    assert line.comment == "too slow, and\nit crashes"
    assert line.reason == "switched"
    assert vendor.counts().reclassified.late_answers == 1


def test_progress_is_told(vendor: Vendor) -> None:
    """What is stored is told in portions that add up."""
    rows = "".join(f"c{n},2026-09-01\n" for n in range(1200))
    vendor.read("launches", "installation_id,at\n" + rows)
    assert sum(vendor.stored) == 1200
    assert len(vendor.stored) > 1


# -- again, and in any order -----------------------------------------------------------------


def test_the_same_files_twice_change_nothing(vendor: Vendor) -> None:
    """Import again, all of it: the whole report is the same."""
    for kind, content in FILES:
        vendor.read(kind, content)
    before = vendor.report()
    for kind, content in FILES:
        vendor.read(kind, content)
        assert vendor.report() == before, kind


def test_the_order_of_files_does_not_matter(vendor: Vendor) -> None:
    """Uninstalls before launches, responses before uninstalls: every order is one report."""
    found = []
    for files in permutations(FILES):
        one = vendor.another()
        for kind, content in files:
            one.read(kind, content)
        found.append(one.report())
    assert all(report == found[0] for report in found)
    assert found[0]["comments"][0]["tenure_days"] == 11


_cells = {
    "launches": st.fixed_dictionaries(
        {
            "installation_id": st.sampled_from("abc"),
            "at": st.sampled_from(
                ["2026-09-01T10:00:00Z", "2026-09-01", "2026-10-20T23:59:59.5Z", "2026-11-01"]
            ),
            "version": st.sampled_from(["", "1.0", "2.0"]),
            "launches": st.sampled_from(["", "0", "3"]),
            "edition": st.sampled_from(["", "trial", "paid"]),
        }
    ),
    "installations": st.fixed_dictionaries(
        {
            "installation_id": st.sampled_from("abc"),
            "installed_at": st.sampled_from(["2026-08-01", "2026-08-02", "2026-09-01T12:00Z"]),
            "customer": st.sampled_from(["", "acme", "other"]),
            "os": st.sampled_from(["windows-11", "linux"]),
        }
    ),
    "uninstalls": st.fixed_dictionaries(
        {
            "installation_id": st.sampled_from("abc"),
            "at": st.sampled_from(["2026-09-01", "2026-10-01T10:00Z", "2026-11-10"]),
            "version": st.sampled_from(["", "1.0", "2.0"]),
            "reason": st.sampled_from(["", "switched", "other"]),
        }
    ),
    "responses": st.fixed_dictionaries(
        {
            "installation_id": st.sampled_from("abc"),
            "at": st.sampled_from(["2026-09-01T01:00Z", "2026-10-02", "2026-11-10T10:00Z"]),
            "reason": st.sampled_from(["", "switched", "other"]),
            "comment": st.sampled_from(["", "too slow", "far too slow"]),
        }
    ),
}


def _csv(rows: Sequence[dict[str, str]], names: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_the_order_of_rows_does_not_matter(vendor: Vendor, data: st.DataObject) -> None:
    """The same rows in another order are the same report, also where instants are equal."""
    files: dict[Any, list[dict[str, str]]] = {
        kind: data.draw(st.lists(cells, min_size=1, max_size=6)) for kind, cells in _cells.items()
    }
    found = []
    for shuffled in (False, True):
        one = vendor.another()
        for kind, rows in files.items():
            ordered = data.draw(st.permutations(rows)) if shuffled else rows
            one.read(kind, _csv(ordered, list(rows[0])))
        found.append(one.report())
    assert found[0] == found[1]


def test_a_launch_after_an_uninstall_withdraws_it(vendor: Vendor) -> None:
    """Whichever file comes first: the copy is in use again, and the report counts that."""
    found = []
    for kinds in (["launches", "uninstalls"], ["uninstalls", "launches"]):
        one = vendor.another()
        files = {
            "launches": "installation_id,at\na,2026-09-01\na,2026-09-20T10:00Z\n",
            "uninstalls": "installation_id,at\na,2026-09-10\n",
        }
        for kind in kinds:
            one.read(kind, files[kind])  # type: ignore[arg-type]
        found.append(one.report())
    assert found[0] == found[1]
    assert found[0]["uninstalls"]["steps"][0]["of_uninstalls"]["value"] == 0
    assert found[0]["uninstalls"]["withdrawn"]["value"] == 1


def test_a_withdrawal_is_dated_the_same_in_any_order(vendor: Vendor) -> None:
    """A report of the days between knows the uninstall, whichever file came first."""
    between = datetime(2026, 9, 15, tzinfo=timezone.utc)
    found = []
    for kinds in (["launches", "uninstalls"], ["uninstalls", "launches"]):
        one = vendor.another()
        files = {
            "launches": "installation_id,at\na,2026-09-01\na,2026-09-20T10:00Z\n",
            "uninstalls": "installation_id,at\na,2026-09-10\n",
        }
        for kind in kinds:
            one.read(kind, files[kind])  # type: ignore[arg-type]
        found.append(one.report(between))
    assert found[0] == found[1]
    assert found[0]["uninstalls"]["steps"][0]["of_uninstalls"]["value"] == 1


def test_an_answer_meets_the_same_uninstall_in_any_order(vendor: Vendor) -> None:
    """Left, came back, left for good: the answer belongs to the uninstall that stands."""
    found = []
    for kinds in (["uninstalls", "responses"], ["responses", "uninstalls"]):
        one = vendor.another()
        one.read("launches", "installation_id,at\na,2026-09-01\na,2026-09-20\n")
        files = {
            "uninstalls": "installation_id,at\na,2026-09-10\na,2026-10-01T10:00Z\n",
            "responses": "installation_id,at,comment\na,2026-10-01T11:00Z,too slow\n",
        }
        for kind in kinds:
            one.read(kind, files[kind])  # type: ignore[arg-type]
        found.append(one.report())
    assert found[0] == found[1]
    assert [line["comment"] for line in found[0]["comments"]] == ["too slow"]


def test_a_launch_of_the_same_day_withdraws_nothing(vendor: Vendor) -> None:
    """A file holds whole days: whoever launched in the morning may have left in the evening."""
    vendor.read("uninstalls", "installation_id,at\na,2026-09-10\n")
    vendor.read("launches", "installation_id,at\na,2026-09-01\na,2026-09-10T17:00Z\n")
    assert vendor.report()["uninstalls"]["steps"][0]["of_uninstalls"]["value"] == 1


def test_an_export_made_after_an_uninstall_withdraws_nothing(vendor: Vendor) -> None:
    """Only a launch brings a copy back; a list of installations says nothing of use."""
    vendor.read("uninstalls", "installation_id,at\na,2026-09-10\n")
    vendor.read("installations", "installation_id,installed_at,at\na,2026-09-01,2026-11-01\n")
    assert vendor.report()["uninstalls"]["steps"][0]["of_uninstalls"]["value"] == 1


def test_an_answer_alone_is_no_installation(vendor: Vendor) -> None:
    """A mistyped id among the responses makes nobody seen."""
    vendor.read("responses", "installation_id,at,comment\ntypo,2026-10-01,too slow\n")
    report = vendor.report()
    assert report["iceberg"]["seen"]["value"] == 0
    assert report["comments"] == []


def test_whom_an_import_asked_is_not_known_and_said_so(vendor: Vendor) -> None:
    """The text says that of imported uninstalls nobody knows whether the person was asked."""
    vendor.read("uninstalls", "installation_id,at\na,2026-09-10\n")
    text = render.as_text(reports.make(vendor.counts()))
    assert "1 imported: whether they were asked is not known." in text


# -- rows that cannot be taken ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,yesterday,,,,", "at 'yesterday' is no ISO 8601 instant"),
        ("x,2026-13-01,,,,", "at '2026-13-01' is no ISO 8601 instant"),
        ("x,0001-01-01T00:00:00+14:00,,,,", "is no ISO 8601 instant"),
        ("x,2026-11-21,,,,", "at '2026-11-21' is in the future"),
        ("x,1969-12-31T23:59:59Z,,,,", "is before 1970"),
        ("x,,,,,", "has no instant"),
        (",2026-11-01,,,,", "has no installation_id"),
        ("   ,2026-11-01,,,,", "has no installation_id"),
        ("x,2026-11-01", "has not as many fields as the header"),
        ("x,2026-11-01,,,,,,", "has not as many fields as the header"),
        ("x,2026-11-01,,,,11", "score 11 is not from 0 to 10"),
        ("x,2026-11-01,,,,-1", "score '-1' is no whole number"),
        ("x,2026-11-01,-1,,,", "launches '-1' is no whole number"),
        ("x,2026-11-01,x,,,", "launches 'x' is no whole number"),
        ("x,2026-11-01,1.5,,,", "launches '1.5' is no whole number"),
        ("x,2026-11-01,١٢,,,", "is no whole number"),
        (f"{'x' * 201},2026-11-01,,,,", "installation_id has 201 characters"),
        (f"x,2026-11-01,,{'v' * 65},,", "version has 65 characters, at most 64 are kept"),
        (f"x,2026-11-01,,,{'c' * 4001},", "comment has 4001 characters, at most 4000 are kept"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_are_taken(
    vendor: Vendor, row: str, reason: str
) -> None:
    """Line number and reason of each; nothing else in the file is lost."""
    header = "installation_id,at,launches,version,comment,score\n"
    good = "good,2026-11-0{},,,,\n"
    table, outcome = vendor.read(
        "uninstalls", header + good.format(1) + row + "\n" + good.format(2)
    )
    assert outcome.taken == 2
    ((number, said),) = table.refused
    assert number == 3
    assert reason in said
    assert vendor.counts().lines


def test_lines_are_counted_as_an_editor_counts_them(vendor: Vendor) -> None:
    """A quoted comment over three lines: the bad row after it is where the editor shows it."""
    content = 'installation_id,at,comment\na,2026-09-01,"one\ntwo\nthree"\nb,never,hm\n'
    table, outcome = vendor.read("uninstalls", content)
    assert outcome.taken == 1
    assert [number for number, _ in table.refused] == [5]
    assert vendor.counts().comments[0].comment == "one\ntwo\nthree"


def test_limits_are_inclusive(vendor: Vendor) -> None:
    """What is exactly as long as may be, now, or 1970 itself is taken."""
    rows = (
        "installation_id,at,version,comment,score,launches\n"
        f"{'x' * 200},2026-11-20T12:00:00Z,{'v' * 64},{'c' * 4000},10,0\n"
        "y,1970-01-01T00:00:00Z,,,0,999999999\n"
    )
    table, outcome = vendor.read("uninstalls", rows)
    assert table.refused == []
    assert outcome.taken == 2


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no column installation_id"),
        ("\n\n", "has no column installation_id"),
        ("id,at\nx,2026-11-01\n", "has no column installation_id"),
        ("installation_id;at\nx;2026-11-01\n", "parted by commas"),
        ("installation_id\nx\n", "has no column at (or installed_at)"),
        ("installation_id,at,at\nx,2026-11-01,2026-11-02\n", "names a column twice"),
        ("installation_id, at ,at\nx,2026-11-01,2026-11-02\n", "names a column twice"),
        ("installation_id,at\nж,2026-11-01\n".encode("cp1251"), "is not UTF-8"),
        ("installation_id,at\nx,2026-11-01\n".encode("utf-16"), "is not UTF-8"),
        (bytes(range(256)) * 4, "is not UTF-8"),
        ('installation_id,at\n"x,2026-11-01\n', "is no CSV file"),
        ('installation_id,at\n"x"y,2026-11-01\n', "is no CSV file"),
    ],
)
def test_a_file_that_cannot_be_read(vendor: Vendor, content: str | bytes, sentence: str) -> None:
    """One clear line, and nothing of the file is stored."""
    with pytest.raises(TableError) as failed:
        vendor.read("launches", content)
    assert sentence in str(failed.value)
    assert "\n" not in str(failed.value)
    assert vendor.counts().stays.groups == ()


def test_a_header_alone_is_no_error(vendor: Vendor) -> None:
    """A month in which nobody uninstalled is an empty table."""
    _, outcome = vendor.read("uninstalls", "installation_id,at\n")
    assert outcome == Outcome(taken=0, merged=0, installations=0)


@pytest.mark.parametrize("content", ["\ufeff" + LAUNCHES, LAUNCHES.replace("\n", "\r\n")])
def test_what_spreadsheets_write_is_read(vendor: Vendor, content: str) -> None:
    """A byte order mark and the line ends of Windows are no part of the data."""
    table, outcome = vendor.read("launches", content)
    assert (table.refused, outcome.taken) == ([], 4)


def test_columns_in_any_order_and_spaces_around_names(vendor: Vendor) -> None:
    """A column is found by its name."""
    _, outcome = vendor.read("launches", "at , version,installation_id\n2026-09-01,1.0,a\n")
    assert outcome.taken == 1


def test_unknown_columns_of_launches_are_named(vendor: Vendor) -> None:
    """What is not read is said, so that a misspelt column does not vanish silently."""
    table, _ = vendor.read("launches", "installation_id,at,Version,revenue\na,2026-09-01,1.0,9\n")
    assert table.unused == ("Version", "revenue")


def test_unknown_columns_of_installations_become_attributes(vendor: Vendor, look: Any) -> None:
    """Further columns are the vendor's own attributes; empty ones are left out."""
    table, _ = vendor.read("installations", INSTALLATIONS)
    assert table.unused == ()
    kept = [
        json.loads(row["attributes"] or "{}")
        for row in look("SELECT attributes FROM installations")
    ]
    assert sorted(kept, key=len) == [{}, {"plan": "pro", "seats": "5"}]


@pytest.mark.parametrize(
    "header", [",".join(f"c{n}" for n in range(21)), "x" * 65, ""], ids=["many", "long", "nameless"]
)
def test_too_many_attributes(vendor: Vendor, header: str) -> None:
    """More columns than attributes are allowed: one line, before anything is stored."""
    with pytest.raises(TableError, match="cannot become attributes"):
        vendor.read("installations", f"installation_id,at,{header}\n")


def test_any_text_is_an_installation_id(vendor: Vendor, look: Any) -> None:
    """A vendor's own ids, in any script, are one installation in every file; a UUID is itself."""
    uuid = "0000002a-0000-4000-8000-000000000000"
    vendor.read("launches", f"installation_id,at\n№ 7,2026-09-01\n{uuid},2026-09-01\n")
    vendor.read("uninstalls", "installation_id,at\n№ 7,2026-09-02\n")
    kept = {UUID(row["uuid"]) for row in look("SELECT uuid FROM installations")}
    assert kept == {stable_uuid("№ 7"), UUID(uuid)}


def test_stable_ids_stay_stable() -> None:
    """The ids in every store hang on this value: it must never change."""
    assert stable_uuid("00001") == UUID("460eb176-3e4f-5ad1-a1a5-b59efad46252")


def test_instants_with_and_without_an_offset(vendor: Vendor) -> None:
    """An offset is honoured; without one it is UTC; a day is its beginning."""
    rows = (
        "installation_id,at\n"
        "a,2026-09-01T02:00:00+02:00\nb,2026-09-01\nc,2026-09-01T00:00\nd,2026-09-01T00:00:00z\n"
    )
    vendor.read("uninstalls", rows)
    assert {line.at for line in vendor.counts().lines} == {
        datetime(2026, 9, 1, tzinfo=timezone.utc)
    }


def test_a_customers_next_copy_links_in_imports_too(vendor: Vendor) -> None:
    """Uninstalled and installed anew within the hour is an upgrade, whoever tells of it."""
    vendor.read(
        "installations",
        "installation_id,installed_at,customer,os\n"
        "a,2026-09-01,acme,linux\nb,2026-09-10T00:30Z,acme,linux\n",
    )
    vendor.read("uninstalls", "installation_id,at\na,2026-09-10\n")
    assert vendor.counts().departures == ()
    assert vendor.counts().reclassified.upgrades == 1
