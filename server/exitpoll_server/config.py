"""The server's settings: declared once, read from the environment, failing loudly on nonsense."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs

PREFIX = "EXITPOLL_"

TYPING_ERROR = 0.8
"""How alike a name must be to one of ours to be taken for it mistyped; agents, tests and container
runtimes have `EXITPOLL_…` of their own, which are none of our business."""

LOCAL_URL = "http://127.0.0.1:8000"
"""Where `exitpoll serve` listens by default, and so the public address until one is set."""

EXAMPLE_FILE = "sqlite:////var/lib/exitpoll/exitpoll.sqlite3"
EXAMPLE_SERVER = "postgresql://user:password@db.example.com:5432/exitpoll"

MOST_WORKERS = 64
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
"""Nobody guesses it, and it needs no quoting anywhere."""
_UNITS = {"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}

MOST_SURVEY_DAYS = 365
"""Who left a year ago remembers nothing that helps."""

_MOST_PROXIES = 10
"""More stand in front of nothing; the number was meant for something else."""

_DECLARED = "setting"


_SMTP_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
EXAMPLE_SMTP = "smtp+starttls://user:password@mail.example.com:587"
_ADDRESS = r"[^@\s,;<>\"]+@[^@\s,;<>\"]+"
_MAIL_FROM = re.compile(rf"{_ADDRESS}|[^<>\"@,;]+ <{_ADDRESS}>")


class ConfigError(Exception):
    """A setting makes no sense; says which, and what it should look like."""


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds."""

    amount: int
    seconds: int


@dataclass(frozen=True)
class Smtp:
    """A mail server, and how it is spoken to."""

    kind: str
    """`smtp`, `smtps` or `smtp+starttls`; the first is not encrypted."""
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Setting:
    """How a setting is declared: with its parser, its default and a sentence."""

    parse: Callable[[str], object]
    """Raises `ValueError` with what follows the value in a sentence: "is no …; write …"."""
    sentence: str
    default: str = ""
    """The text that is parsed where nothing is set."""
    unset: str = ""
    """What the default is called where it is no text."""
    secret: bool = False
    """Whether the value must not be shown, not even a wrong one."""

    def value(self, name: str, text: str) -> object:
        """Return the value of a variable's text; an empty one is not set."""
        try:
            return self.parse(text or self.default)
        except ValueError as error:
            shown = name if self.secret else f"{name}={text!r}"
            raise ConfigError(f"{shown} {error}") from None


# -- one function a kind of value ----------------------------------------------------------


def database_url(text: str) -> str:
    """Return the URL of a database, as it was written; of no text, of a file of the user's.

    Raises:
        ValueError: it is none that is known here; says so without it, for it may hold a password.
    """
    if not text:
        return f"sqlite:///{platformdirs.user_data_path('exitpoll') / 'exitpoll.sqlite3'}"
    scheme, separator, rest = text.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        _check_server(text)
    elif not separator or scheme != "sqlite":
        raise ValueError(
            f"is no database known here; for a file write {EXAMPLE_FILE}, "
            f"for PostgreSQL {EXAMPLE_SERVER}"
        )
    elif not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise ValueError(
            f"names no file; write sqlite:/// and then the file, for example {EXAMPLE_FILE}"
        )
    return text


def _file(text: str) -> Path | None:
    if not text:
        return None
    file = Path(text)
    if not file.is_absolute() or file.is_dir():
        raise ValueError(
            "names no file; write its whole path, such as /var/lib/exitpoll/exitpoll.erasures"
        )
    return file


def _check_server(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = len(parts.path) > 1 and parts.port != 0 and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            f"names no database of PostgreSQL; it should look like {EXAMPLE_SERVER}, "
            "with %40 for an @ in the password and %2F for a /"
        )


def _web_address(text: str) -> str:
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is no web address; it should look like https://feedback.example.com")
    return url


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= count <= MOST_WORKERS:
        raise ValueError(f"is no number from 1 to {MOST_WORKERS}")
    return count


def _days(text: str) -> int:
    days = int(text) if re.fullmatch("[0-9]{1,3}", text) else 0
    if not 1 <= days <= MOST_SURVEY_DAYS:
        raise ValueError(f"is no number of days; write one from 1 to {MOST_SURVEY_DAYS}")
    return days


def _on_or_off(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("is neither on nor off")
    return text == "on"


def _log_format(text: str) -> Literal["text", "json"] | None:
    formats: tuple[Literal["text", "json"], ...] = ("text", "json")
    for one in formats:
        if one == text:
            return one
    if text:
        raise ValueError("is no format; write text or json")
    return None


def _token(text: str) -> str | None:
    if text and not _TOKEN.fullmatch(text):
        raise ValueError(
            "is no token: it has at least 16 letters, digits, hyphens or underscores; "
            "`openssl rand -hex 16` makes one"
        )
    return text or None


def _rate(text: str) -> Rate | None:
    if text == "off":
        return None
    amount, _, unit = text.partition("/")
    if not re.fullmatch("[1-9][0-9]{0,9}", amount) or unit not in _UNITS:
        raise ValueError(
            "is no rate; write requests by second, minute, hour or day, "
            "for example 6000/minute, or off"
        )
    return Rate(int(amount), _UNITS[unit])


def _proxies(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > _MOST_PROXIES:
        raise ValueError("is no number of proxies; write 1 behind one reverse proxy, 0 without any")
    return int(text)


def _smtp(text: str) -> Smtp | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        port = _SMTP_PORTS[parts.scheme] if parts.port is None else parts.port
        usable = parts.hostname and port and not (parts.query or parts.fragment)
        usable = usable and parts.path in ("", "/")
    except (ValueError, KeyError):
        usable = False
    if not usable:
        raise ValueError(
            f"is no mail server; it should look like {EXAMPLE_SMTP}, or begin with smtps:// or "
            "smtp://, with %40 for an @ in the password and %2F for a /"
        )
    if parts.password and parts.scheme == "smtp":
        raise ValueError(
            "would send its password unencrypted; begin it with smtp+starttls:// or smtps://"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Smtp(parts.scheme, parts.hostname or "", port, user, password)


def _mail_from(text: str) -> str | None:
    if text and not (text.isprintable() and _MAIL_FROM.fullmatch(text)):
        raise ValueError(
            "is no sender; write exitpoll@example.com, or Exitpoll <exitpoll@example.com>"
        )
    return text or None


# -- the settings --------------------------------------------------------------------------


def _setting(
    parse: Callable[[str], object],
    sentence: str,
    *,
    default: str = "",
    unset: str = "",
    secret: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field, which stands for a value of the field's type
    return field(metadata={_DECLARED: Setting(parse, sentence, default, unset, secret)})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of the server; the variable of `public_url` is `EXITPOLL_PUBLIC_URL`."""

    database_url: str = _setting(
        database_url,
        "The database: sqlite:/// and the file, with four slashes where its path is absolute; "
        "or postgresql://user@host/name.",
        unset="a file exitpoll.sqlite3 in your data folder",
        secret=True,
    )
    erasures_file: Path | None = _setting(  # noqa: RUF009 - it is a field
        _file,
        "The journal of erasures, for a database that comes back from a backup: a whole path.",
        unset="beside an SQLite database, its name and .erasures; else a file in your data folder",
    )
    public_url: str = _setting(
        _web_address,
        "How agents and browsers reach this server; printed in every product's address.",
        default=LOCAL_URL,
    )
    workers: int = _setting(
        _count,
        "The processes that answer requests, best one a core; waitress has but one.",
        default=str(min(os.cpu_count() or 1, 4)),
        unset="one a core, at most 4",
    )
    survey_days: int = _setting(
        _days,
        "How many days the address of a survey's page can be answered, 1 to 365.",
        default="30",
    )
    metrics_token: str | None = _setting(
        _token,
        "Opens /metrics to whoever sends it as Authorization: Bearer.",
        unset="none: /metrics answers 404",
        secret=True,
    )
    log_format: Literal["text", "json"] | None = _setting(
        _log_format,
        "How stderr is written: text or json, one line an event.",
        unset="text on a terminal, else json",
    )
    access_log: bool = _setting(
        _on_or_off,
        "A line a request: route, status, duration; no address, key or path.",
        default="off",
    )
    # By default: a company's thousands of copies behind one address, updated in the same few
    # minutes; a million copies of a product, updated in a quarter of an hour.
    rate_limit_address: Rate | None = _setting(  # noqa: RUF009 - it makes a field
        _rate,
        "What one address may send to each process; beyond it, 429: N/minute, or off.",
        default="6000/minute",
    )
    rate_limit_product: Rate | None = _setting(  # noqa: RUF009 - it makes a field
        _rate,
        "What all copies of one product may send to each process; N/minute, or off.",
        default="60000/minute",
    )
    trusted_proxies: int = _setting(
        _proxies,
        "How many reverse proxies stand in front, each adding to X-Forwarded-For.",
        default="0",
    )

    smtp_url: Smtp | None = _setting(  # noqa: RUF009 - it makes a field
        _smtp,
        "The mail server: smtp+starttls://, smtps:// or smtp://, then user:password@host:port.",
        unset="none: no mail is sent",
        secret=True,
    )
    mail_from: str | None = _setting(
        _mail_from,
        "Whom mail comes from: an address, or a name and <address>.",
        unset="none; needed with a mail server",
    )
    webhook_private_addresses: bool = _setting(
        _on_or_off,
        "Webhooks may go to private addresses, and by http: for the operator's own network.",
        default="off",
    )

    @property
    def journal(self) -> Path:
        """Where erasures are written down, outside of the database."""
        _, is_sqlite, database = self.database_url.partition("sqlite:///")
        beside = (
            Path(database) if is_sqlite else platformdirs.user_data_path("exitpoll") / "exitpoll"
        )
        return self.erasures_file or beside.with_name(f"{beside.name}.erasures")


@dataclass(frozen=True)
class Explained:
    """A setting as a person is told of it."""

    name: str
    default: str
    sentence: str


def settings() -> list[Explained]:
    """Return every setting, for the command's help and the documentation."""
    return [Explained(_variable(each), of.unset or of.default, of.sentence) for each, of in _all()]


def load(environment: Mapping[str, str]) -> Config:
    """Read the settings.

    Raises:
        ConfigError: a setting makes no sense, or is the mistyped name of one.
    """
    _no_typing_errors(environment)
    values: dict[str, Any] = {
        each.name: of.value(_variable(each), environment.get(_variable(each), ""))
        for each, of in _all()
    }
    settings = Config(**values)
    if settings.smtp_url is not None and settings.mail_from is None:
        raise ConfigError("EXITPOLL_SMTP_URL needs EXITPOLL_MAIL_FROM, whom mail comes from")
    return settings


def _all() -> list[tuple[Field[Any], Setting]]:
    return [(each, each.metadata[_DECLARED]) for each in fields(Config)]


def _variable(of: Field[Any]) -> str:
    return PREFIX + of.name.upper()


def _no_typing_errors(environment: Mapping[str, str]) -> None:
    known = [_variable(each).removeprefix(PREFIX) for each, _ in _all()]
    for name in environment:
        said = name.removeprefix(PREFIX)
        if said == name or said in known:
            continue
        meant = get_close_matches(said, known, n=1, cutoff=TYPING_ERROR)
        if meant:
            raise ConfigError(f"{name} is no setting; write {PREFIX}{meant[0]}")
