"""docs/privacy.md is true: a row for each field that is sent or written, and none made up.

What is sent is what a server on loopback received from real agents; what is written is what they
left in their folders. A failure says which row to change, and how.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from tests.agent.loopback import Answer, Loopback, Received, running
from tests.agent.profile import Profile

from exitpoll_agent import wire

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"

SETTINGS = """
channel = "stable"
edition = "trial"
source = "download.example"
scope = "user"
origin = "new"
installed_at = "2026-10-01T17:00:00Z"
installed_version = "0.9"
customer = "9b74c9897bac770f"
attributes = { plan = "pro" }
"""
"""Everything that a vendor can say, so that no field stays empty for want of a setting."""

LEFT = ("uninstall", "--context", "remove")
ANSWERED = ("--reason", "too-expensive", "--comment-file", "comment", "--score", "3")
LEAVING = ((*LEFT, "--unattended"), ("launch",), (*LEFT, *ANSWERED))
"""Twice, since nobody can be asked and not asked; the launch between them takes the first back."""

COMMENT = "SVGに書き出せないのでやめます。" * 200
"""About as long as the wire carries, three bytes a letter, so that the event is compressed."""

SAYS_NOTHING: tuple[object, ...] = (None, [], {}, "unknown")

ENVELOPE_UNDER = ("exit", "full", "withdrawal")
"""The words of "sent under", for all that has the envelope of a ping."""


# -- the page ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of the page: its columns, and its rows by each name of their first cell."""

    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    @property
    def blank(self) -> str:
        """How a row begins and goes on."""
        return " | ".join(("| `{}`", *self.columns[1:])) + " |"

    def differences(self, wanted: Iterable[str]) -> list[str]:
        """Return what to change so that its names are those wanted."""
        wanted = list(wanted)
        before = dict(zip(wanted, ["its header", *(f"`{name}`" for name in wanted)], strict=False))
        missing = [name for name in wanted if name not in self.rows]
        return [
            *(f"add {self.blank.format(name)} below {before[name]}" for name in missing),
            *(f"take out `{name}`: there is none" for name in self.rows if name not in wanted),
        ]


def table(title: str) -> Table:
    """Return the table below `<!-- table: TITLE -->`."""
    marked = re.search(
        rf"<!-- table: {re.escape(title)} -->\n(.*?)\n(?:\n|$)", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert marked, f"docs/privacy.md has no table marked <!-- table: {title} -->"
    columns, _, *rows = (
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in marked[1].splitlines()
    )
    by_name = [(name, row) for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert len(dict(by_name)) == len(by_name), f"a name stands twice in the table {title}"
    return Table(title, columns, dict(by_name))


def assert_names(title: str, wanted: Sequence[str]) -> None:
    """Fail with what to change where a table's names are not these."""
    differences = table(title).differences(wanted)
    assert not differences, f"docs/privacy.md, table {title}: " + "; ".join(differences)


# -- what really happens -------------------------------------------------------------------


@dataclass(frozen=True)
class Played:
    """What agents sent, by the word of "sent under", and what they wrote, by file."""

    sent: Mapping[str, Sequence[Received]]
    written: Mapping[str, Any]
    """In the person's own folder."""
    elsewhere: Mapping[str, Any]
    """In the machine's folder, and in the temporary one."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Have agents do everything that sends or writes something, under each consent."""
    with running(Loopback()) as server:
        server.answer = Answer(body=asking(server))
        full = an_agent(tmp_path_factory.mktemp("full"), server, "full")
        exits = an_agent(tmp_path_factory.mktemp("exit"), server, "exit")
        shared = an_agent(tmp_path_factory.mktemp("shared"), server, "full")
        sent = {
            "full": received(server, full, ["milestone", "first-export"], ["launch"], *LEAVING),
            "exit": received(server, exits, ["launch"], *LEAVING),
        }
        written = files_of(full.state)
        sent["withdrawal"] = received(server, full, ["consent", "none"])
        written = {**written, **files_of(full.state)}
        sent["any"] = received(server, full, ["erase"])
        return Played(sent, written, written_elsewhere(server, shared))


def asking(server: Loopback) -> bytes:
    """Return a confirmation with a question to the person."""
    prompt = {"survey": "nps", "address": f"http://localhost:{server.server_port}/s/1"}
    return json.dumps({"exitpoll": 1, "ignored": [], "policy": {}, "prompt": prompt}).encode()


def written_elsewhere(server: Loopback, shared: Profile) -> Mapping[str, Any]:
    """Have an administrator install for everybody, and an updater take the last step."""
    shared.environment["EXITPOLL_SCOPE"] = "machine"
    received(server, shared, ["install"])
    written = files_of(shared.folder / "machine")
    received(server, shared, ["uninstall", "--finish", "--unattended"])
    (note,) = shared.folder.glob("exitpoll-*.json")
    return {**written, "exitpoll-….json": json.loads(note.read_bytes())}


def an_agent(folder: Path, server: Loopback, consent: str) -> Profile:
    (folder / "exitpoll.toml").write_text(SETTINGS, "utf-8")
    (folder / "comment").write_text(COMMENT, "utf-8")
    said = {"LANG": "ru_RU.UTF-8", "EXITPOLL_CONSENT": consent}
    config = {"EXITPOLL_CONFIG": str(folder / "exitpoll.toml")}
    return Profile(folder, server.address, {**said, **config})


def received(server: Loopback, profile: Profile, *commands: Sequence[str]) -> Sequence[Received]:
    """Run commands; return what the server received meanwhile."""
    before = len(server.received)
    for command in commands:
        done = profile.run(*command)
        assert done.returncode == 0, done.stderr
    return server.received[before:]


def files_of(folder: Path) -> Mapping[str, Any]:
    """Return what is in a folder of the agent's, by the files' names: `tally-7` is `tally-…`."""
    return {
        re.sub(r"-[0-9a-f]+$", "-…", path.name): json.loads(path.read_bytes())
        if path.suffix == ".json"
        else None
        for path in folder.iterdir()
    }


def names_of(message: type[Any], prefix: str = "") -> list[str]:
    """Return the dotted name of every field that a message has, in the wire's order."""
    names = []
    for name, hint in get_type_hints(message).items():
        inner = dataclass_in(hint)
        names += names_of(inner, f"{prefix}{name}.") if inner else [prefix + name]
    return names


def dataclass_in(hint: Any) -> type[Any] | None:
    """Return the message inside a message: `tuple[DayCount, ...]`, `Answers | None`."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    found = (dataclass_in(argument) for argument in get_args(hint))
    return next((inner for inner in found if inner is not None), None)


def names_in(value: Any, prefix: str = "") -> list[str]:
    """Return the dotted name of everything that a file holds; items of a list have one name."""
    if isinstance(value, dict):
        names = [name for key, item in value.items() for name in names_in(item, f"{prefix}.{key}")]
    elif isinstance(value, list) and value:
        names = [name for item in value for name in names_in(item, prefix)]
    else:
        names = [prefix.removeprefix(".")]
    return list(dict.fromkeys(names))


def says(message: Any, name: str) -> bool:
    """Whether a message says anything in the field of this name."""
    head, _, rest = name.partition(".")
    if isinstance(message, list):
        return any(says(item, name) for item in message)
    value = None if message is None else message.get(head)
    return says(value, rest) if rest else value not in SAYS_NOTHING


OF_A_PING = names_of(wire.Ping)
MESSAGES: Mapping[str, Sequence[str]] = {
    "Ping": OF_A_PING,
    "UninstallEvent": [name for name in names_of(wire.UninstallEvent) if name not in OF_A_PING],
    "Erasure": names_of(wire.Erasure),
}
"""What each table of a message lists: an uninstall event has a ping's envelope."""


# -- the promises --------------------------------------------------------------------------


@pytest.mark.parametrize("title", MESSAGES)
def test_every_field_of_the_wire_has_its_row(title: str) -> None:
    """Whatever a message can carry is in the page, in the wire's order, and nothing else."""
    assert_names(title, MESSAGES[title])
    assert list(table(title).rows) == list(MESSAGES[title])


@pytest.mark.parametrize("title", MESSAGES)
def test_each_row_says_under_which_consent_it_is_sent(played: Played, title: str) -> None:
    """What the page says is sent under a consent is what a server received under it."""
    listed = table(title)
    place = listed.columns.index("sent under")
    wrong = []
    for name, row in listed.rows.items():
        under = ("any",) if title == "Erasure" else ENVELOPE_UNDER
        really = [word for word in under if any(says(m.message, name) for m in played.sent[word])]
        if row[place] != ", ".join(really):
            wrong.append(f"`{name}` is sent under: {', '.join(really)}; not: {row[place]}")
    assert not wrong, f"docs/privacy.md, table {title}: " + "; ".join(wrong)


def test_no_message_carries_more_than_its_fields(played: Played) -> None:
    """Nothing was sent, under any consent, that is no field of the wire."""
    known = {field.name for kind in (wire.UninstallEvent, wire.Erasure) for field in fields(kind)}
    for word, messages in played.sent.items():
        assert messages, f"nothing was sent under {word}"
        assert {name for one in messages for name in one.message} <= known


def test_every_header_has_its_row(played: Played) -> None:
    """What HTTP says around the messages is in the page too."""
    all_received = [one for messages in played.sent.values() for one in messages]
    assert_names(
        "headers", list(dict.fromkeys(name for one in all_received for name in one.headers))
    )


def test_every_file_has_its_row(played: Played) -> None:
    """No file is left on the person's machine that the page does not name."""
    assert_names("files", sorted(played.written))


def test_every_file_elsewhere_has_its_row(played: Played) -> None:
    """Nor is one left in the machine's folder, or in the temporary one."""
    assert_names("elsewhere", sorted(played.elsewhere))


def test_what_is_written_elsewhere_has_its_row(played: Played) -> None:
    """The machine's id has the fields of a person's own, and the note those that it is said to."""
    assert_names("installation.json", names_in(played.elsewhere["installation.json"]))
    assert_names("note", names_in(played.elsewhere["exitpoll-….json"]))


@pytest.mark.parametrize("name", ["installation.json", "consent.json", "counter.json"])
def test_every_field_that_is_written_has_its_row(played: Played, name: str) -> None:
    """Whatever the agent writes on the person's machine is in the page, and nothing else."""
    assert_names(name, names_in(played.written[name]))


def test_a_vendor_replaces_three_words() -> None:
    """The text to paste has no placeholder that the page does not name."""
    pasted = PAGE.read_text("utf-8").partition("<!-- vendor text: begin -->")[2]
    words = re.findall(r"[A-Z_]{3,}", pasted.partition("<!-- vendor text: end -->")[0])
    assert set(words) - {"DO_NOT_TRACK"} == {"PRODUCT", "VENDOR", "CONTACT"}
