"""What is kept, how long, and what of it counts: the pages of owners."""

from __future__ import annotations

import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.server import dictionary as made
from tests.server.console.visitors import Visitor, another_product, said
from tests.server.messages import NOW, arrival, leaving, ping, row

from exitpoll_agent import wire
from exitpoll_server import clock, dictionary
from exitpoll_server.store import Channel, Declared, Excluded, Product, Store, digest

# -- left out of reports -------------------------------------------------------------------


def test_leaving_out_and_putting_back(ada: Visitor, store: Store, product: Product) -> None:
    """The page says whom each mark is about, how many they are, and puts them back at a click."""
    store.merge(product, [arrival(ping(version="0-dev"))])
    path = f"/{product.id}/exclusions"
    assert "Left out of reports" in ada.read(f"/{product.id}/settings")
    ada.get(path)
    assert ada.post(path, version="0-dev", note="ours").status_code == 303
    ada.post(path, installation=str(UUID(int=7)))
    ada.post(path, start="2026-11-20T08:00", end="2026-11-20T09:00")
    page = ada.read(path)
    assert "Version 0-dev 1 ours" in page
    assert "00000000-0000-0000-0000-000000000007 0" in page
    assert "first heard of from 2026-11-20 08:00 until 2026-11-20 09:00 (UTC) 0" in page
    assert ada.post(f"{path}/1/lift").status_code == 303
    assert [one.lifted_at is None for one in store.exclusions()] == [False, True, True]
    assert "Something is back in reports (1)" in ada.read(f"/{product.id}/changes")


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"installation": "nobody"},
        {"installation": str(UUID(int=7)), "version": "1"},
        {"start": "2026-11-20T08:00"},
        {"start": "2026-11-20T08:00", "end": "2026-11-20T08:00"},
        {"start": "yesterday", "end": "2026-11-20T08:00"},
    ],
)
def test_what_names_nobody_leaves_nobody_out(
    ada: Visitor, store: Store, product: Product, typed: dict[str, str]
) -> None:
    """The page says what is missing, keeps what was typed, and nothing is left out."""
    answer = ada.post(f"/{product.id}/exclusions", **typed)
    assert answer.status_code == 422
    assert "one of the three" in said(answer)
    assert store.exclusions() == []


def test_another_products_marks_stay(ada: Visitor, store: Store, product: Product) -> None:
    """Nobody lifts by a guessed number what another product leaves out."""
    other = another_product(store)
    store.keeping.leave_out(other, Excluded(version="1"), note=None, now=NOW)
    assert "Version 1" not in ada.read(f"/{product.id}/exclusions")
    assert ada.post(f"/{product.id}/exclusions/1/lift").status_code == 404
    assert store.exclusions()[0].lifted_at is None


# -- keys, policy, retention ---------------------------------------------------------------


def test_a_new_key_and_the_end_of_a_former_one(
    ada: Visitor, store: Store, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says that a former key is still spoken with, and asks before it ends one."""
    path = f"/{product.id}/settings"
    ada.get(path)
    ada.post(f"{path}/keys")
    now = store.product_by_name("Sample")
    assert now is not None
    assert now.key != product.key
    monkeypatch.setattr(clock, "now", lambda: NOW)
    store.product_by_key(product.key)
    store.submit(now, arrival(ping())).result(timeout=60)
    page = ada.read(path)
    heard = f"{product.key} since 2026-11-20 · last heard on 2026-11-20"
    assert f"{heard} · 1 copy in the last 28 days" in page
    assert "never heard yet · 0 copies in the last 28 days the newest" in page
    assert "Copies spoke with it in the last 28 days" in page
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=29))
    assert "Copies spoke with it in the last 28 days" not in ada.read(path)
    answer = ada.post(f"{path}/keys/{product.key}/retire")
    assert (answer.status_code, "Please tick the box first." in said(answer)) == (422, True)
    assert store.product_by_key(product.key) is not None
    assert ada.post(f"{path}/keys/{product.key}/retire", sure="yes").status_code == 303
    assert store.product_by_key(product.key) is None
    ada.post(f"{path}/keys/{product.key}/accept")
    assert store.product_by_key(product.key) is not None
    assert ada.post(f"{path}/keys/{now.key}/retire", sure="yes").status_code == 404
    assert f"There is a new key: {now.key}" in ada.read(f"/{product.id}/changes")


def test_the_policy_is_set_with_its_effect_spelled_out(
    ada: Visitor, store: Store, product: Product
) -> None:
    """Every field says what happens from the next message on; an unticked box is off."""
    path = f"/{product.id}/settings"
    assert ada.read(path).count("From the next message on") == 2
    typed = {
        "survey": "y",
        "interval_hours": "72",
        "resend_since": "2026-11-01",
        "move_to": "https://key@elsewhere.example",
    }
    assert ada.post(f"{path}/policy", **typed).status_code == 303
    changed = store.product_by_name("Sample")
    assert changed is not None
    assert changed.policy == wire.Policy(
        collection=False,
        survey=True,
        interval_hours=72,
        resend_since=date(2026, 11, 1),
        move_to="https://key@elsewhere.example",
    )
    assert "collection is switched off" in ada.read(f"/{product.id}/privacy")
    for field, odd in (
        ("move_to", "http://key@elsewhere.example"),
        ("move_to", "https://elsewhere.example"),
        ("interval_hours", "0"),
        ("resend_since", "soon"),
    ):
        answer = ada.post(f"{path}/policy", **{**typed, field: odd})
        assert answer.status_code == 422, odd
        assert f'value="{odd}"' in answer.text
    assert store.product_by_name("Sample") == changed


def test_the_time_for_which_is_kept(ada: Visitor, store: Store, product: Product) -> None:
    """An owner sets it; without one the page says that nothing expires."""
    path = f"/{product.id}/settings"
    assert "Nothing expires here" not in ada.read(path)
    ada.post(f"{path}/retention", retention_days="")
    assert "Nothing expires here" in ada.read(path)
    ada.post(f"{path}/retention", retention_days="90")
    changed = store.product_by_name("Sample")
    assert changed is not None
    assert changed.retention_days == 90
    assert ada.post(f"{path}/retention", retention_days="0").status_code == 422


# -- names ---------------------------------------------------------------------------------


def test_what_arrives_undeclared_is_listed(ada: Visitor, store: Store, product: Product) -> None:
    """With how many copies said it and in which version it began; rehearsals do not count."""
    for n, version in ((1, "1.0"), (2, "2.0")):
        said_by = ping(
            installation_id=UUID(int=n),
            counter=UUID(int=n),
            version=version,
            attributes={"plan": "pro", "seats": n},
            milestones={"first-export": NOW.date()},
        )
        store.merge(product, [arrival(said_by, NOW + timedelta(hours=n))])
    rehearsal = ping(test=True, attributes={"made-up": 1}, milestones={"made-up": NOW.date()})
    store.merge(product, [arrival(rehearsal)])
    known = {
        (one.name, one.installations, one.first_version) for one in store.keeping.arriving(product)
    }
    assert known == {("first-export", 2, "1.0"), ("plan", 2, "1.0"), ("seats", 2, "1.0")}
    path = f"/{product.id}/names"
    assert "Milestone first-export 2 1.0" in ada.read(path)
    typed = {"kind": "milestone", "name": "first-export", "meaning": "Saw what it can do."}
    assert ada.post(path, **typed).status_code == 303
    page = ada.read(path)
    assert "Milestone first-export Saw what it can do. no 2" in page
    assert "Milestone first-export 2 1.0" not in page
    assert "milestones.first-export Saw what it can do." in ada.read(f"/{product.id}/privacy")
    ada.post(path, **{**typed, "meaning": "Another.", "is_personal": "y"})
    assert store.keeping.declared(product) == [
        Declared(kind="milestone", name="first-export", meaning="Another.", is_personal=True)
    ]
    assert ada.post(path, **{**typed, "meaning": ""}).status_code == 422
    ada.post(f"{path}/release", kind="milestone", name="first-export")
    assert store.keeping.declared(product) == []


# -- for the privacy officer ---------------------------------------------------------------


def test_the_dictionary_is_the_page_on_privacy() -> None:
    """`python -m tests.server.dictionary` would change nothing: it is written in one place."""
    assert dictionary.FILE.read_text("utf-8") == made.as_json()
    assert {one.message for one in dictionary.fields()} == set(made.MESSAGES)


def test_a_copy_is_found_exported_and_erased(ada: Visitor, store: Store, product: Product) -> None:
    """Everything of it, on the page and as a file; gone when asked for twice, with receipt."""
    days = tuple(row(f"{date(2025, 1, 1) + timedelta(days=n)}") for n in range(400))
    more = tuple(row(f"{date(2026, 3, 1) + timedelta(days=n)}") for n in range(50))
    store.merge(product, [arrival(ping(1, days=days, customer="<b>Anna</b>"))])
    store.merge(product, [arrival(ping(2, days=more)), arrival(leaving())])
    uuid = str(ping().installation_id)
    path = f"/{product.id}/privacy"
    assert uuid not in ada.read(path)
    assert ada.get(f"{path}?id=nobody").status_code == 422
    assert "Nothing is kept of it." in ada.read(f"{path}?id={UUID(int=9)}")
    page = ada.get(f"{path}?id={uuid}")
    assert "&lt;b&gt;Anna&lt;/b&gt;" in page.text
    assert "… and 50 earlier ones" in said(page)
    file = ada.get(f"{path}/copy.json?id={uuid}")
    assert "attachment" in file.headers["Content-Disposition"]
    kept = json.loads(file.data)
    assert kept["installation_id"] == uuid
    launches = [one["records"] for one in kept["kept"] if one["table"] == "launches"]
    assert [len(one) for one in launches] == [450]
    assert ada.get(f"{path}/copy.json?id={UUID(int=9)}").status_code == 404
    assert ada.post(f"{path}/erase", id=uuid).status_code == 422
    assert store.known_of(product, UUID(uuid)) != ()
    receipt = ada.post(f"{path}/erase", id=uuid, sure="yes")
    assert receipt.status_code == 200
    assert "launches : 450" in said(receipt)
    hashed = digest(UUID(uuid))
    assert hashed in said(receipt)
    assert [one.title for one in store.known_of(product, UUID(uuid))] == ["tombstones"]
    page_after = ada.read(path)
    assert hashed in page_after
    assert uuid not in page_after
    assert f"Ada A copy was erased ({hashed})" in ada.read(f"/{product.id}/changes")


def test_a_persons_own_erasure_is_nobodys_deed(
    ada: Visitor, store: Store, product: Product
) -> None:
    """It stands in the log of erasures, and not in that of what the vendor's people changed."""
    for n in range(60):
        store.erase(product, UUID(int=n), NOW + timedelta(minutes=n))
    page = ada.get(f"/{product.id}/privacy").text
    assert page.count(" UTC · ") == 50
    assert "before=2026-11-20T12:10:00Z" in page
    rest = ada.get(f"/{product.id}/privacy?before=2026-11-20T12:10:00Z").text
    assert rest.count(" UTC · ") == 10
    assert ada.get(f"/{product.id}/privacy?before=then").status_code == 404
    assert "was erased" not in ada.read(f"/{product.id}/changes")


def test_consents_are_counted(ada: Visitor, store: Store, product: Product) -> None:
    """Who reads why data is there sees under which consent it came."""
    store.merge(product, [arrival(ping())])
    channels: dict[int, Channel] = {2: "agent", 3: "link"}
    for who, channel in channels.items():
        left = leaving(installation_id=UUID(int=who), counter=None, consent="exit")
        store.merge(product, [arrival(left, NOW, channel)])
    page = ada.read(f"/{product.id}/privacy")
    assert store.keeping.consents(product) == {"full": 1, "exit": 1, "unknown": 1}
    assert "full, launches and the uninstall: 1 exit, the uninstall alone: 1" in page
    assert "730 days after its last sign of life" in page
