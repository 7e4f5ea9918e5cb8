"""What docs/privacy.md says of the server: what it keeps of itself, and what it never keeps."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from tests.contract.test_privacy import MESSAGES, assert_names
from tests.server.databases import Database
from tests.server.messages import leaving
from werkzeug.test import TestResponse

from exitpoll_agent import wire
from exitpoll_server.store import Product, tables

OF_THE_VENDOR = (
    *("products", "product_keys", "secrets", "versions", "themes", "agents", "declared"),
    *("accounts", "memberships", "invitations", "audit", "tokens", "prepared", "calendars"),
    *("leases", "subscriptions", "mails", "webhooks", "noticed"),
)
"""Tables in which nothing of a copy stands."""

MEAN_SOMETHING_ELSE_TOO = ("channel", "launches")
"""Columns that in some tables are the wire's field of that name, and in others the server's own."""

TOLD_BY_HTTP = {
    "User-Agent": "Telltale/9",
    "Cookie": "telltale=9",
    "X-Forwarded-For": "198.51.100.9",
}
ADDRESS = "198.51.100.7"
TELLTALES = (b"elltale", b"198.51.100")

COMMENT = "Anna wrote this."
LEFT = wire.to_json(leaving(uninstall={"answers": wire.Answers(comment=COMMENT)}))


def test_every_column_of_the_servers_own_has_its_row() -> None:
    """Whatever is kept of a copy is a field that was sent, or is listed as the server's own."""
    sent = {name.rpartition(".")[2] for names in MESSAGES.values() for name in names}
    columns = [
        column.name
        for table in tables.metadata.sorted_tables
        if table.name not in OF_THE_VENDOR
        for column in table.columns
        if column.name != "id" and not column.foreign_keys
    ]
    own = [name for name in columns if name not in sent or name in MEAN_SOMETHING_ELSE_TOO]
    assert_names("added", list(dict.fromkeys(own)))


def test_nothing_that_http_tells_is_kept(
    client: FlaskClient, product: Product, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    """No address, user agent or cookie gets into the database or a log, and none is set."""
    client.environ_base.update(REMOTE_ADDR=ADDRESS)
    page = f"/u/{product.key}/{wire.encode_event(leaving())}"
    answers = [post(client, product), client.get(page, headers=TOLD_BY_HTTP)]
    survey = answers[-1].headers["Location"]
    answers += [
        client.get(survey, headers=TOLD_BY_HTTP),
        client.get(f"{survey}/open", headers=TOLD_BY_HTTP),
        client.post(survey, headers=TOLD_BY_HTTP, data={"reason": "other", "comment": COMMENT}),
    ]
    assert [answer.status_code for answer in answers] == [200, 303, 200, 200, 303]
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    kept = database.contents()
    assert COMMENT.encode() in kept
    assert not [told for told in TELLTALES if told in kept]
    assert capfd.readouterr() == ("", "")


def test_a_fault_is_logged_without_what_was_sent(
    client: FlaskClient, product: Product, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the log of a fault learns what failed, and nothing of anybody."""
    with database.broken("answers"):
        assert post(client, product).status_code == 500
    assert "INSERT INTO answers" in caplog.text
    assert COMMENT not in caplog.text


def post(client: FlaskClient, product: Product) -> TestResponse:
    headers = {**TOLD_BY_HTTP, "Authorization": f"Bearer {product.key}"}
    return client.post(
        wire.UNINSTALLS_PATH, data=LEFT, headers=headers, content_type="application/json"
    )
