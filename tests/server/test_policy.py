"""What a product asks of its agents reaches them with every answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask.testing import FlaskClient
from tests.server.messages import leaving, ping
from tests.server.terminal import Terminal

from exitpoll_agent import wire
from exitpoll_server import create_app
from exitpoll_server.store import Product, Store

ASKED = wire.Policy(
    collection=False,
    survey=False,
    interval_hours=72,
    resend_since=date(2026, 11, 1),
    move_to="https://key@elsewhere.example",
)

MESSAGES: dict[str, wire.Ping | wire.Erasure] = {
    wire.PINGS_PATH: ping(),
    wire.UNINSTALLS_PATH: leaving(),
    wire.ERASURES_PATH: wire.Erasure(installation_id=ping().installation_id),
}


def told(
    client: FlaskClient, product: Product, path: str, message: wire.Ping | wire.Erasure
) -> wire.Policy:
    answer = client.post(
        path,
        data=wire.to_json(message),
        headers={"Authorization": f"Bearer {product.key}"},
        content_type="application/json",
    )
    confirmation = wire.confirmation_from_json(answer.data)
    assert confirmation is not None
    return confirmation.policy


@pytest.mark.parametrize("path", MESSAGES)
def test_every_answer_has_the_policy(store: Store, product: Product, path: str) -> None:
    """An agent hears it with whatever it sends, and so does a rehearsal; others' are their own."""
    other = store.create_product(
        name="Other", stopped_after_days=40, trial_days=None, now=ping().sent_at
    )
    store.change_product(replace(product, policy=ASKED))
    client = create_app(store).test_client()
    assert told(client, product, path, MESSAGES[path]) == ASKED
    assert told(client, other, path, MESSAGES[path]) == wire.Policy()
    rehearsal = replace(MESSAGES[path], test=True)
    assert told(client, product, path, rehearsal) == ASKED


def test_a_policy_is_kept_and_noted(store: Store, product: Product) -> None:
    """Each part of it is a setting of the product, and the log says which changed."""
    changed = replace(product, policy=ASKED)
    store.change_product(changed)
    assert store.product_by_name("Sample") == changed
    assert store.people.changes(product.id)[0].about == {
        "collection": "False",
        "survey": "False",
        "interval_hours": "72",
        "resend_since": "2026-11-01",
        "move_to": "https://key@elsewhere.example",
    }
    store.change_product(product)
    assert store.product_by_name("Sample") == product


def test_a_policy_at_the_command_line(sample: Terminal) -> None:
    """Each part is set by itself, printed, and an address agents would not take is refused."""
    policy = ("product", "policy", "--product", "Sample")
    before = sample.succeed(*policy)
    assert "collection     on\nsurvey         on\ninterval       24 hours\n" in before
    sample.succeed(*policy, "--no-collection", "--interval", "72")
    sample.succeed(*policy, "--no-survey", "--resend-since", "2026-11-01")
    assert sample.succeed(*policy, "--move-to", "https://key@elsewhere.example") == (
        "collection     off\nsurvey         off\ninterval       72 hours\n"
        "resend since   2026-11-01\nmove to        https://key@elsewhere.example\n"
    )
    assert "not encrypted" in sample.fail(*policy, "--move-to", "http://key@elsewhere.example")
    assert "no product key" in sample.fail(*policy, "--move-to", "https://elsewhere.example")
    assert "move to        nowhere" in sample.succeed(*policy, "--move-to", "")
