"""Somebody at the console: a browser without JavaScript, which keeps cookies and sends forms."""

from __future__ import annotations

import html
import re
from typing import Any

from flask import Flask
from tests.server.messages import NOW
from werkzeug.test import TestResponse

from exitpoll_server import clock
from exitpoll_server.store import Invitation, Product, Role, Store

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


class Visitor:
    """One browser."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self._token: str | None = None

    def get(self, path: str, **asked: Any) -> TestResponse:
        """Open a page."""
        answer = self.client.get(f"/console{path}", buffered=True, **asked)
        self._remember(answer)
        return answer

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form, with the token of the last page that had one."""
        if self._token is None:
            self.get("/sign-in")
        answer = self.client.post(f"/console{path}", data={**fields, "csrf_token": self._token})
        self._remember(answer)
        return answer

    def _remember(self, answer: TestResponse) -> None:
        if answer.mimetype == "text/html":
            self._token = next(iter(_TOKEN.findall(answer.text)), self._token)

    def read(self, path: str, **asked: Any) -> str:
        """Return what a page says, without its tags."""
        answer = self.get(path, **asked)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return said(answer)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Come back."""
        self.get("/sign-in")
        return self.post("/sign-in", email=email, password=password)

    def join(self, secret: str, **fields: str) -> TestResponse:
        """Use a link."""
        self.get(f"/join/{secret}")
        return self.post(f"/join/{secret}", **{"name": "Ada", "password": PASSWORD, **fields})


def said(answer: TestResponse) -> str:
    """Return the words of a page, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def administrator(app: Flask, store: Store, email: str = "ada@example.com") -> Visitor:
    """Return somebody who looks after the server: the first of all came by the set-up link."""
    purpose: Any = "invitation" if store.people.are_there() else "set-up"
    link = store.people.invite(Invitation(purpose=purpose), clock.now())
    visitor = Visitor(app)
    assert visitor.join(link, email=email, name="Ada").status_code == 303
    return visitor


def member(app: Flask, store: Store, product: Product, role: Role) -> Visitor:
    """Return somebody who was let into a product."""
    email = f"{role}-{product.id}@example.com"
    asked = Invitation(purpose="invitation", email=email, product_id=product.id, role=role)
    visitor = Visitor(app)
    answer = visitor.join(store.people.invite(asked, clock.now()), name=role.title())
    assert answer.status_code == 303
    return visitor


def another_product(store: Store) -> Product:
    """Return a product that is somebody else's."""
    return store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
