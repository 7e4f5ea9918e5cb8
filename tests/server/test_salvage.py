"""An agent's address that was cut or altered on its way: what can be read is not lost."""

from __future__ import annotations

import string

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, leaving
from tests.server.test_survey import led_to

from exitpoll_agent import wire
from exitpoll_server.store import Product, Store
from exitpoll_server.survey import salvage

VERSION, LOCALE = "2.1.0-тест", "ru-RU"
EVENT = wire.encode_event(leaving(version=VERSION, locale=LOCALE))
READABLE = len("1.WyI")
"""Shorter ones hold nothing of an event."""


def test_a_cut_event_is_true_as_far_as_it_goes() -> None:
    """At every length each value is the event's own or none, and longer ones know no less."""
    known = 0
    for length in range(READABLE, len(EVENT)):
        left = salvage.what_is_left(EVENT[:length])
        assert left is not None
        found = (left.installation, left.version, left.locale)
        whole = (str(INSTALLATION), VERSION, LOCALE)
        # An id that is not there as a whole gives way to the address itself.
        assert all(f in (w, None, EVENT[:length]) for f, w in zip(found, whole, strict=True))
        now_known = sum(f == w for f, w in zip(found, whole, strict=True))
        assert now_known >= known
        known = now_known
    assert known == 3


@pytest.mark.parametrize("length", range(READABLE))
def test_what_is_shorter_than_any_event_holds_nothing(length: int) -> None:
    """A few characters are anybody's."""
    assert salvage.what_is_left(EVENT[:length]) is None


@pytest.mark.parametrize("sign", [*"A9_-./ %é", '"'])
def test_an_altered_event_invents_nothing(sign: str) -> None:
    """Wherever one character is another, no value is believed that the event did not hold."""
    for place in range(len(EVENT)):
        altered = EVENT[:place] + sign + EVENT[place + 1 :]
        if altered == EVENT:
            continue
        left = salvage.what_is_left(altered)
        if left is not None:
            assert left.installation in (altered, str(INSTALLATION))
            assert left.version in (None, VERSION)
            assert left.locale in (None, LOCALE)


def test_an_altered_id_is_not_believed() -> None:
    """Where nobody can know what was altered, an id is none, however sound it looks."""
    for place in range(READABLE, len(EVENT) - 7):
        for sign in string.ascii_letters[:4]:
            altered = EVENT[:place] + sign + EVENT[place + 1 :]
            left = salvage.what_is_left(altered)
            assert altered == EVENT or left == salvage.Left(installation=altered)


@pytest.mark.parametrize("behind", [">", ")", ",", "%20", "==", "/", ".", "&utm=mail"])
def test_what_a_mail_program_adds_is_left_out(
    client: FlaskClient, product: Product, look: Look, behind: str
) -> None:
    """A whole event is a whole event, whatever stands behind it."""
    led_to(client.get(f"/u/{product.key}/{EVENT}{behind}"))
    assert look("SELECT channel FROM receipts") == [{"channel": "browser"}]


def test_a_cut_address_still_asks(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """The uninstall is known as a plain link's would be: once, with what could be read."""
    for _ in range(2):
        survey = led_to(client.get(f"/u/{product.key}/{EVENT[:-9]}"))
        assert client.get(survey).status_code == 200
    assert look("SELECT version, locale FROM uninstalls") == [
        {"version": VERSION, "locale": LOCALE}
    ]
    assert look("SELECT channel FROM receipts") == [{"channel": "link"}]
    assert store.uninstall_number(product, INSTALLATION) is not None


def test_an_altered_address_still_asks(client: FlaskClient, product: Product, look: Look) -> None:
    """Whoever came may answer, and coming again is the same uninstall."""
    altered = EVENT[:40] + ("A" if EVENT[40] != "A" else "B") + EVENT[41:]
    for _ in range(2):
        assert client.get(led_to(client.get(f"/u/{product.key}/{altered}"))).status_code == 200
    assert look("SELECT version, locale FROM uninstalls") == [{"version": None, "locale": None}]


def test_a_damaged_address_and_the_agent_tell_of_one_uninstall(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """What the agent delivers meanwhile merges with what the address still said."""
    client.get(f"/u/{product.key}/{EVENT[:-9]}")
    client.get(f"/u/{product.key}/{EVENT}")
    assert look("SELECT COUNT(*) AS n FROM uninstalls") == [{"n": 1}]


def test_an_erased_copys_damaged_address_records_nothing(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """Who had everything erased stays erased."""
    store.erase(product, INSTALLATION, NOW)
    assert client.get(f"/u/{product.key}/{EVENT[:-9]}").status_code == 410
    assert look("SELECT * FROM installations") == []


def test_a_damaged_rehearsal_is_nobody(client: FlaskClient, product: Product, look: Look) -> None:
    """A rehearsal must not become somebody who left."""
    event = wire.encode_event(leaving(test=True))
    assert client.get(f"/u/{product.key}/{event[:-9]}").status_code == 400
    assert look("SELECT * FROM installations") == []
