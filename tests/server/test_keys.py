"""A product may have another key, and nobody in the field is lost by that."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import BOTH, NewDatabase
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
    assert [one.key for one in store.keeping.keys(twice)] == [twice.key, once.key, product.key]
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
    """Whoever retires one sees whether it is still spoken with; of whom, nobody can say."""
    now = store.keeping.rotate(product, NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    tell(client, product.key, wire.PINGS_PATH, ping())
    assert [one.last_heard for one in store.keeping.keys(now)] == [None, date(2026, 11, 20)]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=2))
    monkeypatch.setattr("exitpoll_server.store.KNOWN_SECONDS", 0)
    store.product_by_key(product.key)
    tell(client, product.key, wire.PINGS_PATH, ping(2))
    assert [one.last_heard for one in store.keeping.keys(now)] == [None, date(2026, 11, 22)]


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
        f"{new}\tnever heard\tnewest\n{first}\tnever heard\taccepted\n"
    )
    assert "exitpoll key accept" in sample.succeed("key", "retire", "--product", "Sample", first)
    assert "\tretired 20" in sample.succeed("key", "list", "--product", "Sample")
    sample.succeed("key", "accept", "--product", "Sample", first)
    assert "no former key" in sample.fail("key", "retire", "--product", "Sample", new)
    assert new in sample.succeed("product", "list")
