"""How much one address and one product may send, and who says whose request it is."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, leaving
from werkzeug.test import TestResponse

from exitpoll_agent import wire
from exitpoll_server import clock, config, create_app, rates
from exitpoll_server.config import Rate
from exitpoll_server.rates import LimitedError, Rates
from exitpoll_server.store import Product, Store

NOTHING_ELSE = replace(config.load({}), rate_limit_address=None, rate_limit_product=None)
OFFICE, HOME = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def elapsed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that have gone by, for a test to add to."""
    seconds = [1_000.0]
    monkeypatch.setattr(clock, "elapsed", lambda: seconds[0])
    return seconds


def limited(store: Store, **settings: Any) -> FlaskClient:
    return create_app(store, replace(NOTHING_ELSE, **settings)).test_client()


def ping(
    client: FlaskClient, key: str, address: str | None = OFFICE, forwarded: str | None = None
) -> TestResponse:
    message = {"installation_id": str(INSTALLATION), "seq": 1, "consent": "full"}
    headers = {"Authorization": f"Bearer {key}"}
    if forwarded is not None:
        headers["X-Forwarded-For"] = forwarded
    return client.post(
        wire.PINGS_PATH,
        data=json.dumps({**message, "sent_at": "2026-11-20T08:00:00Z"}),
        content_type="application/json",
        headers=headers,
        environ_base={"REMOTE_ADDR": address} if address is not None else {},
    )


def statuses(client: FlaskClient, key: str, *addresses: str | None) -> list[int]:
    return [ping(client, key, address).status_code for address in addresses]


# -- by address ----------------------------------------------------------------------------


def test_an_address_that_sends_too_much_is_asked_for_later(
    store: Store, product: Product, elapsed: list[float], look: Look
) -> None:
    """Beyond the limit: 429 with our JSON and until when; others, and later, as ever."""
    client = limited(store, rate_limit_address=Rate(2, 60))
    assert statuses(client, product.key, OFFICE, OFFICE) == [200, 200]
    elapsed[0] += 20.5
    answer = ping(client, product.key)
    said = answer.get_json()
    assert (answer.status_code, said["code"], said["exitpoll"]) == (429, "rate_limited", 1)
    assert answer.headers["Retry-After"] == "40"
    assert statuses(client, product.key, HOME) == [200]
    elapsed[0] += 40
    assert statuses(client, product.key, OFFICE) == [200]
    assert look("SELECT COUNT(*) AS n FROM installations") == [{"n": 1}]


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("not an address", "not an address", True),
        ("no:address", "no:address", True),
        ("no:address\0", "no:address\0", True),
    ],
)
def test_a_network_of_ipv6_is_one_address(
    store: Store, product: Product, first: str, second: str, *, is_one: bool
) -> None:
    """Whoever has one IPv6 address has 2**64; an IPv4 address is itself, however written."""
    client = limited(store, rate_limit_address=Rate(1, 60))
    assert statuses(client, product.key, first, second) == [200, 429 if is_one else 200]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "", None])
def test_this_machine_is_not_kept_out(store: Store, product: Product, address: str | None) -> None:
    """A proxy that nobody declared speaks for everybody: it is not taken for one client."""
    client = limited(store, rate_limit_address=Rate(1, 60))
    assert statuses(client, product.key, address, address, address) == [200, 200, 200]


def test_an_address_is_counted_over_every_kind_of_request(store: Store, product: Product) -> None:
    """Messages, pages and wrong keys are counted together; what a page is styled by is not."""
    client = limited(store, rate_limit_address=Rate(3, 60))
    client.environ_base["REMOTE_ADDR"] = OFFICE
    for _ in range(5):
        with client.get("/s/static/survey.css") as style:
            assert style.status_code == 200
    assert statuses(client, product.key, OFFICE) == [200]
    assert statuses(client, "wrong", OFFICE) == [401]
    assert client.get(f"/u/{product.key}").status_code == 303
    assert client.get("/s/a-token").status_code == 429
    assert statuses(client, product.key, OFFICE) == [429]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses call, only so many are kept; the others get through."""
    monkeypatch.setattr(rates, "MOST_KEYS", 1_000)
    counted = Rates(replace(NOTHING_ELSE, rate_limit_address=Rate(1, 60)))
    tracemalloc.start()
    for n in range(20_000):
        counted.count(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000
    with pytest.raises(LimitedError):
        counted.count("10.0.0.0")


def test_addresses_are_forgotten(elapsed: list[float]) -> None:
    """When its time is over, nothing is left of an address at the next request."""
    counted = Rates(replace(NOTHING_ELSE, rate_limit_address=Rate(9, 60)))
    counted.count(OFFICE)
    assert OFFICE in str(vars(counted._addresses))  # noqa: SLF001 - what is kept in memory
    elapsed[0] += 60
    counted.count(HOME)
    assert OFFICE not in str(vars(counted._addresses))  # noqa: SLF001 - as above


# -- by product, and by wrong key ----------------------------------------------------------


def test_a_product_that_sends_too_much_leaves_room_for_the_others(
    store: Store, product: Product
) -> None:
    """One product's storm is asked for later, from wherever it comes; another's pings are taken."""
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    client = limited(store, rate_limit_product=Rate(2, 60))
    assert statuses(client, product.key, OFFICE, HOME, "203.0.113.1") == [200, 200, 429]
    assert statuses(client, other.key, OFFICE) == [200]


def test_wrong_keys_are_soon_not_looked_up(
    store: Store, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who tries keys is asked for later without asking the database; right keys are still taken."""
    monkeypatch.setattr(rates, "WRONG_KEYS", Rate(2, 60))
    client = limited(store, rate_limit_address=Rate(1_000, 60))
    assert statuses(client, product.key, OFFICE) == [200]
    assert statuses(client, "wrong", OFFICE, OFFICE, OFFICE, HOME) == [401, 401, 429, 401]
    assert client.get("/u/wrong", environ_base={"REMOTE_ADDR": OFFICE}).status_code == 429
    assert statuses(client, product.key, OFFICE) == [200]
    monkeypatch.setattr(store, "product_by_key", lambda _: pytest.fail("it was looked up"))
    assert statuses(client, "another", OFFICE) == [429]


def test_off_is_off(store: Store, product: Product) -> None:
    """Without limits nothing is counted, wrong keys neither."""
    client = limited(store)
    assert set(statuses(client, product.key, *[OFFICE] * 200)) == {200}
    assert set(statuses(client, "wrong", *[OFFICE] * 200)) == {401}


# -- what a person sees --------------------------------------------------------------------


def test_somebody_leaving_gets_a_page(store: Store, product: Product) -> None:
    """Where it is too much, a person reads a friendly sentence, with the headers of every page."""
    client = limited(store, rate_limit_product=Rate(1, 60))
    event = wire.encode_event(leaving())
    assert client.get(f"/u/{product.key}/{event}").status_code == 303
    answer = client.get(f"/u/{product.key}/{event}")
    assert (answer.status_code, answer.mimetype) == (429, "text/html")
    assert "We are busy just now" in answer.get_data(as_text=True)
    assert answer.headers["Retry-After"] == "60"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


# -- whose request it is -------------------------------------------------------------------

PROXY = "203.0.113.99"


def test_without_trusted_proxies_nobody_names_an_address(store: Store, product: Product) -> None:
    """Whatever X-Forwarded-For says, the connection counts."""
    client = limited(store, rate_limit_address=Rate(1, 60))
    assert ping(client, product.key, OFFICE, forwarded=HOME).status_code == 200
    assert ping(client, product.key, OFFICE, forwarded="203.0.113.5").status_code == 429


def test_behind_a_trusted_proxy_its_word_counts(store: Store, product: Product) -> None:
    """The address that the proxy added counts, whatever the client wrote in front of it."""
    client = limited(store, rate_limit_address=Rate(1, 60), trusted_proxies=1)
    assert ping(client, product.key, PROXY, forwarded=OFFICE).status_code == 200
    assert ping(client, product.key, PROXY, forwarded=HOME).status_code == 200
    for spoofed in (f"8.8.8.8, {OFFICE}", f"127.0.0.1,{OFFICE}", f" , {OFFICE} "):
        assert ping(client, product.key, PROXY, forwarded=spoofed).status_code == 429


def test_behind_two_trusted_proxies_the_first_ones_word_counts(
    store: Store, product: Product
) -> None:
    """The second last address is the client's; where there is none, the connection's counts."""
    client = limited(store, rate_limit_address=Rate(1, 60), trusted_proxies=2)
    assert (
        ping(client, product.key, PROXY, forwarded=f"8.8.8.8, {OFFICE}, {HOME}").status_code == 200
    )
    assert (
        ping(client, product.key, PROXY, forwarded=f"9.9.9.9, {OFFICE}, {HOME}").status_code == 429
    )
    assert ping(client, product.key, PROXY, forwarded=HOME).status_code == 200
    assert ping(client, product.key, PROXY).status_code == 429
