"""What an owner does: kits, settings, people, and the log of all that."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from tests.server.console.visitors import Visitor, member, said

from exitpoll_server import clock
from exitpoll_server.console.changed import SENTENCES
from exitpoll_server.console.kits import KIND
from exitpoll_server.kits import KINDS
from exitpoll_server.store import Product, Store

SERVER = Path(__file__).parents[3] / "server" / "exitpoll_server"


# -- kits ----------------------------------------------------------------------------------


def test_every_kind_is_offered() -> None:
    """What the command line can write, a page can too."""
    assert set(KIND) == set(KINDS)


def test_a_kit_is_one_file(ada: Visitor, product: Product) -> None:
    """The ten lines come as a folder with instructions and this product's address."""
    answer = ada.get(f"/{product.id}/kits/link/download")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        text = archive.read("sample-link/question.nsi").decode()
    assert {name.split("/")[0] for name in names} == {"sample-link"}
    assert product.key in text


def test_programs_stay_programs(ada: Visitor, product: Product) -> None:
    """Whoever unpacks the kit can run its scripts at once."""
    asked = {"platform": "any", "consent": "exit", "scope": "machine"}
    answer = ada.get(f"/{product.id}/kits/deb/download", query_string=asked)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        modes = {one.filename: one.external_attr >> 16 & 0o777 for one in archive.infolist()}
    assert any(mode & 0o100 for mode in modes.values())


@pytest.mark.parametrize("kind", ["inno", "deb", "rpm"])
def test_without_an_agent_the_page_says_how_to_get_one(
    ada: Visitor, product: Product, kind: str
) -> None:
    """The form stays as it was filled in, with the two commands above it."""
    asked = {"consent": "exit", "scope": "machine"}
    if kind != "inno":
        asked["platform"] = "linux-x86_64"
    answer = ada.get(f"/{product.id}/kits/{kind}/download", query_string=asked)
    assert answer.status_code == 422
    assert "exitpoll agent add" in said(answer)
    assert 'value="exit" selected' in answer.text


def test_no_such_kit(ada: Visitor, product: Product) -> None:
    """A kind that does not exist is not there."""
    assert ada.get(f"/{product.id}/kits/snap").status_code == 404
    assert ada.get(f"/{product.id}/kits/snap/download").status_code == 404


# -- settings ------------------------------------------------------------------------------

KEPT = {
    "stopped_after_days": "60",
    "trial_days": "14",
    "window_days": "30",
    "good_days": "10",
    "success_milestone": "first-export",
}


def test_thresholds_are_kept_and_noted(ada: Visitor, store: Store, product: Product) -> None:
    """Reports go by them from then on, and the log says what was changed by whom."""
    ada.get(f"/{product.id}/settings")
    assert ada.post(f"/{product.id}/settings", **KEPT).status_code == 303
    changed = store.product_by_name("Sample")
    assert changed is not None
    assert (changed.stopped_after_days, changed.trial_days, changed.window_days) == (60, 14, 30)
    assert (changed.good_days, changed.success_milestone) == (10, "first-export")
    assert "Ada Settings: stopped_after_days = 60" in ada.read(f"/{product.id}/changes")
    ada.get(f"/{product.id}/settings")
    ada.post(f"/{product.id}/settings", **{**KEPT, "trial_days": "", "success_milestone": ""})
    changed = store.product_by_name("Sample")
    assert changed is not None
    assert (changed.trial_days, changed.success_milestone) == (None, None)


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("stopped_after_days", "0", "Please take a number from 1 to 3650."),
        ("stopped_after_days", "soon", "Not a valid integer value."),
        ("window_days", "366", "Please take a number from 1 to 365."),
        ("good_days", "31", "The days that health looks at are fewer than that."),
        ("success_milestone", "x" * 65, "64"),
    ],
)
def test_thresholds_that_make_no_sense(
    ada: Visitor, store: Store, product: Product, field: str, typed: str, fault: str
) -> None:
    """The field says why, keeps what was typed, and nothing is changed."""
    answer = ada.post(f"/{product.id}/settings", **{**KEPT, field: typed})
    assert (answer.status_code, fault in said(answer)) == (422, True), said(answer)
    assert f'value="{typed}"' in answer.text
    assert store.product_by_name("Sample") == product


# -- people --------------------------------------------------------------------------------


def test_letting_somebody_in(app: Flask, ada: Visitor, store: Store, product: Product) -> None:
    """A new colleague gets a link, and is what the owner said; another role works at once."""
    ada.get(f"/{product.id}/people")
    page = ada.post(f"/{product.id}/people", email="bob@example.com", role="support")
    link = re.search(r"/console/join/([\w-]+)", page.text)
    assert link is not None
    bob = Visitor(app)
    assert bob.join(link[1], name="Bob").status_code == 303
    assert bob.get(f"/{product.id}/settings").status_code == 403
    (one,) = store.people.members(product.id)
    assert (one.account.email, one.role) == ("bob@example.com", "support")
    ada.get(f"/{product.id}/people")
    ada.post(f"/{product.id}/people/{one.account.id}", role="owner")
    assert bob.get(f"/{product.id}/settings").status_code == 200
    ada.post(f"/{product.id}/people/{one.account.id}", role="")
    assert bob.get(f"/{product.id}/settings").status_code == 404


def test_who_has_an_account_needs_no_link(
    app: Flask, ada: Visitor, store: Store, product: Product
) -> None:
    """A colleague from another product is in at once."""
    other = store.create_product(
        name="Other", stopped_after_days=40, trial_days=None, now=clock.now()
    )
    bob = member(app, store, other, "owner")
    ada.get(f"/{product.id}/people")
    page = ada.post(f"/{product.id}/people", email=f"OWNER-{other.id}@example.com", role="analyst")
    assert "Owner may come in now." in said(page)
    assert "/join/" not in page.text
    assert bob.get(f"/{product.id}/report").status_code == 200


def test_an_invitation_is_for_one_person(app: Flask, store: Store, product: Product) -> None:
    """The link opens once, and with the address that it was made for."""
    bob = member(app, store, product, "analyst")
    (one,) = store.people.members(product.id)
    assert one.account.email == f"analyst-{product.id}@example.com"
    assert bob.get("/server").status_code == 403


@pytest.mark.parametrize("role", ["", "king"])
def test_a_role_that_there_is_not(ada: Visitor, store: Store, product: Product, role: str) -> None:
    """Nobody is invited as something that the page did not offer."""
    ada.get(f"/{product.id}/people")
    answer = ada.post(f"/{product.id}/people", email="bob@example.com", role=role)
    assert answer.status_code == 422
    assert "/join/" not in answer.text
    assert store.people.members(product.id) == []


# -- programs ------------------------------------------------------------------------------


def test_a_program_takes_files_with_a_token(
    app: Flask, ada: Visitor, store: Store, product: Product
) -> None:
    """Of its product, as an analyst does, until it is revoked; the token is shown once."""
    ada.get(f"/{product.id}/people")
    page = ada.post(f"/{product.id}/tokens", token="Nightly export")
    secret = re.search(r'value="(ept_[\w-]{32})"', page.text)
    assert secret is not None
    assert secret[1] not in ada.get(f"/{product.id}/people").text
    known = {"headers": {"Authorization": f"Bearer {secret[1]}"}}
    program = Visitor(app)
    assert program.get(f"/{product.id}/report.json", **known).get_json()["product"] == "Sample"
    assert program.get(f"/{product.id}/rows.jsonl", **known).status_code == 200
    assert program.get(f"/{product.id}/people", **known).status_code == 403
    assert program.get(f"/{product.id}/inbox", **known).status_code == 403
    assert program.get("/account", **known).status_code == 403
    other = store.create_product(
        name="Other", stopped_after_days=7, trial_days=None, now=clock.now()
    )
    assert program.get(f"/{other.id}/report.json", **known).status_code == 404
    assert "Set-Cookie" not in program.get(f"/{product.id}/report.json", **known).headers
    text = ada.read(f"/{product.id}/people")
    assert f"Nightly export since {clock.now().date()} · last used on {clock.now().date()}" in text
    [token] = store.people.tokens(product.id)
    ada.post(f"/{product.id}/tokens/{token.id}")
    assert program.get(f"/{product.id}/report.json", **known).status_code == 401
    changes = ada.read(f"/{product.id}/changes")
    assert "A token for programs was made: Nightly export" in changes
    assert "A token for programs was revoked: Nightly export" in changes


@pytest.mark.parametrize("sent", ["Bearer ept_made-up", "Bearer =", "Basic YTpi"])
def test_no_other_token_opens_anything(
    app: Flask, ada: Visitor, product: Product, sent: str
) -> None:
    """Whoever sends something else gets one sentence, even with a session that would do."""
    for visitor in (Visitor(app), ada):
        answer = visitor.get(f"/{product.id}/report.json", headers={"Authorization": sent})
        assert (answer.status_code, answer.text) == (401, "This token opens nothing.\n")


# -- the log -------------------------------------------------------------------------------


def test_every_action_has_its_sentence() -> None:
    """Whatever the store notes can be read in the log."""
    source = "".join(file.read_text("utf-8") for file in (SERVER / "store").glob("*.py"))
    noted = set(re.findall(r'audit\.note\(\s*connection,\s*"([\w.]+)"', source))
    noted |= set(re.findall(r'action = "([\w.]+)" if .* else "[\w.]+"', source))
    noted |= set(re.findall(r'action = "[\w.]+" if .* else "([\w.]+)"', source))
    assert noted == set(SENTENCES)


def test_the_log_goes_back_page_by_page(
    ada: Visitor, store: Store, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty changes on a page, the last first, and a link to the earlier ones."""
    now = clock.now()
    for n in range(60):
        monkeypatch.setattr(clock, "now", lambda n=n: now + timedelta(minutes=n))
        store.quarantine(product, start=now, end=now + timedelta(days=1), note=None, now=now)
    page = ada.get(f"/{product.id}/changes")
    assert page.text.count("Something is left out of reports") == 50
    assert "at the command line" in said(page)
    earlier = re.search(r'href="(/console/\d+/changes\?before=\d+)"', page.text)
    assert earlier is not None
    rest = ada.get(earlier[1].removeprefix("/console"))
    assert rest.text.count("Something is left out of reports") == 10


# -- in one's own language -----------------------------------------------------------------


def test_the_console_speaks_russian(ada: Visitor) -> None:
    """As the browser says, or as was chosen once for every browser."""
    russian = {"headers": {"Accept-Language": "ru-RU, en;q=0.5"}}
    assert 'lang="ru"' in ada.get("/account", **russian).text
    ada.post("/account/language", language="ru")
    assert "Пароль" in ada.read("/account")
    ada.post("/account/language", language="")
    assert "Password" in ada.read("/account")
