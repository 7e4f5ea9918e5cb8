"""The documentation is true: what it tells people to run is run here, as it stands there."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from tests.agent.loopback import Loopback, running
from tests.server.test_images import png

from exitpoll_agent import (
    api,
    checkup,
    config,
    counter,
    exchange,
    launching,
    lock,
    note,
    rows,
    upload,
    wire,
)
from exitpoll_agent.commands import uninstall
from exitpoll_agent.order import BUILD_SERVERS
from exitpoll_server import definitions, images
from exitpoll_server.cli.comments import comments
from exitpoll_server.cli.kit import kit
from exitpoll_server.cli.product import product
from exitpoll_server.cli.survey import survey
from exitpoll_server.cli.themes import themes
from exitpoll_server.kits.kinds import ASKING, CONSENTS, KINDS, SCOPES
from exitpoll_server.report.definitions import DEFINITIONS

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def blocks(page: str, name: str, language: str = "sh") -> str:
    """Return the blocks of a page that are marked with this name, joined."""
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(rf"<!-- run: {name} -->\n```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"{page} has no block {name}"
    return "\n".join(found)


def run(
    script: str, folder: Path, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    disturbing = ("EXITPOLL_", "DO_NOT", "SUDO_", "PKEXEC_", *BUILD_SERVERS)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(disturbing)}
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{clean['PATH']}"
    return subprocess.run(
        ["sh", "-e", "-c", script],
        input=typed,
        cwd=folder,
        env={
            **clean,
            "HOME": str(folder),
            "PATH": path,
            "EXITPOLL_CONTAINERS": "count",  # the tests may run in one
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def program(folder: Path, name: str, script: str) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    file = folder / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    file.chmod(0o755)


def test_getting_started_leads_to_a_first_comment(tmp_path: Path) -> None:
    """Whoever types what docs/getting-started.md says has a comment in a report."""
    port = free_port()
    script = blocks("docs/getting-started.md", "start").replace("8000", str(port))
    ended = "trap 'kill $!' EXIT\n"
    script = script.replace("until grep", ended + "until grep")
    done = run(script, tmp_path, EXITPOLL_PUBLIC_URL=f"http://127.0.0.1:{port}")
    assert done.returncode == 0, done.stderr
    assert "1 person uninstalled; 1 saw the question, 1 answered, 1 wrote" in done.stdout
    assert "I need SVG export. With it I would have stayed." in done.stdout
    assert "SVG export" in (tmp_path / "report.html").read_text("utf-8")


def test_a_first_kit(tmp_path: Path) -> None:
    """A kit without an agent needs nothing but a product; every option stands on the page."""
    done = run(
        blocks("docs/kits.md", "kit"), tmp_path, EXITPOLL_DATABASE_URL="sqlite:///kit.sqlite3"
    )
    assert done.returncode == 0, done.stderr
    assert "inkwell-link/README.md" in done.stdout
    page = (ROOT / "docs" / "kits.md").read_text("utf-8")
    said = {f"`{name}`" for name in (*KINDS, *CONSENTS, *ASKING, *SCOPES)}
    options = {f"`{one.opts[0]}`" for one in kit.params if isinstance(one, click.Option)}
    assert not {one for one in said | options - {"`--product`"} if one not in page}


def test_a_vendor_asks_what_docs_surveys_says(tmp_path: Path) -> None:
    """Its commands run in their order on its own example; every command of `survey` is there."""
    (tmp_path / "exit.yaml").write_text(blocks("docs/surveys.md", "definition", "yaml"), "utf-8")
    (tmp_path / "logo.png").write_bytes(png(300, 80))
    database = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    script = "exitpoll product create Inkwell\n" + blocks("docs/surveys.md", "surveys")
    done = run(script, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert (done.returncode, done.stderr) == (0, "")
    saved = re.findall(r"Saved: version (\d)", done.stdout)
    assert saved == ["2", "3", "4", "5"]
    assert "Not there in ru, fr, es, pt, zh, ja, ar: question, too-expensive (offer)" in done.stdout
    page = (ROOT / "docs" / "surveys.md").read_text("utf-8")
    for command in survey.commands:
        assert f"exitpoll survey {command} " in page.replace("\n", " "), command


LEFT_WITH_WORDS = """\
installation_id,at,version,locale,reason,comment
a,2026-10-01T08:00Z,1.0.0,en,other,I need SVG export.
b,2026-10-02T08:00Z,1.0.0,en,other,Exporting to SVG is missing
c,2026-10-03T08:00Z,1.0.0,de,other,Leider kein SVG-Export
d,2026-10-04T08:00Z,1.0.0,en,too-slow,It starts too slowly
"""


def test_a_vendor_decides_on_what_docs_comments_says(tmp_path: Path) -> None:
    """Its commands run in their order, and every command of `themes` is there."""
    database = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    (tmp_path / "left.csv").write_text(LEFT_WITH_WORDS, "utf-8")
    begun = ["exitpoll product create Inkwell"]
    begun += [
        f"exitpoll import {w} left.csv --product Inkwell" for w in ("uninstalls", "responses")
    ]
    script = "\n".join(begun) + "\n" + blocks("docs/comments.md", "comments")
    done = run(script, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert (done.returncode, done.stderr) == (0, "")
    assert "export SVG · 2 comments · en" in done.stdout
    assert "Theme 1, SVG export, gathers for 2 too: 3 comments" in done.stdout
    assert "planned" in done.stdout
    page = (ROOT / "docs" / "comments.md").read_text("utf-8")
    for command in themes.commands:
        assert f"exitpoll themes {command} " in page, command
    for option in (one for one in comments.params if one.name not in ("product", "format_")):
        assert f"`{option.opts[0]}`" in page, option.opts


def test_the_figures_come_as_tables(tmp_path: Path) -> None:
    """The commands of docs/exporting.md write a row a figure, to both places."""
    database = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    script = "exitpoll product create Inkwell\n" + blocks("docs/exporting.md", "report")
    done = run(script, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    figures = (tmp_path / "figures.csv").read_text("utf-8-sig")
    assert "\nuninstalls,steps: Uninstalled: of uninstalls,0" in figures
    assert (tmp_path / "figures.xlsx").read_bytes()[:2] == b"PK"


def test_a_product_is_set_as_docs_operating_says(tmp_path: Path) -> None:
    """Its commands run, the last one prints what holds, and every option is in the table."""
    database = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    script = "exitpoll product create Inkwell\n" + blocks("docs/operating.md", "product")
    done = run(script, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"  +(.+)", done.stdout)[-6:] == [
        "60 days",
        "30 days",
        "28 days",
        "8",
        "first-export",
        "730 days",
    ]
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    for option in (one for one in product.commands["set"].params if one.name != "name"):
        assert f"`{option.opts[0]} {option.metavar}`" in page, option.opts
    policy = blocks("docs/operating.md", "policy")
    done = run(policy, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert done.stdout.endswith("https://PRODUCT-KEY@feedback.example.org\n"), done.stderr
    for option in (one for one in product.commands["policy"].params if one.name != "name"):
        assert any(f"| `{said}" in page for said in (*option.opts, *option.secondary_opts))


LOST = """\
installation_id,at,version,reason,comment
a,2026-10-01T08:00Z,1.0.0,too-slow,It starts too slowly
b,2026-10-02T08:00Z,1.1.0,,
"""


def test_who_left_comes_as_tables(tmp_path: Path) -> None:
    """The commands of docs/exporting.md write a row for each who was lost, to all three places."""
    database = f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}"
    (tmp_path / "left.csv").write_text(LOST, "utf-8")
    program(tmp_path, "your-program", "cat")
    begun = ["exitpoll product create Inkwell"]
    begun += [
        f"exitpoll import {w} left.csv --product Inkwell" for w in ("uninstalls", "responses")
    ]
    script = "\n".join(begun) + "\n" + blocks("docs/exporting.md", "churn")
    done = run(script, tmp_path, EXITPOLL_DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(line["version"], line["reason"]) for line in lines] == [
        ("1.0.0", "too-slow"),
        ("1.1.0", None),
    ]
    assert (tmp_path / "churn.xlsx").read_bytes()[:2] == b"PK"
    comments = (tmp_path / "comments.csv").read_text("utf-8-sig").splitlines()
    assert [line.count("It starts too slowly") for line in comments] == [0, 1]


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("`question` | {} characters", definitions.MAX_QUESTION_CHARS),
        ("stands on the button, {} characters", definitions.MAX_LABEL_CHARS),
        ("asked next; {} characters", definitions.MAX_QUESTION_CHARS),
        ("`text`, {} characters", definitions.MAX_OFFER_CHARS),
        ("`reasons` | 2 to {}", definitions.MAX_REASONS),
        ("0 to {}, that sees no offer", definitions.MOST_HELD_OUT),
        ("at most {} × ", images.MAX_WIDTH),
        (" × {} pixels", images.MAX_HEIGHT),
        ("and {} KB", images.MAX_BYTES // 1024),
    ],
)
def test_the_limits_of_a_survey_are_as_they_are(said: str, limit: float) -> None:
    """A number in docs/surveys.md is the program's own."""
    assert said.format(limit) in (ROOT / "docs" / "surveys.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("action", "answer", "opens"),
    [("remove", "y", True), ("remove", "n", False), ("upgrade", "y", False)],
)
def test_the_prerm_of_a_deb_opens_the_page_only_for_who_said_yes(
    tmp_path: Path, action: str, answer: str, *, opens: bool
) -> None:
    """On a real removal, after a yes, the person's own browser gets the address."""
    program(tmp_path, "runuser", 'echo "$2" > user; shift 3; exec "$@"')
    program(tmp_path, "xdg-open", 'echo "$1" > opened')
    script = blocks("docs/integrating.md", "prerm").replace("/var/lib/inkwell/id", "id")
    (tmp_path / "id").write_text("3f2c", "ascii")
    done = run(
        f"set -- {action}\n{script}",
        tmp_path,
        typed=f"{answer}\n",
        SUDO_USER="hana",
        DISPLAY=":0",
        LANG="ja_JP.UTF-8",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "opened").exists() is opens
    if opens:
        query = parse_qs(urlsplit((tmp_path / "opened").read_text("ascii").strip()).query)
        assert query == {"id": ["3f2c"], "v": ["1.0.0"], "lang": ["ja_JP"]}
        assert (tmp_path / "user").read_text("ascii").strip() == "hana"


def configured(folder: Path) -> dict[str, str]:
    """Return the environment of a copy whose folders are all below one, without settings."""
    return {
        "EXITPOLL_STATE_DIR": str(folder / "state"),
        "EXITPOLL_MACHINE_DIR": str(folder / "machine"),
        "TMPDIR": str(folder),
    }


def test_the_life_of_a_copy_is_heard_and_leaves_nothing(tmp_path: Path) -> None:
    """The commands of docs/integrating.md, in their order, end with the state deleted."""
    with running(Loopback()) as server:
        settings = {"EXITPOLL_ADDRESS": server.address, "EXITPOLL_VERSION": "1.0.0"}
        script = blocks("docs/integrating.md", "life")
        done = run(script, tmp_path, **configured(tmp_path), **settings)
        assert (done.returncode, done.stderr) == (0, "")
        paths = [received.path for received in server.received]
    assert paths == [wire.PINGS_PATH, wire.PINGS_PATH, wire.UNINSTALLS_PATH]
    assert list(tmp_path.iterdir()) == []


def test_the_python_of_a_product_runs_as_it_stands(tmp_path: Path) -> None:
    """Its example counts, notes, leaves and finishes, with no other change than the address."""
    example = blocks("docs/integrating.md", "python", "python")
    with running(Loopback()) as server:
        script = example.replace("https://PRODUCT-KEY@feedback.example.com", server.address)
        (tmp_path / "product.py").write_text(script, "utf-8")
        done = run("python product.py", tmp_path, **configured(tmp_path))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        # In any order: a launch sends behind the program's back.
        paths = {received.path for received in server.received}
    assert paths == {wire.PINGS_PATH, wire.UNINSTALLS_PATH}


def test_every_setting_is_documented() -> None:
    """docs/integrating.md has a row for whatever can be set, and each other variable by name."""
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    table = text.partition("| setting |")[2].partition("\n\n")[0]
    names = [re.findall(r"`([a-z_]+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
    assert {name for row in names for name in row} == set(config.IN_THE_FILE)
    variables = {
        "EXITPOLL_" + name
        for file in (ROOT / "agent").rglob("*.py")
        for name in re.findall(r'PREFIX \+ "([A-Z_]+)"', file.read_text("utf-8"))
    }
    assert {"EXITPOLL_STATE_DIR", "EXITPOLL_MACHINE_DIR"} <= variables
    for variable in variables:
        assert f"`{variable}`" in text, variable


@pytest.mark.parametrize(
    "said",
    [
        f"Up to {rows.MAX_DAY_ROWS:,} rows",
        f"confirmed row is kept for {counter.KEEP_CONFIRMED.days} days",
        f"up to {counter.BACKOFF_BASE.seconds // 60} minutes, doubled",
        f"up to {counter.LONGEST_BACKOFF.days} days; after a refusal",
        f"every {counter.ASK_AGAIN.days} days at a launch",
        f"{upload.FOR_A_LAUNCH.whole} seconds for a launch",
        f"{upload.FOR_SOMEBODY_WHO_WAITS.whole} where a person waits",
        f"for {lock.WAIT_SECONDS:.0f} seconds at most",
        f"a Python program for {api.HOST_WAITS_SECONDS:.0f} second:",
        f"what is left of its three, {upload.SILENCE_SECONDS} at most of a network",
        f"The program ends by itself after {uninstall.LINGERS_SECONDS:.0f} seconds",
        f"A message has {wire.MAX_ROWS} rows",
        f"and {wire.MAX_BODY_BYTES // 1024} KiB at most",
        f"over {exchange.GZIP_ABOVE_BYTES // 1024} KiB it is compressed",
        f"a launch sends {launching.MAX_PINGS} at most",
        f"{wire.MAX_LAUNCHES_A_ROW:,} launches at most",
        f"a copy has {wire.MAX_MILESTONES} milestones, with names of {wire.MAX_NAME_CHARS} char",
        f"first {wire.MAX_COMMENT_CHARS:,} characters",
        f"valid for {note.VALID.seconds // 60} minutes",
        f"at most {checkup.WHOLE_SECONDS:.0f} seconds",
    ],
)
def test_every_limit_is_said_as_it_is(said: str) -> None:
    """The numbers of docs/integrating.md are those of the code."""
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    assert said in " ".join(text.split())


def test_every_module_of_the_agent_is_in_the_list() -> None:
    """docs/architecture.md names each module of the agent, and none that is not there."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = text.partition("agent/exitpoll_agent/")[2].partition("server/exitpoll_server/")[0]
    there = {file.name for file in (ROOT / "agent" / "exitpoll_agent").glob("*.py")}
    assert set(re.findall(r"\w+\.py", listed)) == there


def test_every_target_that_is_named_exists() -> None:
    """`make X` in the documentation is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        code = " ".join(re.findall(r"```sh\n.*?```|`[^`\n]+`", page.read_text("utf-8"), re.DOTALL))
        assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets, page


def test_every_link_between_pages_leads_somewhere() -> None:
    """No page points to a file that is not there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page} points to {target}"


def test_every_definition_is_documented() -> None:
    """A figure's definition stands in docs/figures.md, and nothing there is made up."""
    text = (ROOT / "docs" / "figures.md").read_text("utf-8")
    sections = "|".join({name.partition(".")[0] for name in DEFINITIONS})
    assert set(re.findall(rf"`((?:{sections})\.[a-z0-9_]+)`", text)) == set(DEFINITIONS)


def test_every_command_of_the_agent_is_documented() -> None:
    """Whatever `exitpoll-agent --help` lists, docs/integrating.md says when to run it."""
    agent = [sys.executable, "-m", "exitpoll_agent", "--help"]
    told = subprocess.run(agent, capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^    ([a-z]+)  ", told, re.MULTILINE)
    assert len(commands) >= 6
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    for command in commands:
        assert f"`exitpoll-agent {command}" in text, command


def test_every_cause_and_every_build_server_is_documented() -> None:
    """What keeps a page from opening, or a launch from being counted, can be looked up."""
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    for name in (*get_args(wire.NotAsked), *BUILD_SERVERS):
        assert f"`{name}`" in text, name
