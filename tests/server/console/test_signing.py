"""Coming in: links that open once, passwords, sessions, and what keeps others out."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from tests.server.conftest import Look
from tests.server.console.visitors import PASSWORD, Visitor, administrator, member, said
from tests.server.databases import Database

from exitpoll_server import clock, config, create_app
from exitpoll_server.cli import cli
from exitpoll_server.console import passwords
from exitpoll_server.store import Invitation, Product, Store

SET_UP = Invitation(purpose="set-up")


def test_the_set_up_link_makes_the_first_account(app: Flask, store: Store) -> None:
    """Whoever has the link is asked three things, and is in; the link opens nothing twice."""
    link, visitor = store.people.invite(SET_UP, clock.now()), Visitor(app)
    assert "Welcome to Exitpoll" in visitor.read(f"/join/{link}")
    answer = visitor.join(link, name=" Ada ", email=" Ada@Example.com")
    assert answer.status_code == 303
    assert "Ada" in visitor.read("/account")
    (account,) = store.people.everybody()
    assert (account.email, account.name, account.administrator) == ("ada@example.com", "Ada", True)
    assert Visitor(app).get(f"/join/{link}").status_code == 410


def test_there_is_one_first_account(app: Flask, store: Store) -> None:
    """Of the set-up links that starts printed the last opens; once there is an account, none."""
    first, second, third = (store.people.invite(SET_UP, clock.now()) for _ in range(3))
    assert [Visitor(app).get(f"/join/{one}").status_code for one in (first, second)] == [410, 410]
    late = Visitor(app)
    late.get(f"/join/{third}")
    assert Visitor(app).join(third, email="ada@example.com").status_code == 303
    known = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}
    assert late.post(f"/join/{third}", **known).status_code == 410
    assert [one.email for one in store.people.everybody()] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("purpose", "hours"), [("set-up", 24), ("invitation", 168), ("password", 2)]
)
def test_links_grow_old(
    app: Flask,
    store: Store,
    ada: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    purpose: Any,
    hours: int,
) -> None:
    """A link that nobody used in time opens nothing, and says who gives another."""
    del ada
    now = clock.now()
    link = store.people.invite(Invitation(purpose=purpose, email="ada@example.com"), now)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=hours, seconds=-1))
    assert Visitor(app).get(f"/join/{link}").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=hours))
    answer = Visitor(app).get(f"/join/{link}")
    assert (answer.status_code, "make another" in said(answer)) == (410, True)


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("name", "", "This is needed."),
        ("name", "  ", "This is needed."),
        ("name", "a\x00b", "This holds characters that cannot be shown."),
        ("name", "x" * 81, "80"),
        ("email", "ada", "This does not look like an e-mail address."),
        ("password", "too short", "Please take at least 10 characters."),
        ("password", "x" * 201, "Please take at most 200 characters."),
    ],
)
def test_what_is_typed_wrongly(
    app: Flask, store: Store, field: str, typed: str, fault: str
) -> None:
    """Each field says what is wrong with it, what was typed stays, and the link still opens."""
    link, visitor = store.people.invite(SET_UP, clock.now()), Visitor(app)
    known = {"name": "Ada", "email": "ada@example.com"}
    answer = visitor.join(link, **{**known, field: typed})
    assert (answer.status_code, fault in said(answer)) == (422, True)
    assert all(f'value="{known[name]}"' in answer.text for name in known if name != field)
    assert not store.people.are_there()
    assert visitor.join(link, **known).status_code == 303


def test_what_is_kept_opens_nothing(store: Store, database: Database) -> None:
    """In the database are digests: of a link, and of a password by argon2."""
    link = store.people.invite(SET_UP, clock.now())
    password = passwords.hashed(PASSWORD)
    store.people.accept(link, email="a@example.com", name="A", password=password, now=clock.now())
    other = store.people.invite(Invitation(purpose="password", email="a@example.com"), clock.now())
    kept = database.contents()
    assert b"$argon2id$" in kept
    assert not [one for one in (link, other, PASSWORD) if one.encode() in kept]


def test_signing_in_and_out(app: Flask, store: Store, product: Product) -> None:
    """With the password one is in, on the page that was wanted; after signing out no more."""
    administrator(app, store)
    visitor = Visitor(app)
    wanted = visitor.get(f"/{product.id}/settings")
    assert wanted.status_code == 303
    asked = wanted.location.removeprefix("/console")
    visitor.get(asked)
    answer = visitor.post(asked, email="ADA@example.com ", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, f"/console/{product.id}/settings")
    assert "Settings" in visitor.read(f"/{product.id}/settings")
    visitor.post("/sign-out")
    assert visitor.get(f"/{product.id}/settings").status_code == 303


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/console\\@evil.example", "/u/x", ""]
)
def test_nobody_is_led_elsewhere(app: Flask, store: Store, elsewhere: str) -> None:
    """Whatever a link to the first page says, one ends up at this console."""
    administrator(app, store)
    visitor = Visitor(app)
    visitor.get("/sign-in")
    address = f"/sign-in?next={elsewhere}"
    answer = visitor.post(address, email="ada@example.com", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/console/")


def test_strangers_learn_nothing(app: Flask, store: Store) -> None:
    """A wrong password and an address that nobody has get the same answer."""
    administrator(app, store)
    first, second = (
        Visitor(app).sign_in(email, "wrong password")
        for email in ("ada@example.com", "nobody@example.com")
    )
    assert first.status_code == second.status_code == 422
    assert said(first) == said(second)


def test_guessing_is_slow(app: Flask, store: Store) -> None:
    """After ten wrong passwords an account stays shut for a while, for the right one too."""
    administrator(app, store)
    visitor = Visitor(app)
    codes = [visitor.sign_in("ada@example.com", f"wrong {n}").status_code for n in range(11)]
    assert codes == [422] * 10 + [429]
    answer = visitor.sign_in("ada@example.com")
    assert (answer.status_code, "Too many tries" in said(answer)) == (429, True)
    assert visitor.sign_in("nobody@example.com").status_code == 422


def test_a_new_password_ends_every_other_session(app: Flask, store: Store) -> None:
    """Whoever changes theirs goes on; a browser left open elsewhere is out."""
    here, there = administrator(app, store), Visitor(app)
    assert there.sign_in("ada@example.com").status_code == 303
    here.get("/account")
    assert here.post("/account/password", password="another long one").status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert there.sign_in("ada@example.com").status_code == 422
    assert there.sign_in("ada@example.com", "another long one").status_code == 303


def test_a_session_that_is_not_used_ends(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes within two weeks stays signed in, for as long as that goes on."""
    day, now = 24 * 60 * 60, time.time()
    for days, status in ((13, 200), (26, 200), (41, 303)):
        monkeypatch.setattr(time, "time", lambda days=days: now + days * day)
        assert ada.get("/account").status_code == status


def test_a_forgotten_password(app: Flask, store: Store, ada: Visitor, product: Product) -> None:
    """Whoever looks after the server makes a link; the account, its role and name stay."""
    member(app, store, product, "analyst")
    forgetful = next(one for one in store.people.everybody() if not one.administrator)
    ada.get("/server")
    page = ada.post(f"/server/{forgetful.id}/password")
    link = re.search(r"/console/join/([\w-]+)", page.text)
    assert link is not None
    visitor = Visitor(app)
    assert visitor.join(link[1], password="yet another one").status_code == 303
    assert "Analyst" in visitor.read("/account")
    assert visitor.get(f"/{product.id}/report").status_code == 200


def test_the_command_line_lets_back_in(
    app: Flask, store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`exitpoll account link` helps an only administrator; of nobody it says who there is."""
    administrator(app, store)
    monkeypatch.setenv("EXITPOLL_DATABASE_URL", database.url)
    runner = CliRunner()
    done = runner.invoke(cli, ["account", "link", "Ada@example.com"])
    link = re.search(r"http\S+/console/join/([\w-]+)", done.output)
    assert link is not None
    assert Visitor(app).join(link[1], password="yet another one").status_code == 303
    refused = runner.invoke(cli, ["account", "link", "eve@example.com"])
    assert refused.exit_code == 2
    assert "there is no account of eve@example.com; there are: ada@example.com" in refused.output


def test_the_cookie_is_kept_close(store: Store) -> None:
    """Over https the cookie goes back over https only, to this host only, and to no script."""
    settings = replace(config.load({}), public_url="https://exit.example")
    app = create_app(store, settings)
    app.testing = True
    answer = app.test_client().get("/console/sign-in", base_url="https://exit.example")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, _, rest = cookie.partition("=")
    assert name == "__Host-exitpoll"
    parts = {part.strip() for part in rest.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts


def test_forms_from_elsewhere_do_nothing(store: Store, ada: Visitor) -> None:
    """Without the token of a page nothing is changed, and a sentence says what to do."""
    answer = ada.client.post("/console/new", data={"name": "Sample"})
    assert (answer.status_code, "load the page anew" in said(answer)) == (400, True)
    answer = ada.client.post(
        "/console/account/language", data={"csrf_token": "x", "language": "ru"}
    )
    assert answer.status_code == 400
    assert store.products() == []


def test_no_page_runs_what_it_does_not_bring(ada: Visitor, product: Product) -> None:
    """Every page forbids scripts and styles but its own files, frames, and being kept."""
    for path in ("/sign-in", "/account", f"/{product.id}/report", "/99/report"):
        answer = ada.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script>" not in answer.text
        assert not re.search(r"<style|\sstyle=|\son\w+=", answer.text)


def test_nothing_is_asked_of_other_hosts(ada: Visitor, product: Product) -> None:
    """No page loads anything from elsewhere."""
    for path in ("/account", f"/{product.id}/report", f"/{product.id}/kits"):
        page = ada.get(path).text
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page) == []


def test_who_did_what_stays(app: Flask, store: Store, look: Look) -> None:
    """The log knows who changed something even after their account is closed."""
    administrator(app, store)
    eve = administrator(app, store, "eve@example.com")
    eve.get("/new")
    eve.post("/new", name="Sample")
    number = max(one.id for one in store.people.everybody())
    ada = Visitor(app)
    ada.sign_in("ada@example.com")
    ada.get("/server")
    ada.post(f"/server/{number}/close")
    assert eve.get("/account").status_code == 303
    assert eve.sign_in("eve@example.com").status_code == 422
    (product,) = store.products()
    (change,) = store.people.changes(product.id)
    assert (change.account, change.action) == ("Ada", "product.created")
    (kept,) = look("SELECT account_id FROM audit WHERE action = 'product.created'")
    assert kept["account_id"] == number


def test_the_last_administrator_stays(ada: Visitor, store: Store) -> None:
    """Nobody can shut everybody out."""
    ada.get("/server")
    (account,) = store.people.everybody()
    ada.post(f"/server/{account.id}/close")
    assert "The last administrator stays." in ada.read("/server")
    assert store.people.are_there()
