"""`exitpoll comments` and `exitpoll themes` as a vendor types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.server.messages import NOW, after, arrival, leaving, shown_exit
from tests.server.terminal import Terminal

from exitpoll_agent import wire
from exitpoll_server.store import Said, Store

LEFT = [
    ("I need SVG export.", "en-GB", "missing-feature"),
    ("Exporting to SVG is missing", "en-US", "missing-feature"),
    ("Es fehlt mir der SVG-Export", "de-DE", "other"),
    ("Leider kein Export nach SVG", "de-AT", "other"),
    ("Much too slow\x1b[2J at startup", "en", "too-slow"),
    ("no", "en", "other"),
]


@pytest.fixture
def written(sample: Terminal, tmp_path: Path) -> Terminal:
    """Return a terminal with a product that six people left with words, one with an address."""
    store = Store(f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}")
    product = store.product_by_name("Sample")
    assert product is not None
    for number, (comment, locale, reason) in enumerate(LEFT, 1):
        who: dict[str, Any] = {"installation_id": UUID(int=number), "counter": UUID(int=number)}
        at = after(days=-number)
        how = {
            "uninstall_id": UUID(int=number),
            "at": at,
            "asked": "installer",
            "answers": wire.Answers(reason=reason, comment=comment),
        }
        event = leaving(sent_at=at, uninstall=how, locale=locale, version=f"{number}.0", **who)
        store.merge(product, [arrival(event, at)])
    uninstall = store.uninstall_number(product, UUID(int=1))
    assert uninstall is not None
    showing = shown_exit(store, uninstall, NOW)
    said = Said(email="ada@example.com")
    store.answer(uninstall=uninstall, showing=showing, said=said, now=NOW)
    store.close()
    return sample


OF_SAMPLE = ("--product", "Sample")


def comments(terminal: Terminal, *arguments: str) -> list[str]:
    told = terminal.succeed("comments", *OF_SAMPLE, "--format", "json", *arguments)
    return [row["comment"] for row in json.loads(told)]


def themes(terminal: Terminal, command: str, *arguments: str) -> str:
    return terminal.succeed("themes", command, *arguments, *OF_SAMPLE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [0, 1, 2, 3, 4, 5]),
        (("--reason", "missing-feature"), [0, 1]),
        (("--version", "3.0"), [2]),
        (("--language", "DE"), [2, 3]),
        (("--substantive",), [0, 1, 2, 3, 4]),
        (("--search", "svg exports", "--language", "en"), [0, 1]),
        (("--wants-answer",), [0]),
        (("--tenure-from", "1"), []),
        (("--health", "good"), []),
    ],
)
def test_each_option_narrows_the_list_down(
    written: Terminal, arguments: tuple[str, ...], expected: list[int]
) -> None:
    """The latest comments come first, and only those that were asked for."""
    assert comments(written, *arguments) == [LEFT[n][0] for n in expected]


def test_the_list_is_safe_to_read_in_a_terminal(written: Terminal) -> None:
    """What a terminal would obey is taken out; each comment says who, when and why."""
    told = written.succeed("comments", *OF_SAMPLE)
    assert "\x1b" not in told
    assert "2026-11-19 · after – · 1.0" in told
    assert "wants an answer\n    I need SVG export.\n" in told
    assert told.endswith("6 of 6 comments\n")


def test_themes_group_themselves(written: Terminal) -> None:
    """They say how many, of which language, why they left and who asked to be told."""
    told = themes(written, "list")
    assert "export SVG · 2 comments · en\n" in told
    assert "Export SVG · 2 comments · de\n" in told
    assert "1 asked to be told" in told
    assert "“Exporting to SVG is missing”" in told
    assert told.endswith("2 of 6 comments are in no theme\n")


def test_one_wish_is_one_theme_with_one_decision(written: Terminal) -> None:
    """Kept, merged over languages, named and decided on, it is one line, which lists read."""
    assert "Theme 1, svg exports: 2 comments in " in themes(
        written, "keep", "svg", "exports", "--language", "en"
    )
    assert "in de" in themes(written, "keep", "SVG", "Export", "--language", "de")
    assert "gathers for 2 too: 4 comments" in themes(written, "merge", "2", "1")
    themes(written, "name", "1", "SVG export")
    themes(written, "decide", "2", "planned", "--note", "in 3.0")
    told = themes(written, "list")
    assert "1 SVG export · 4 comments · de, en\n    planned on " in told
    assert ": in 3.0\n    with 2 SVG Export\n" in told
    assert sorted(comments(written, "--theme", "2")) == sorted(LEFT[n][0] for n in range(4))
    assert "stands by itself again" in themes(written, "release", "2")
    assert comments(written, "--theme", "2") == [LEFT[2][0], LEFT[3][0]]
    assert "is kept no more" in themes(written, "release", "1")
    assert "no decision" in themes(written, "decide", "2", "none")
    assert len(comments(written)) == len(LEFT)


def test_words_are_of_the_language_that_has_them(written: Terminal) -> None:
    """Whoever keeps a theme need not say in which language it is."""
    assert "1 comment in de" in themes(written, "keep", "fehlt", "SVG")
    assert "1 comment in en" in themes(written, "keep", "slow")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("themes", "keep", "the", "app"), "no comment has these words"),
        (("themes", "keep", "the", "app", "--language", "en"), "1 to 5 words"),
        (("themes", "keep", "quantum"), "no comment has these words"),
        (("themes", "keep", "slow", "--name", "a\x07b"), "a name has 1 to 80 printable"),
        (("themes", "name", "9", "x"), "no theme has the number 9"),
        (("themes", "merge", "9", "8"), "no theme has the number"),
        (("themes", "decide", "9", "done"), "no theme has the number 9"),
        (("themes", "release", "9"), "no theme has the number 9"),
        (("comments", "--theme", "9"), "no theme has the number 9"),
        (("comments", "--tenure-from", "7", "--tenure-to", "7"), "must be less than"),
    ],
)
def test_nonsense_is_one_line(written: Terminal, arguments: tuple[str, ...], said: str) -> None:
    """A mistake says what it is, and changes nothing."""
    assert said in written.fail(*arguments, *OF_SAMPLE)
    assert "kept" not in themes(written, "list")


def test_the_same_words_are_kept_once(written: Terminal) -> None:
    """In another form and order they are the same."""
    themes(written, "keep", "slow", "startup")
    assert "is kept already" in written.fail("themes", "keep", "startup", "slow", *OF_SAMPLE)
    themes(written, "keep", "svg", "--language", "en")
    assert "are one already" in written.fail("themes", "merge", "2", "2", *OF_SAMPLE)


def test_what_cannot_be_known_is_said_so(sample: Terminal) -> None:
    """Without any comment, lists say that there are none."""
    assert sample.succeed("comments", *OF_SAMPLE) == "0 of 0 comments\n"
    assert themes(sample, "list") == "0 of 0 comments are in no theme\n"
