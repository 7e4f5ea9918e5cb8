"""What is logged: one line an event, requests by id and pattern, and nothing of anybody."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from exitpoll_server import config, create_app, logs, trace
from exitpoll_server.store import Store

THERE: dict[str, str] = {}

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Log everything as JSON into memory, and return how to read it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    handler.addFilter(logs.Impersonal())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def failing(store: Store) -> FlaskClient:
    """Return a client of a server with access logs, and a page that fails."""
    app = create_app(store, replace(config.load({}), access_log=True))

    @app.get("/fails/<what>")
    def fails(what: str) -> str:
        try:
            return THERE[what]
        except KeyError:
            raise ValueError(f"no {what}") from None

    @app.get("/fails-twice/<what>")
    def fails_twice(what: str) -> str:
        try:
            return THERE[what]
        except KeyError as error:
            raise ValueError(f"no {what}") from error

    return app.test_client()


# -- ids -------------------------------------------------------------------------------------


def test_a_request_has_an_id(client: FlaskClient) -> None:
    """Two requests have two ids, told in the answer."""
    ids = [client.get("/livez").headers[trace.HEADER] for _ in range(2)]
    assert len(set(ids)) == 2
    assert all(len(one) == trace.ID_BITS / 4 for one in ids)


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("0123456789abcdef0123456789abcdef", True),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", True),
        ("0123", False),
        ("0" * 65, False),
        ("anna@example.com", False),
        ("0123456789abcdef\u00e9", False),
    ],
)
def test_a_proxys_id_is_taken_if_it_is_one(
    client: FlaskClient, given: str, *, is_taken: bool
) -> None:
    """What proxies make is kept through; what could be anything else is not."""
    answer = client.get("/livez", headers={trace.HEADER: given})
    assert (answer.headers[trace.HEADER] == given) == is_taken


# -- events ----------------------------------------------------------------------------------


def test_access_is_logged_where_it_is_wanted(failing: FlaskClient, lines: Lines) -> None:
    """A line has id, method, pattern, status and duration, and nothing else."""
    answer = failing.get("/u/hush/hush?hush=hush", headers={"User-Agent": "hush"})
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert 0 <= line.pop("milliseconds") < 60_000
    assert line == {
        "level": "info",
        "logger": "exitpoll",
        "event": "request",
        "request_id": answer.headers[trace.HEADER],
        "method": "GET",
        "route": "/u/<product_key>/<path:event>",
        "status": 404,
    }


def test_access_is_not_logged_by_default(client: FlaskClient, lines: Lines) -> None:
    """Whoever asks for nothing has no log of requests."""
    client.get("/livez")
    assert lines() == []


@pytest.mark.parametrize("path", ["/fails/hush", "/fails-twice/hush"])
def test_a_fault_is_logged_without_its_values(
    failing: FlaskClient, lines: Lines, path: str
) -> None:
    """Where it happened and what it was, under the id that the answer has; not what it quotes."""
    answer = failing.get(path)
    assert answer.status_code == 500
    fault, access = lines()
    assert fault["event"] == "a request failed"
    assert fault["request_id"] == access["request_id"] == answer.headers[trace.HEADER]
    assert fault["route"] == path.replace("hush", "<what>")
    assert "test_logs.py" in fault["traceback"]
    assert fault["traceback"].endswith("builtins.ValueError")
    assert ("builtins.KeyError" in fault["traceback"]) == ("twice" in path)
    assert "hush" not in json.dumps([fault, access])


def test_methods_that_are_none(failing: FlaskClient, lines: Lines) -> None:
    """A method is what somebody typed, unless a route has it."""
    failing.open("/livez", method="HUSH")
    (line,) = lines()
    assert (line["method"], line["status"]) == ("?", 405)


@pytest.mark.parametrize(
    "said",
    [
        "Exception while serving /u/KEY/EVENT",
        "Exception while serving '/s/feedback/EVENT'",
        "Client disconnected while serving http://localhost/s/EVENT?x=KEY",
    ],
)
def test_other_peoples_lines_lose_their_paths(lines: Lines, said: str) -> None:
    """A library that names the path of a page is cut short."""
    logging.getLogger("waitress").warning("%s", said)
    (line,) = lines()
    assert line["event"].startswith(said[:20])
    assert "KEY" not in line["event"]
    assert "EVENT" not in line["event"]


def test_a_terminal_gets_text() -> None:
    """For people a line is a sentence with its fields behind it, and a traceback below."""
    record = logging.makeLogRecord(
        {"msg": "a page failed", "levelname": "ERROR", "fields": {"route": "/x"}, "created": 0}
    )
    formatted = logs.TextLines().format(record)
    assert formatted == "1970-01-01T00:00:00.000Z error a page failed route=/x"
    record.exc_text = "x.py, line 1\nbuiltins.ValueError"
    assert logs.TextLines().format(record) == f"{formatted}\n{record.exc_text}"


BARE = """
from exitpoll_server import create_app
app = create_app()
app.add_url_rule("/fails", view_func=lambda: {}["hu" + "sh"])
app.test_client().get("/fails")
"""


@pytest.mark.parametrize("wanted", ["text", "json"])
def test_the_application_alone_logs_the_same(tmp_path: Path, wanted: str) -> None:
    """Under a server that sets up no logging, faults are written as configured, without values."""
    settings = {
        "EXITPOLL_DATABASE_URL": f"sqlite:///{tmp_path / 'exitpoll.sqlite3'}",
        "EXITPOLL_LOG_FORMAT": wanted,
    }
    program = [sys.executable, "-c", BARE]
    done = subprocess.run(
        program, env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    assert "a request failed" in done.stderr
    assert "builtins.KeyError" in done.stderr
    assert done.stderr.startswith("{") == (wanted == "json")
    assert "hush" not in done.stderr


@pytest.mark.parametrize(
    ("wanted", "formatter"),
    [(None, logs.JsonLines), ("json", logs.JsonLines), ("text", logs.TextLines)],
)
def test_the_format_is_chosen(wanted: logs.Format | None, formatter: type) -> None:
    """What is configured; else JSON, unless somebody watches on a terminal."""
    assert logs.configuration(wanted)["formatters"]["exitpoll"]["()"] is formatter
