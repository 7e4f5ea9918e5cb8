"""Mail from the console: replies, and telling those who wished for something that it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from tests.server.console.test_inbox import FRIDAY, Clock, asks, at
from tests.server.console.visitors import Visitor, administrator, said
from tests.server.notify.receivers import Box, mail_server

from exitpoll_server import config, create_app
from exitpoll_server.counts.themes import ThemeWords
from exitpoll_server.notify import Jobs
from exitpoll_server.store import Product, Store

__all__ = ["at"]

SENDER = "Exitpoll <exitpoll@feedback.example.com>"
WORDS = [ThemeWords(language="en", stems=("svg",))]


@pytest.fixture
def box() -> Iterator[Box]:
    with mail_server() as running:
        yield running


@pytest.fixture
def settings(box: Box) -> config.Config:
    server = {"EXITPOLL_SMTP_URL": f"smtp://127.0.0.1:{box.port}", "EXITPOLL_MAIL_FROM": SENDER}
    return config.load(server)


@pytest.fixture
def app(store: Store, settings: config.Config) -> Flask:
    return create_app(store, settings)


def test_a_reply_is_sent_once(
    ada: Visitor, store: Store, product: Product, box: Box, at: Clock
) -> None:
    """To the address that was left, answers come back to whoever wrote it; two clicks send one."""
    del at
    path = f"/{product.id}/inbox/uninstall/{asks(store, product)}"
    ada.get(path)
    for _ in range(2):
        assert ada.post(path, subject="Hello", text="There it is.").status_code == 303
    [mail] = box.mails
    assert (mail["To"], mail["Subject"], mail["From"]) == ("user1@example.com", "Hello", SENDER)
    assert mail["Reply-To"] == "ada@example.com"
    assert mail.get_content().strip() == "There it is."
    page = ada.get(path)
    assert " sent " in said(page)
    assert "mailto:" not in page.text


def test_a_mail_that_is_refused_loses_nothing(
    ada: Visitor, store: Store, product: Product, box: Box, at: Clock
) -> None:
    """The page says why, the text stays in the form, and the letter still waits."""
    del at
    box.refuses = True
    path = f"/{product.id}/inbox/uninstall/{asks(store, product)}"
    answer = ada.post(path, subject="Hello", text="There it is.")
    assert answer.status_code == 422
    assert "The mail was not sent: 127.0.0.1 said: 451" in said(answer)
    assert "There it is." in answer.text
    [letter] = store.letters.all(product)
    assert letter.replies == ()


def test_everybody_who_wished_for_it_is_told_once(
    ada: Visitor, store: Store, product: Product, box: Box, at: Clock
) -> None:
    """Each gets a mail of their own; who comes later is told by the next click, nobody twice."""
    theme = store.keep_theme(product, name="SVG", words=WORDS)
    for who in (1, 2):
        asks(store, product, who)
    asks(store, product, 3, comment="It is too slow.")
    at(FRIDAY + timedelta(hours=1))
    assert "Tell those who asked" in ada.read(f"/{product.id}/themes")
    path = f"/{product.id}/themes/{theme.id}/tell"
    assert "2 people asked to be told" in ada.read(path)
    ada.post(path, subject="SVG", text="It is there.")
    assert sorted(mail["To"] for mail in box.mails) == ["user1@example.com", "user2@example.com"]
    assert "2 were told." in ada.read(path)
    asks(store, product, 4)
    at(FRIDAY + timedelta(hours=2))
    ada.get(path)
    ada.post(path, subject="SVG", text="It is there.")
    assert [mail["To"] for mail in box.mails][2:] == ["user4@example.com"]


def test_telling_stops_where_mail_does(
    ada: Visitor, store: Store, product: Product, box: Box, at: Clock
) -> None:
    """Whoever could not be told still waits to be."""
    theme = store.keep_theme(product, name="SVG", words=WORDS)
    asks(store, product)
    at(FRIDAY + timedelta(hours=1))
    box.refuses = True
    answer = ada.post(f"/{product.id}/themes/{theme.id}/tell", subject="SVG", text="There.")
    assert (answer.status_code, "0 were told" in said(answer)) == (422, True)
    assert "1 person asked to be told" in ada.read(f"/{product.id}/themes/{theme.id}/tell")


def test_without_a_mail_server_nobody_sees_the_others(
    store: Store, product: Product, at: Clock
) -> None:
    """A link opens the text in one's own mail program, to twenty at a time, as hidden copies."""
    ada = administrator(create_app(store), store)
    theme = store.keep_theme(product, name="SVG", words=WORDS)
    for who in range(1, 23):
        asks(store, product, who)
    at(FRIDAY + timedelta(hours=1))
    ada.get(f"/{product.id}/themes/{theme.id}/tell")
    page = ada.post(f"/{product.id}/themes/{theme.id}/tell", subject="SVG", text="There.")
    links = [unquote(link) for link in re.findall(r'href="(mailto:[^"]*)"', page.text)]
    assert [link.count("@") for link in links] == [20, 2]
    assert all(link.startswith("mailto:?bcc=user") for link in links)


def test_a_reminder_comes_on_the_day(
    ada: Visitor, store: Store, product: Product, box: Box, settings: config.Config, at: Clock
) -> None:
    """Whoever wants it has a mail once when letters that were put off are due again."""
    path = f"/{product.id}/inbox/uninstall/{asks(store, product)}"
    ada.get(f"/{product.id}/notifications")
    ada.post(f"/{product.id}/notifications", kind="reminder")
    ada.post(f"{path}/put-off", until="2026-11-27")
    jobs = Jobs(store, replace(settings, public_url="https://feedback.example.com"))
    for days, mails in ((6, 0), (6.6, 1), (7.1, 1)):
        at(FRIDAY + timedelta(days=days))
        for job in jobs.all:
            if job.name in ("reminders", "mail"):
                jobs.do(job)
        assert len(box.mails) == mails
    [mail] = box.mails
    assert mail["To"] == "ada@example.com"
    assert f"https://feedback.example.com/console/{product.id}/inbox" in mail.get_content()


def test_what_is_overdue_is_counted(store: Store, product: Product, at: Clock) -> None:
    """The week's mail says how many wait longer than a working day, and not those put off."""
    for who in (1, 2, 3):
        asks(store, product, who)
    monday = FRIDAY + timedelta(days=3)
    at(monday)
    assert store.letters.overdue(product, monday) == 0
    later = monday + timedelta(minutes=1)
    assert store.letters.overdue(product, later) == 3
    store.letters.put_off(store.letters.all(product)[0], monday + timedelta(days=2))
    assert store.letters.overdue(product, later) == 2


def test_time_is_up_by_itself(store: Store, product: Product, settings: config.Config) -> None:
    """A server that runs lets go of what a product no longer keeps."""
    store.change_product(replace(product, retention_days=30))
    asks(store, product, when=FRIDAY - timedelta(days=4_000))
    jobs = Jobs(store, settings)
    [job] = [one for one in jobs.all if one.name == "retention"]
    assert len(store.letters.all(product)) == 1
    jobs.do(job)
    assert store.letters.all(product) == []
