"""The server's settings: read once, from the environment, failing loudly on nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import platformdirs


class ConfigError(Exception):
    """A setting makes no sense; says which, and what it should look like."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of the server."""

    database_url: str
    """`EXITPOLL_DATABASE_URL`: an SQLAlchemy URL; by default a file in the user's data folder."""
    public_url: str
    """`EXITPOLL_PUBLIC_URL`: how agents and browsers reach this server, without a final slash."""


LOCAL_URL = "http://127.0.0.1:8000"
"""Where `exitpoll serve` listens by default, and so the public address until one is set."""


def load(environment: Mapping[str, str]) -> Config:
    """Read the settings.

    Raises:
        ConfigError: a setting makes no sense.
    """
    return Config(
        database_url=_database_url(environment.get("EXITPOLL_DATABASE_URL", "")),
        public_url=_public_url(environment.get("EXITPOLL_PUBLIC_URL", "")),
    )


def _database_url(text: str) -> str:
    if not text:
        return f"sqlite:///{platformdirs.user_data_path('exitpoll') / 'exitpoll.sqlite3'}"
    scheme, separator, rest = text.partition("://")
    if not separator or scheme != "sqlite":
        raise ConfigError(
            f"EXITPOLL_DATABASE_URL={text!r} is no database known here; "
            "for a file write sqlite:////var/lib/exitpoll/exitpoll.sqlite3"
        )
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ConfigError(
            f"EXITPOLL_DATABASE_URL={text!r} names no file; "
            "write sqlite:/// and then the file, for example "
            "sqlite:////var/lib/exitpoll/exitpoll.sqlite3"
        )
    return text


def _public_url(text: str) -> str:
    url = (text or LOCAL_URL).rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"EXITPOLL_PUBLIC_URL={text!r} is no web address; "
            "it should look like https://feedback.example.com"
        )
    return url
