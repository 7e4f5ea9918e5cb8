"""The inbox: nobody who asked to be answered is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import unquote
from uuid import UUID

import pytest
from flask import Flask
from tests.server.conftest import Look
from tests.server.console.visitors import Visitor, member, said
from tests.server.messages import NOW, after, arrival, leaving, ping, row, shown_exit

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.store import Product, Said, Store

Clock: TypeAlias = Callable[[datetime], None]

FRIDAY = NOW
"""2026-11-20, at noon."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return how to set the clock."""

    def turn(instant: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    turn(FRIDAY)
    return turn


def asks(
    store: Store,
    product: Product,
    who: int = 1,
    *,
    when: datetime = FRIDAY,
    comment: str = "Where is SVG export?",
    **facts: Any,
) -> int:
    """Let somebody leave with an address; return the uninstall's number."""
    same = {"installation_id": UUID(int=who), "counter": UUID(int=who + 100)}
    how = {"uninstall_id": UUID(int=who + 200), "at": when}
    event = leaving(2, sent_at=when, uninstall=how, version="2.0", locale="de-DE", **same, **facts)
    store.merge(product, [arrival(event, when)])
    number = store.uninstall_number(product, UUID(int=who))
    assert number is not None
    showing = shown_exit(store, number, when)
    told = Said(reason="missing-feature", comment=comment, email=f"user{who}@example.com")
    store.answer(uninstall=number, showing=showing, said=told, now=when)
    return number


def feeds_back(store: Store, product: Product, when: datetime) -> None:
    """Let somebody who goes on using the product leave an address."""
    survey = store.survey(product, "feedback")
    page = store.begin_feedback(
        product, survey, installation_id=UUID(int=9), version="1.0", locale=None, now=when
    )
    told = Said(comment="Please keep the old icons.", email="user9@example.com")
    store.give_feedback(page, told, when)


def letters(page: str) -> list[str]:
    return re.findall(r"/inbox/(\w+/\d+)\"", page)


def test_the_most_urgent_comes_first(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """Overdue letters lead, then by the time that is left; who left no address is not there."""
    late = asks(store, product, 1, when=FRIDAY - timedelta(days=2))
    soon = asks(store, product, 2, when=FRIDAY - timedelta(hours=20))
    feeds_back(store, product, FRIDAY - timedelta(hours=1))
    store.merge(product, [arrival(leaving(installation_id=UUID(int=7)))])
    at(FRIDAY)
    page = ada.get(f"/{product.id}/inbox").text
    assert letters(page) == [f"uninstall/{late}", f"uninstall/{soon}", "feedback/1"]
    text = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert "overdue for 24 hours" in text
    # Thursday's 16:00 is due on Friday at 16:00; Friday's 11:00 on Monday.
    assert "4 hours left" in text
    assert "2 days left" in text
    assert "To answer (3)" in text


def test_the_calendar_says_when(ada: Visitor, store: Store, product: Product, at: Clock) -> None:
    """Where somebody works on Saturdays, Friday's letters are due then."""
    asks(store, product, when=FRIDAY)
    at(FRIDAY + timedelta(hours=1))
    assert "2 days left" in ada.read(f"/{product.id}/inbox")
    ada.get(f"/{product.id}/calendar")
    answer = ada.post(
        f"/{product.id}/calendar",
        zone="Europe/Berlin",
        weekdays=["1", "6"],
        holidays="2026-12-25\n2026-12-26\n",
    )
    assert answer.status_code == 303
    assert "23 hours left" in ada.read(f"/{product.id}/inbox")
    assert len(store.letters.calendar(product).holidays) == 2
    assert "Europe/Berlin" in ada.read(f"/{product.id}/changes")


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("zone", "Mars/Olympus", "There is no such time zone."),
        ("weekdays", [], "Please choose at least one day of the week."),
        ("holidays", "Christmas", "Please write one day a line: 2026-12-25."),
        (
            "holidays",
            "\n".join(f"{year}-01-01" for year in range(2000, 2401)),
            "Please write at most 400 days.",
        ),
    ],
)
def test_a_calendar_that_makes_no_sense(
    ada: Visitor, store: Store, product: Product, field: str, typed: Any, fault: str
) -> None:
    """The page says why, keeps what was typed, and nothing is changed."""
    before = store.letters.calendar(product)
    known: dict[str, Any] = {"zone": "UTC", "weekdays": ["1"], "holidays": ""}
    answer = ada.post(f"/{product.id}/calendar", **{**known, field: typed})
    assert (answer.status_code, fault in said(answer)) == (422, True)
    assert store.letters.calendar(product) == before


def test_a_reply_begins_with_what_was_prepared(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """By the reason; where there is no text for it, with that for all others."""
    del at
    number = asks(store, product)
    ada.get(f"/{product.id}/prepared")
    ada.post(f"/{product.id}/prepared", reason="", text="Thank you.")
    assert "Thank you." in ada.read(f"/{product.id}/inbox/uninstall/{number}")
    ada.post(f"/{product.id}/prepared", reason="missing-feature", text="{product} will have it.")
    assert "Sample will have it." in ada.read(f"/{product.id}/inbox/uninstall/{number}")
    ada.post(f"/{product.id}/prepared", reason="missing-feature", text=" ")
    assert store.letters.prepared(product) == {"": "Thank you."}
    assert ada.post(f"/{product.id}/prepared", reason="made-up", text="x").status_code == 404


def test_without_a_mail_server_a_draft_is_prepared(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """The letter is answered, and one click opens the reply in the mail program; once."""
    del at
    number = asks(store, product)
    path = f"/{product.id}/inbox/uninstall/{number}"
    ada.get(path)
    typed = {"subject": "Your comment & ours", "text": "Dear user,\r\nit is there: <b>now</b>."}
    for _ in range(2):
        assert ada.post(path, **typed).status_code == 303
    page = ada.get(path).text
    (address,) = re.findall(r'href="(mailto:[^"]*)"', page)
    to, _, rest = unquote(address.replace("&amp;", "&")).partition("?")
    assert to == "mailto:user1@example.com"
    assert rest == "subject=Your comment & ours&body=Dear user,\r\nit is there: <b>now</b>."
    (letter,) = store.letters.all(product)
    assert [one.account for one in letter.replies] == ["Ada"]
    assert "Nobody waits for an answer." in ada.read(f"/{product.id}/inbox")
    assert letters(ada.get(f"/{product.id}/inbox?shelf=answered").text) == [f"uninstall/{number}"]


def test_an_empty_reply_is_none(ada: Visitor, store: Store, product: Product, at: Clock) -> None:
    """What is missing is said, and what was typed stays."""
    del at
    path = f"/{product.id}/inbox/uninstall/{asks(store, product)}"
    answer = ada.post(path, subject="Hello", text=" ")
    assert answer.status_code == 422
    assert 'value="Hello"' in answer.text
    answer = ada.post(path, subject="Hello", text="x" * 10_001)
    assert (answer.status_code, "at most 10000" in said(answer)) == (422, True)
    assert store.letters.all(product)[0].replies == ()


def test_whoever_writes_again_waits_again(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """An answered or closed letter is open again when something new was written."""
    number = asks(store, product)
    path = f"/{product.id}/inbox/uninstall/{number}"
    ada.post(path, subject="Hello", text="There it is.")
    ada.post(f"{path}/close")
    at(after(hours=2))
    assert letters(ada.get(f"/{product.id}/inbox").text) == []
    showing = shown_exit(store, number, after(hours=2))
    told = Said(comment="It is not.", email="user1@example.com")
    store.answer(uninstall=number, showing=showing, said=told, now=after(hours=2))
    at(after(hours=3))
    assert letters(ada.get(f"/{product.id}/inbox").text) == [f"uninstall/{number}"]
    assert "It is not." in ada.read(path)


def test_putting_off(ada: Visitor, store: Store, product: Product, at: Clock) -> None:
    """A letter goes to the end of the list until its day, and is urgent again then."""
    first, second = (asks(store, product, who) for who in (1, 2))
    path = f"/{product.id}/inbox/uninstall/{first}"
    ada.get(path)
    assert ada.post(f"{path}/put-off", until="2026-11-27").status_code == 303
    page = ada.get(f"/{product.id}/inbox").text
    assert letters(page) == [f"uninstall/{second}", f"uninstall/{first}"]
    assert "put off until 2026-11-27" in page
    assert "To answer (1)" in page
    ada.post(f"/{product.id}/inbox/uninstall/{second}/close")
    at(datetime.fromisoformat("2026-11-27T00:00:01+00:00"))
    page = ada.read(f"/{product.id}/inbox")
    assert "overdue" in page
    assert "To answer (1)" in page


@pytest.mark.parametrize("until", ["", "tomorrow", "2026-11-20", "2020-01-01", "2028-01-01"])
def test_only_a_day_to_come(
    ada: Visitor, store: Store, product: Product, at: Clock, until: str
) -> None:
    """A letter cannot be put off to the past or for ever."""
    del at
    path = f"/{product.id}/inbox/uninstall/{asks(store, product)}"
    ada.get(path)
    ada.post(f"{path}/put-off", until=until)
    assert "Please choose a day within a year from now." in ada.read(path)
    assert store.letters.all(product)[0].put_off_until is None


def test_closing_and_taking_up_again(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """What needs no answer is put away, and can be taken out again."""
    del at
    number = asks(store, product)
    path = f"/{product.id}/inbox/uninstall/{number}"
    ada.get(path)
    ada.post(f"{path}/close")
    assert letters(ada.get(f"/{product.id}/inbox?shelf=closed").text) == [f"uninstall/{number}"]
    ada.post(f"{path}/open")
    assert letters(ada.get(f"/{product.id}/inbox").text) == [f"uninstall/{number}"]


def test_the_card_is_the_installations_life(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """When it came, how it was used, what it reached, and what else the same customer has."""
    begun = FRIDAY - timedelta(days=30)
    days = tuple(row(f"{(begun + timedelta(days=n)).date()}", 2, "1.0") for n in range(8))
    same: dict[str, Any] = {"installation_id": UUID(int=1), "counter": UUID(int=101)}
    reached = {"first-export": (begun + timedelta(days=3)).date()}
    facts: dict[str, Any] = {"customer": "acme", "os": "windows-11"}
    first = ping(
        1, sent_at=begun, installed_at=begun, days=days, milestones=reached, **facts, **same
    )
    store.merge(product, [arrival(first, FRIDAY - timedelta(days=20))])
    for who in (5, 6):
        other = ping(1, installation_id=UUID(int=who), counter=UUID(int=who + 100), **facts)
        store.merge(product, [arrival(other)])
    number = asks(store, product, **facts)
    at(after(hours=1))
    page = ada.get(f"/{product.id}/inbox/uninstall/{number}")
    text = said(page)
    assert "Installed 2026-10-21" in text
    assert "Uninstalled 2026-11-20" in text
    assert "Versions 1.0 from 2026-10-21" in text
    assert "Milestones first-export 2026-10-24" in text
    assert "2 other installations, 0 of them uninstalled" in text
    assert "0 in the last 28 days" not in text
    assert re.findall(r"<title>(2026-\S+): (\d+)</title>", page.text) == [
        ("2026-10-19", "10"),
        ("2026-10-26", "6"),
    ]
    assert "acme" not in page.text


def test_analysts_see_no_address(app: Flask, store: Store, product: Product, at: Clock) -> None:
    """Who may not answer is not shown whom: in no list, row or file."""
    asks(store, product)
    at(after(hours=1))
    analyst = member(app, store, product, "analyst")
    for page in (
        "report",
        "comments",
        "themes",
        "rows",
        "rows.csv",
        "comments.jsonl",
        "report.json",
    ):
        assert b"user1@" not in analyst.get(f"/{product.id}/{page}").data
    assert analyst.get(f"/{product.id}/inbox").status_code == 403


def test_erasing_takes_the_letter_along(
    store: Store, product: Product, ada: Visitor, at: Clock, look: Look
) -> None:
    """Of an erased installation neither the letter nor the reply stays."""
    del at
    number = asks(store, product)
    feeds_back(store, product, FRIDAY)
    for one in (f"uninstall/{number}", "feedback/1"):
        ada.get(f"/{product.id}/inbox/{one}")
        ada.post(f"/{product.id}/inbox/{one}", subject="Hello", text="Telltale reply.")
    assert len(look("SELECT text FROM replies")) == 2
    for who in (1, 9):
        store.erase(product, UUID(int=who), after(hours=1))
    assert store.letters.all(product) == []
    assert look("SELECT id FROM replies") == look("SELECT id FROM letters") == []
    assert ada.get(f"/{product.id}/inbox/uninstall/{number}").status_code == 404


def test_letters_of_another_product(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """A letter's number leads nowhere below another product."""
    del at
    number = asks(store, product)
    other = store.create_product(name="Other", stopped_after_days=7, trial_days=None, now=NOW)
    assert ada.get(f"/{other.id}/inbox/uninstall/{number}").status_code == 404


def test_rehearsals_ask_for_no_answer(
    ada: Visitor, store: Store, product: Product, at: Clock
) -> None:
    """What a developer tried is nobody's letter."""
    del at
    answers = wire.Answers(reason="other", comment="A try.")
    store.merge(product, [arrival(leaving(test=True, uninstall={"answers": answers}))])
    number = store.uninstall_number(product, UUID(int=1), test=True)
    assert number is not None
    showing = shown_exit(store, number, NOW)
    store.answer(uninstall=number, showing=showing, said=Said(email="x@example.com"), now=NOW)
    assert letters(ada.get(f"/{product.id}/inbox").text) == []
