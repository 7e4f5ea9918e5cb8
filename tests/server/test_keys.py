"""A product may have another key, and nobody in the field is lost by that."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import BOTH, Look, NewDatabase
from tests.server.databases import Kind
from tests.server.messages import NOW, after, arrival, leaving, ping
from tests.server.terminal import Terminal

from exitpoll_agent import wire
from exitpoll_server import clock, create_app
from exitpoll_server.store import NoSuchKeyError, Product, Store

ANNA = UUID(int=0xA)


def tell(client: FlaskClient, key: str, path: str, message: wire.Message) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.post(
        path, data=wire.to_json(message), headers=headers, content_type="application/json"
    )
    return answer.status_code


def everything_by(client: FlaskClient, key: str) -> list[int]:
    """Return how each kind of message is answered that comes with a key."""
    return [
        tell(client, key, wire.PINGS_PATH, ping()),
        tell(client, key, wire.UNINSTALLS_PATH, leaving()),
        client.get(f"/u/{key}?id=7").status_code,
        client.get(f"/u/{key}/{wire.encode_event(leaving())}").status_code,
        tell(client, key, wire.ERASURES_PATH, wire.Erasure(installation_id=ANNA)),
    ]


def test_former_keys_go_on(store: Store, client: FlaskClient, product: Product) -> None:
    """Messages, surveys, links and erasures are taken with every key, all of one product."""
    once = store.keeping.rotate(product, after(days=1))
    twice = store.keeping.rotate(once, after(days=2))
    assert len({product.key, once.key, twice.key}) == 3
    for key in (product.key, once.key, twice.key):
        assert everything_by(client, key) == [200, 200, 303, 303, 200]
    assert store.products() == [twice]
    assert [one.key for one in store.keeping.keys(twice, NOW)] == [twice.key, once.key, product.key]
    assert twice.lasting_key == product.key


def test_a_retired_key_is_unknown_until_it_is_accepted_again(
    store: Store, product: Product
) -> None:
    """Nothing comes in with it; the others go on, and a mistake can be taken back."""
    now = store.keeping.rotate(product, NOW)
    store.keeping.retire(now, product.key, NOW)
    client = create_app(store).test_client()
    assert everything_by(client, product.key) == [401, 401, 404, 404, 401]
    assert everything_by(client, now.key) == [200, 200, 303, 303, 200]
    store.keeping.accept_again(now, product.key)
    assert everything_by(client, product.key) == [200, 200, 303, 303, 200]


def test_the_newest_key_stays(store: Store, product: Product) -> None:
    """Nobody shuts a product up; and nobody retires another product's key."""
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    for key in (product.key, other.key, "nobody's"):
        with pytest.raises(NoSuchKeyError):
            store.keeping.retire(product, key, NOW)
    assert store.product_by_key(product.key) == product


def test_a_key_was_last_heard_on_a_day(
    store: Store, client: FlaskClient, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever retires one sees whether it is still spoken with."""
    now = store.keeping.rotate(product, NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    tell(client, product.key, wire.PINGS_PATH, ping())
    assert [one.last_heard for one in store.keeping.keys(now, NOW)] == [None, date(2026, 11, 20)]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=2))
    monkeypatch.setattr("exitpoll_server.store.KNOWN_SECONDS", 0)
    store.product_by_key(product.key)
    tell(client, product.key, wire.PINGS_PATH, ping(2))
    assert [one.last_heard for one in store.keeping.keys(now, NOW)] == [None, date(2026, 11, 22)]


def speaking(store: Store, product: Product, now: datetime = NOW) -> list[int]:
    """Return how many copies speak with each key, the newest first."""
    return [one.copies for one in store.keeping.keys(product, now)]


def test_how_many_copies_speak_with_a_key(
    store: Store, client: FlaskClient, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy counts for the key that it used last, until it leaves, falls silent or is erased."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for n in (1, 2, 3):
        tell(client, product.key, wire.PINGS_PATH, ping(installation_id=UUID(int=n)))
    now = store.keeping.rotate(product, NOW)
    assert speaking(store, now) == [0, 3]
    tell(client, now.key, wire.PINGS_PATH, ping(2, installation_id=UUID(int=1)))
    assert speaking(store, now) == [1, 2]
    # A message that comes again, and one that comes late, say nothing of how it is now.
    tell(client, product.key, wire.PINGS_PATH, ping(2, installation_id=UUID(int=1)))
    tell(client, product.key, wire.PINGS_PATH, ping(1, installation_id=UUID(int=1)))
    assert speaking(store, now) == [1, 2]
    tell(client, product.key, wire.UNINSTALLS_PATH, leaving(2, installation_id=UUID(int=2)))
    assert speaking(store, now) == [1, 1]
    # Back on the former setup.
    tell(client, product.key, wire.PINGS_PATH, ping(3, installation_id=UUID(int=1)))
    assert speaking(store, now) == [0, 2]
    store.erase(now, UUID(int=3), NOW)
    assert speaking(store, now) == [0, 1]
    assert speaking(store, now, NOW + timedelta(days=28)) == [0, 1]
    assert speaking(store, now, NOW + timedelta(days=28, seconds=1)) == [0, 0]


def test_who_speaks_with_no_key(store: Store, client: FlaskClient, product: Product) -> None:
    """Imports, rehearsals, links and copies that only tell their uninstall are in no number."""
    store.merge(product, [arrival(ping(), channel="import")])
    tell(client, product.key, wire.PINGS_PATH, ping(installation_id=UUID(int=1), test=True))
    client.get(f"/u/{product.key}?id=7")
    only = leaving(installation_id=UUID(int=2), consent="exit", counter=None)
    tell(client, product.key, wire.UNINSTALLS_PATH, only)
    assert speaking(store, product, clock.now()) == [0]


def test_what_a_browser_brings_says_nothing_of_the_key(
    store: Store, client: FlaskClient, product: Product, look: Look
) -> None:
    """An uninstall that comes by the page's address leaves the agent's key, should it return."""
    now = store.keeping.rotate(product, clock.now())
    tell(client, now.key, wire.PINGS_PATH, ping())
    client.get(f"/u/{now.key}/{wire.encode_event(leaving(2))}")
    assert look("SELECT seq, product_key FROM counters") == [{"seq": 2, "product_key": now.key}]


@pytest.mark.parametrize("kind", BOTH)
def test_no_key_keeps_an_erasure_from_a_restored_backup(
    kind: Kind, new_database: NewDatabase, tmp_path: Path
) -> None:
    """The journal names the product so that a database from before its new key knows it."""
    database = new_database(kind, tmp_path)
    journal = tmp_path / "erasures"
    with closing(Store(database.url)) as store:
        product = store.create_product(
            name="Sample", stopped_after_days=40, trial_days=None, now=NOW
        )
        uuids = [UUID(int=n) for n in (1, 2, 3)]
        store.merge(product, [arrival(ping(installation_id=one)) for one in uuids])
    (tmp_path / "backup").mkdir()
    backup = database.copy(tmp_path / "backup")
    with closing(Store(database.url, journal)) as store:
        store.erase(product, uuids[0], NOW)
        now = store.keeping.rotate(product, NOW)
        store.erase(now, uuids[1], NOW)
        assert {line.split()[0] for line in journal.read_text().splitlines() if line} == {
            product.key
        }
    # As one that noted the key of its day would have written it.
    journal.write_text(journal.read_text().replace(product.key, now.key))
    with closing(Store(database.url, journal)) as store:
        assert store.caught_up == 0
    journal.write_text(journal.read_text().replace(now.key, product.key))
    with closing(Store(backup.url, journal)) as store:
        assert store.caught_up == 2
        assert [one.title for one in store.known_of(product, uuids[0])] == ["tombstones"]
        assert [one.title for one in store.known_of(product, uuids[1])] == ["tombstones"]
        assert "installations" in [one.title for one in store.known_of(product, uuids[2])]


def test_keys_at_the_command_line(sample: Terminal) -> None:
    """Made, listed, retired and accepted again."""
    first = sample.succeed("key", "list", "--product", "Sample").split()[0]
    new = sample.succeed("key", "new", "--product", "Sample").strip()
    assert sample.succeed("key", "list", "--product", "Sample") == (
        f"{new}\tnever heard\t0 copies in the last 28 days\tnewest\n"
        f"{first}\tnever heard\t0 copies in the last 28 days\taccepted\n"
    )
    assert "exitpoll key accept" in sample.succeed("key", "retire", "--product", "Sample", first)
    assert "\tretired 20" in sample.succeed("key", "list", "--product", "Sample")
    sample.succeed("key", "accept", "--product", "Sample", first)
    assert "no former key" in sample.fail("key", "retire", "--product", "Sample", new)
    assert new in sample.succeed("product", "list")
