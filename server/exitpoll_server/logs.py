"""What the server says of itself: one line an event on stderr, with nothing of anybody in it.

An exception's message may quote what was sent, a path of `/u/` or `/s/` belongs to one person: of
exceptions only their types, places and SQL are written, and such paths are cut. That happens to the
record itself, so that it holds for whatever handler another server brings.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from traceback import TracebackException
from typing import Any, Literal

Format = Literal["text", "json"]

NAME = "exitpoll"
"""The logger of everything that the server itself says."""

_PERSONAL_PATH = re.compile(r"/([us])/[^\s'\"]+")


def event(level: int, what: str, error: Exception | None = None, **fields: object) -> None:
    """Write an event, with what is known of it; `error` is told without its values."""
    logging.getLogger(NAME).log(level, what, exc_info=error, extra={"fields": fields})


def set_up(format_: Format | None) -> None:
    """Write all logs of this process to stderr; without a format, text on a terminal, else JSON."""
    logging.config.dictConfig(configuration(format_))


def configuration(format_: Format | None) -> dict[str, Any]:
    """Return how `logging` is configured, for a server that does so in its own processes."""
    chosen = format_ or ("text" if sys.stderr.isatty() else "json")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"impersonal": {"()": Impersonal}},
        "formatters": {"exitpoll": {"()": {"text": TextLines, "json": JsonLines}[chosen]}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "exitpoll",
                "filters": ["impersonal"],
            }
        },
        "loggers": {NAME: {"level": "INFO", "filters": ["impersonal"]}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }


def set_up_where_nobody_did(format_: Format | None) -> None:
    """Make sure that events are written, and never with values, under whatever server."""
    logger = logging.getLogger(NAME)
    if not logger.hasHandlers():
        set_up(format_)
    elif not any(isinstance(one, Impersonal) for one in logger.filters):
        logger.addFilter(Impersonal())
        logger.setLevel(logging.INFO)


class Impersonal(logging.Filter):
    """Takes out of a record what may be somebody's; idempotent."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        record.msg, record.args = _PERSONAL_PATH.sub(r"/\1/…", record.getMessage()), ()
        error = record.exc_info[1] if record.exc_info else None
        record.exc_info = None
        if error is not None:
            record.exc_text = "\n".join(_told(error))
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_text:
            said["traceback"] = record.exc_text
        return json.dumps(said, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """A line for people, and below it where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line or lines."""
        fields = "".join(
            f" {name}={value}" for name, value in getattr(record, "fields", {}).items()
        )
        line = f"{_instant(record)} {record.levelname.lower()} {record.getMessage()}{fields}"
        return f"{line}\n{record.exc_text}" if record.exc_text else line


def _instant(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, timezone.utc)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(error: BaseException) -> Iterator[str]:
    """Tell of an exception and of what led to it: places, types and SQL, no values."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _told(earlier)
        yield "then:"
    yield "".join(TracebackException.from_exception(error).stack.format()).rstrip("\n")
    yield f"{type(error).__module__}.{type(error).__qualname__}{_statement(error)}"


def _statement(error: BaseException) -> str:
    # SQLAlchemy's errors know their statement apart from its values, and the driver's its code.
    statement = getattr(error, "statement", None)
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return "".join(f"; {part}" for part in (code, statement) if part)
