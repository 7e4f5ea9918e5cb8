"""A real log of 69,659 launches, imported and reported by the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CDNOW = Path(__file__).parents[3] / "shared/data/cdnow"
"""Beside the checkout: too large for the repository."""

pytestmark = pytest.mark.skipif(
    not CDNOW.is_dir(), reason=f"the purchase log is not beside the checkout ({CDNOW})"
)
TOLERANCE = 1e-6


def _exitpoll(database: Path, *arguments: str) -> str:
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()", *arguments]
    environment = {**os.environ, "EXITPOLL_DATABASE_URL": f"sqlite:///{database}"}
    ended = subprocess.run(
        program, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return ended.stdout


@pytest.fixture(scope="module")
def known() -> Any:
    return json.loads((CDNOW / "known-answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the database with the whole log in it, and what the import said."""
    database = tmp_path_factory.mktemp("cdnow") / "exitpoll.sqlite3"
    _exitpoll(database, "product", "create", "CDNOW")
    file = str(CDNOW / "launches.csv")
    return database, _exitpoll(database, "import", "launches", file, "--product", "CDNOW")


def test_every_row_is_taken(imported: tuple[Path, str], known: Any) -> None:
    """Launches of one second are no duplicates: rows, days of use and installations agree."""
    _, said = imported
    assert f"{known['launches']:,} rows taken" in said
    assert f"into {known['active_days']:,} days of use" in said
    assert f"of {known['installs']:,} installations" in said
    assert "; 0 rows refused" in said
    assert "Not read: revenue" in said


@pytest.mark.parametrize("days", [30, 60, 90, 180])
def test_who_stopped(imported: tuple[Path, str], known: Any, days: int) -> None:
    """Active, stopped, false alarms and their interval are those of the reference tools."""
    database, _ = imported
    options = ("--as-of", known["as_of"], "--stopped-after", str(days), "--format", "json")
    report = json.loads(_exitpoll(database, "report", "--product", "CDNOW", *options))
    iceberg, answer = report["iceberg"], known["silent"][str(days)]
    assert iceberg["seen"]["value"] == known["installs"]
    assert iceberg["active"]["numerator"] == answer["active_now"]
    assert iceberg["stopped"]["numerator"] == answer["silent_now"]
    assert iceberg["uninstalled"]["numerator"] == 0
    alarm, expected = iceberg["false_alarm"], answer["ever_silent_then_returned"]
    assert (alarm["numerator"], alarm["denominator"]) == (expected["k"], expected["n"])
    assert alarm["value"] == pytest.approx(expected["rate"], abs=TOLERANCE, rel=0)
    assert [alarm["low"], alarm["high"]] == pytest.approx(
        expected["wilson95"], abs=TOLERANCE, rel=0
    )
