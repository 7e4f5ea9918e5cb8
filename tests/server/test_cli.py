"""The command line as a vendor types it: one line for every mistake, exit code 2."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.server.terminal import ENVIRONMENT, Terminal

from exitpoll_server import config

# -- products --------------------------------------------------------------------------------


def test_create_prints_the_address(terminal: Terminal) -> None:
    """One string is all that a developer configures; nothing else is printed."""
    out = terminal.succeed("product", "create", "Sample", "--trial", "30")
    assert out.startswith("http://k")
    assert out.endswith("@127.0.0.1:8000\n")
    assert terminal.succeed("product", "list") == f"Sample\t{out}"


def test_create_prints_the_public_address(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server is reached by another name, agents are given that name."""
    monkeypatch.setenv("EXITPOLL_PUBLIC_URL", "https://feedback.example.com/x/")
    out = terminal.succeed("product", "create", "Sample")
    assert out.startswith("https://k")
    assert out.endswith("@feedback.example.com/x\n")


def test_a_name_is_taken_once(sample: Terminal) -> None:
    """A second product of the same name would hide the first."""
    assert "already a product called 'Sample'" in sample.fail("product", "create", "Sample")
    assert "already a product called 'Sample'" in sample.fail("product", "create", " Sample ")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x1b[31m"])
def test_names_that_no_product_has(terminal: Terminal, name: str) -> None:
    """1 to 80 printable characters."""
    assert "printable characters" in terminal.fail("product", "create", name)


@pytest.mark.parametrize("option", [["--trial", "0"], ["--stopped-after", "0"], ["--trial", "x"]])
def test_settings_that_make_no_sense(terminal: Terminal, option: list[str]) -> None:
    """A trial lasts at least a day."""
    assert option[0] in terminal.fail("product", "create", "Sample", *option)


def test_settings_of_a_product_are_changed_one_by_one(sample: Terminal) -> None:
    """What is given changes, everything else stays, and what holds now is printed."""
    sample.succeed("product", "set", "--product", "Sample", "--trial", "30", "--window", "90")
    options = ("--stopped-after", "60", "--good-days", "12", "--milestone", "first-export")
    out = sample.succeed("product", "set", "--product", "Sample", *options)
    holds = ["60 days", "30 days", "90 days", "12", "first-export", "730 days"]
    assert [re.split("  +", line)[1] for line in out.splitlines()] == holds
    assert sample.succeed("product", "set", "--product", "Sample") == out
    taken_back = ("--trial", "0", "--milestone", "", "--retention", "0")
    out = sample.succeed("product", "set", "--product", "Sample", *taken_back)
    assert [re.split("  +", line)[1] for line in out.splitlines()] == [
        *holds[:1],
        "none",
        *holds[2:4],
        "none",
        "until erased",
    ]


def test_a_report_goes_by_the_settings_of_its_product(sample: Terminal) -> None:
    """The threshold and health of a report are those that were set last."""
    options = ("--stopped-after", "7", "--window", "14", "--good-days", "3", "--trial", "21")
    sample.succeed("product", "set", "--product", "Sample", *options)
    report = json.loads(sample.succeed("report", "--product", "Sample", "--format", "json"))
    assert (report["stopped_after_days"], report["trial_days"]) == (7, 21)
    assert (report["health"]["window_days"], report["health"]["good_days"]) == (14, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--window", "7"], "a window of 7 days has no 8 days of use"),
        (["--good-days", "29"], "a window of 28 days has no 29 days of use"),
        (["--milestone", "x" * 65], "a milestone's name has 1 to 64 printable characters"),
        (["--milestone", "a\nb"], "printable characters"),
        (["--window", "0"], "--window"),
        (["--trial", "-1"], "--trial"),
    ],
)
def test_settings_that_nobody_could_meet(sample: Terminal, options: list[str], said: str) -> None:
    """They are refused with a sentence, and nothing is changed."""
    before = sample.succeed("product", "set", "--product", "Sample")
    assert said in sample.fail("product", "set", "--product", "Sample", *options)
    assert sample.succeed("product", "set", "--product", "Sample") == before


# -- what is mistyped ------------------------------------------------------------------------


def test_no_command_prints_the_help(terminal: Terminal) -> None:
    """The commands are listed, and that is no error of the program."""
    out = terminal.succeed()
    assert "import" in out
    assert "report" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reprot"], "No such command 'reprot'"),
        (["report"], "Missing option '--product'"),
        (["report", "--product", "Sample", "--format", "pdf"], "'pdf' is not one of"),
        (["report", "--product", "Sample", "--from", "last week"], "'last week' is no instant"),
        (["report", "--product", "Sample", "--as-of", ""], "'' is no instant"),
        (["report", "--product", "Sample", "--to", "2026-02-30"], "'2026-02-30' is no instant"),
        (
            ["report", "--product", "Sample", "--to", "0001-01-01T00:00+10:00"],
            "is no instant such as 2026-11-20",
        ),
        (
            ["report", "--product", "Sample", "--from", "2026-02-01", "--to", "2026-02-01"],
            "--from must be before --to",
        ),
        (
            ["report", "--product", "Sample", "--from", "2026-02-02", "--to", "2026-02-01"],
            "--from must be before --to",
        ),
        (["report", "--product", "Sample", "--as-of", "9999-01-01"], "lies in the future"),
        (["report", "--product", "Sample", "--stopped-after", "0"], "--stopped-after"),
        (["report", "--product", "Sample", "--out", "."], "is a directory"),
        (["report", "--product", "Sample", "--out", "a-file/x.html"], "cannot write a-file"),
        (["import", "launchs", "a-file", "--product", "Sample"], "'launchs' is not one of"),
        (["import", "launches", "nowhere.csv", "--product", "Sample"], "does not exist"),
        (["import", "launches", "a-file", "--product", "Sample"], "no column installation_id"),
    ],
)
def test_a_mistake_gets_one_line(sample: Terminal, arguments: list[str], said: str) -> None:
    """What is wrong, in a sentence, and exit code 2: no traceback."""
    sample.write("a-file", "x\n")
    assert said in sample.fail(*arguments)


def test_an_unknown_product_lists_those_there_are(sample: Terminal) -> None:
    """A mistyped name is seen beside the right one; without any, how to create one."""
    sample.succeed("product", "create", "Other")
    said = sample.fail("report", "--product", "Smaple")
    assert "no product is called 'Smaple'; there are: Other, Sample" in said


def test_without_any_product(terminal: Terminal) -> None:
    """The first thing that a newcomer mistypes says what to do first."""
    terminal.write("x.csv", "installation_id,at\n")
    said = terminal.fail("import", "launches", "x.csv", "--product", "Sample")
    assert "exitpoll product create NAME" in said


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_settings_of_the_server_fail_loudly(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nonsense in the environment is named."""
    monkeypatch.setenv(name, "nonsense")
    assert f"exitpoll: {name}" in terminal.fail("product", "create", "Sample")


def test_serve_explains_every_setting(terminal: Terminal) -> None:
    """The help of `serve` names each setting with its default and a sentence."""
    help_ = " ".join(terminal.succeed("serve", "--help").split())
    for each in config.settings():
        assert f"{each.name} {each.sentence} [default: {each.default}]" in help_


# -- import and report -----------------------------------------------------------------------


def test_import_says_what_became_of_the_rows(sample: Terminal) -> None:
    """Taken, merged, refused with line and reason, and the columns that were not read."""
    name = sample.write("l.csv", "installation_id,at,mood\na,2026-01-01,x\na,2026-01-01,y\nb,,z\n")
    out = sample.succeed("import", "launches", name, "--product", "Sample")
    assert "2 rows taken, merged into 1 days of use of 1 installations; 1 rows refused." in out
    assert "Not read: mood" in out
    assert "line 4: has no instant" in out


def test_many_refused_rows_are_not_all_printed(sample: Terminal) -> None:
    """The first twenty show what is wrong; the rest is a number."""
    name = sample.write("l.csv", "installation_id,at\n" + "x,never\n" * 50)
    out = sample.succeed("import", "launches", name, "--product", "Sample")
    assert out.count("no ISO 8601 instant") == 20
    assert "and 30 more" in out


def test_report_to_a_file(sample: Terminal) -> None:
    """--out writes the file, in a folder that need not exist, and prints no report."""
    out = sample.succeed(
        "report", "--product", "Sample", "--format", "html", "--out", "new/report.html"
    )
    assert out == ""
    assert (sample.folder / "new/report.html").read_text("utf-8").startswith("<!doctype html>")


def test_reports_of_an_earlier_day_and_of_a_window(sample: Terminal) -> None:
    """--as-of, --from and --to reach the report; a day means its beginning."""
    name = sample.write("u.csv", "installation_id,at\na,2026-01-01\nb,2026-02-01\n")
    sample.succeed("import", "uninstalls", name, "--product", "Sample")
    report = ("report", "--product", "Sample")
    assert "2 people uninstalled" in sample.succeed(*report)
    assert "1 person uninstalled" in sample.succeed(*report, "--as-of", "2026-01-31T23:59Z")
    assert "1 person uninstalled" in sample.succeed(*report, "--from", "2026-02-01")
    assert "1 person uninstalled" in sample.succeed(*report, "--to", "2026-02-01T01:00+01:00")


def test_the_threshold_of_one_report(sample: Terminal) -> None:
    """--stopped-after overrides the product's own threshold for this report only."""
    day = datetime.now(timezone.utc) - timedelta(days=20)
    name = sample.write("l.csv", f"installation_id,at\na,{day:%Y-%m-%d}\n")
    sample.succeed("import", "launches", name, "--product", "Sample")
    assert "too early" in sample.succeed("report", "--product", "Sample")
    ten = sample.succeed("report", "--product", "Sample", "--stopped-after", "10")
    assert re.search(r"Not used for 10 days +1 ", ten)


# -- quarantine ------------------------------------------------------------------------------


def test_a_quarantine_from_beginning_to_end(sample: Terminal) -> None:
    """Set aside, seen in the report and in the list, and put back."""
    name = sample.write("u.csv", "installation_id,at\na,2026-01-01\nb,2026-02-01\n")
    sample.succeed("import", "uninstalls", name, "--product", "Sample")
    times = ("--from", "2026-01-31", "--to", "2026-02-02")
    about = ("quarantine", "add", "--product", "Sample", "--note", "garbage")
    assert sample.succeed(*about, *times) == "Quarantine 1: 1 installations set aside\n"
    report = sample.succeed("report", "--product", "Sample")
    assert "1 person uninstalled" in report
    assert "1 left out of everything: installations under quarantine." in report
    listed = "1\tSample\t2026-01-31T00:00:00Z to 2026-02-02T00:00:00Z\t1\t{}\tgarbage\n"
    assert sample.succeed("quarantine", "list") == listed.format("stands")
    lifted = sample.succeed("quarantine", "lift", "1")
    assert lifted == "Lifted quarantine 1: 1 installations put back\n"
    assert "2 people uninstalled" in sample.succeed("report", "--product", "Sample")
    assert "\tlifted 20" in sample.succeed("quarantine", "list")
    assert "no quarantine 1 stands" in sample.fail("quarantine", "lift", "1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "2026-02-01", "--to", "2026-02-01"], "--from must be before --to"),
        (["--from", "2026-02-01"], "name either --from and --to"),
        (["--from", "1", "--to", "2026-02-01"], "'1' is no instant"),
        (["--from", "2026-01-01", "--to", "2026-02-01", "--note", "a\nb"], "printable"),
        (["--from", "2026-01-01", "--to", "2026-02-01", "--note", "x" * 201], "200"),
    ],
)
def test_a_quarantine_that_makes_no_sense(sample: Terminal, options: list[str], said: str) -> None:
    """Nothing is set aside."""
    assert said in sample.fail("quarantine", "add", "--product", "Sample", *options)
    assert sample.succeed("quarantine", "list") == ""


def test_an_installation_and_a_version_are_set_aside(sample: Terminal) -> None:
    """Each by its name, with how many they are today, and the list says what each goes by."""
    uuid = "7f1d2c3b-4a59-4e68-8770-8695a4b3c2d1"
    about = ("quarantine", "add", "--product", "Sample")
    said = sample.succeed(*about, "--installation", uuid, "--note", "ours")
    assert said == "Quarantine 1: 0 installations set aside\n"
    sample.succeed(*about, "--version", "0-dev")
    assert sample.succeed("quarantine", "list") == (
        f"1\tSample\t{uuid}\t0\tstands\tours\n2\tSample\tversion 0-dev\t0\tstands\t\n"
    )
    assert "name either" in sample.fail(*about, "--version", "1", "--installation", uuid)
    assert "name either" in sample.fail(*about)


# -- the real program ------------------------------------------------------------------------


def _exitpoll(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()", *arguments]
    database = {"EXITPOLL_DATABASE_URL": f"sqlite:///{folder / 'exitpoll.sqlite3'}"}
    return subprocess.run(
        program,
        env={**os.environ, **database, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_program_itself(tmp_path: Path) -> None:
    """In a process of its own, on a terminal that knows no Russian: nothing is lost or raised."""
    product = "Пример"
    assert _exitpoll(tmp_path, "product", "create", product).returncode == 0
    said = _exitpoll(tmp_path, "report", "--product", product, PYTHONIOENCODING="ascii")
    assert (said.returncode, said.stderr) == (0, "")
    assert "uninstalls against comments" in said.stdout
    failed = _exitpoll(tmp_path, "report", "--product", "nobody's")
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1
    assert product in failed.stderr
