"""/openapi.json, and its page: made of the schemas, served by ourselves."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from exitpoll_server import create_app
from exitpoll_server.openapi.document import EXAMPLES, document
from exitpoll_server.store import Product, Store


def test_the_document_is_served(client: FlaskClient) -> None:
    """Programs read what can be sent, and get the same each time."""
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert json.loads(answer.data) == document()
    assert client.get("/openapi.json").data == answer.data


def test_every_request_is_described(store: Store) -> None:
    """Each route has its path and methods in the document, and no other is made up."""
    described = {
        (path, method.upper())
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert described == served(create_app(store))


def served(app: Flask) -> set[tuple[str, str]]:
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.endswith(".static")
        # The console's pages are the vendor's own: no program is to rely on them.
        if rule.endpoint != "root" and not rule.endpoint.startswith("console.")
    }


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_examples_are_taken_whole(client: FlaskClient, product: Product, path: str) -> None:
    """What the page shows can be sent as it stands."""
    key = {"Authorization": f"Bearer {product.key}"}
    answer = client.post(path, json=EXAMPLES[path], headers=key)
    assert (answer.status_code, answer.get_json()["ignored"]) == (200, [])


def test_the_page_names_everything(client: FlaskClient) -> None:
    """Every path, schema, field and code of the document stands on the page."""
    page = client.get("/openapi").get_data(as_text=True)
    for path in document()["paths"]:
        assert f"<code>{path}</code>" in page
    for name, schema in document()["components"]["schemas"].items():
        assert f'<section id="{name}">' in page
        for field in schema["properties"]:
            assert f"<code>{field}</code>" in page
    for code in re.findall(r'"enum": \["(\w+)"', json.dumps(document())):
        assert f"<code>{code}</code>" in page


def test_the_page_needs_nobody_else(client: FlaskClient) -> None:
    """Nothing on it comes from another host or runs, and the browser is told so."""
    answer = client.get("/openapi")
    page = answer.get_data(as_text=True)
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert loaded == ["/openapi/static/openapi.css", "/openapi.json"]
    assert "<script" not in page
    assert "style=" not in page
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    with client.get(loaded[0]) as style:
        assert style.mimetype == "text/css"
        assert b"url(" not in style.data


def test_the_page_shows_no_markup(client: FlaskClient) -> None:
    """What stands in backticks is code, and nothing of the template is left."""
    page = client.get("/openapi").get_data(as_text=True)
    assert "<code>&#34;exitpoll&#34;: 1</code>" in page
    assert not re.search(r"&lt;code|[{}]{2}|[{]%|`|\bNone\b|Undefined", page)
