"""The application around a fresh store, and who looks after it."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask import Flask
from tests.server.console.visitors import Visitor, administrator

from exitpoll_server import create_app
from exitpoll_server.console import passwords
from exitpoll_server.store import Store


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let argon2 work less: it is slow on purpose."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def app(store: Store) -> Flask:
    return create_app(store)


@pytest.fixture
def ada(app: Flask, store: Store) -> Visitor:
    return administrator(app, store)
