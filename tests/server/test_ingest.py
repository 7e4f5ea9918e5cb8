"""POST /v1/…: every request gets an answer of ours, and never a 500."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.databases import Database
from tests.server.messages import COUNTER, INSTALLATION, UNINSTALL
from werkzeug.test import TestResponse

from exitpoll_agent import wire
from exitpoll_server import create_app
from exitpoll_server.store import Product, Store

PING = {
    "installation_id": str(INSTALLATION),
    "counter": str(COUNTER),
    "seq": 1,
    "sent_at": "2026-11-20T08:00:00Z",
    "consent": "full",
}
LEAVING = {"uninstall_id": str(UNINSTALL), "at": "2026-11-20T08:00:00Z"}
ROW = {"day": "2026-11-20", "version": "1.0", "launches": 3}
CONFIRMED = {
    "exitpoll": 1,
    "ignored": [],
    "policy": {
        "collection": True,
        "survey": True,
        "interval_hours": 24,
        "resend_since": None,
        "move_to": None,
    },
    "prompt": None,
    "received": None,
}
TABLES = ("installations", "counters", "launches", "milestones", "uninstalls", "answers", "history")


@pytest.fixture
def client(client: FlaskClient, product: Product) -> FlaskClient:
    """Return the client, with the product's key in every request."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {product.key}"
    return client


def post(client: FlaskClient, message: object, path: str = wire.PINGS_PATH) -> TestResponse:
    return client.post(path, data=json.dumps(message), content_type="application/json")


def event(**how: object) -> dict[str, Any]:
    return {**PING, "uninstall": {**LEAVING, **how}}


def stored(look: Look) -> int:
    return sum(look(f"SELECT COUNT(*) AS n FROM {name}")[0]["n"] for name in TABLES)  # noqa: S608


# -- accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (wire.PINGS_PATH, {**PING, "days": [ROW]}),
        (wire.UNINSTALLS_PATH, event()),
        (wire.ERASURES_PATH, {"installation_id": str(INSTALLATION)}),
    ],
)
def test_what_is_merged_is_confirmed(
    client: FlaskClient, path: str, message: dict[str, Any]
) -> None:
    """A confirmation is 200 with exactly the JSON that agents know."""
    answer = post(client, message, path)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == CONFIRMED


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (wire.PINGS_PATH, {**PING, "days": [ROW], "locale": 7}),
        (wire.UNINSTALLS_PATH, event(answers={"comment": "Bye"})),
        (wire.ERASURES_PATH, {"installation_id": str(INSTALLATION)}),
    ],
)
def test_a_rehearsal_is_told_what_was_received(
    client: FlaskClient, path: str, message: dict[str, Any]
) -> None:
    """A message marked test is repeated as it was taken in, without what was left out of it."""
    answer = post(client, {**message, "test": True}, path).json
    assert answer is not None
    received = answer["received"]
    ignored = answer["ignored"]
    assert ignored == (["locale"] if "locale" in message else [])
    assert received["test"] is True
    assert received["installation_id"] == str(INSTALLATION)
    for name in ("days", "seq"):
        assert received.get(name) == message.get(name, [] if "seq" in message else None)
    if "uninstall" in message:
        assert received["uninstall"]["answers"]["comment"] == "Bye"
    if ignored:
        assert received["locale"] is None


def test_what_consent_forbids_is_not_received(client: FlaskClient) -> None:
    """A rehearsal under `exit` shows that history is thrown away even where it is sent."""
    sent = {**event(), "consent": "exit", "test": True, "days": [ROW], "customer": "c"}
    answer = post(client, sent, wire.UNINSTALLS_PATH).json
    assert answer is not None
    assert (answer["received"]["days"], answer["received"]["customer"]) == ([], None)


def test_what_is_confirmed_is_durable(client: FlaskClient, look: Look) -> None:
    """When the answer is there, another process reads the launches from the file."""
    post(client, {**PING, "days": [ROW]})
    assert look("SELECT launches, dated FROM launches") == [{"launches": 3, "dated": 1}]


IGNORED = [
    ({"later_field": 1, "another": {"deep": []}}, []),
    ({"locale": 7}, ["locale"]),
    ({"locale": "x" * 36}, ["locale"]),
    ({"version": "two\nlines"}, ["version"]),
    ({"os": "NUL\0"}, ["os"]),
    ({"os": "half a pair \ud83d"}, ["os"]),
    ({"origin": "sideload"}, ["origin"]),
    ({"installed_at": "2026-11-20T08:00:00"}, ["installed_at"]),
    ({"installed_at": "0001-01-01T00:00:00+23:00"}, ["installed_at"]),
    ({"installed_at": 1763625600}, ["installed_at"]),
    ({"launches_total": -1}, ["launches_total"]),
    ({"launches_total": 1.0}, ["launches_total"]),
    ({"launches_total": 10**400}, ["launches_total"]),
    ({"first_launch_day": "20261120"}, ["first_launch_day"]),
    ({"first_launch_day": "2026-02-30"}, ["first_launch_day"]),
    ({"days": "none"}, ["days"]),
    ({"days": {"0": ROW}}, ["days"]),
    ({"days": [ROW, ROW, ROW, {**ROW, "launches": 10_001}]}, ["days.3"]),
    ({"days": [None, 1, [], "x", {}, {**ROW, "launches": True}]}, [f"days.{n}" for n in range(6)]),
    ({"days": [{**ROW, "version": ""}]}, ["days.0"]),
    ({"milestones": ["first-export"]}, ["milestones"]),
    ({"milestones": {"good": "2026-11-20", "bad": "soon"}}, ["milestones.bad"]),
    ({"milestones": {"m" * 65: "2026-11-20"}}, [f"milestones.{'m' * 65}"]),
    ({"milestones": {"_schema": 5}}, ["milestones._schema"]),
    ({"milestones": {str(n): "2026-11-20" for n in range(51)}}, ["milestones"]),
    ({"attributes": {"good": None, "bad": {"a": 1}}}, ["attributes.bad"]),
    ({"attributes": {"big": 10**400}}, ["attributes.big"]),
    ({"attributes": {"\ud83d": 1, "": 1}}, ["attributes.\\ud83d", "attributes."]),
    ({"attributes": {str(n): n for n in range(21)}}, ["attributes"]),
]


@pytest.mark.parametrize(("fields", "ignored"), IGNORED)
def test_what_makes_no_sense_is_left_out_and_named(
    client: FlaskClient, look: Look, fields: dict[str, Any], ignored: list[str]
) -> None:
    """A row or optional field that cannot be taken is named; the rest of the ping is merged."""
    answer = post(client, {**PING, "channel": "beta", **fields})
    assert (answer.status_code, answer.json) == (200, {**CONFIRMED, "ignored": ignored})
    assert look("SELECT channel FROM installations") == [{"channel": "beta"}]


@pytest.mark.parametrize("answers", [5, "x", [], [1], True])
def test_answers_that_are_none_do_not_cost_the_event(
    client: FlaskClient, look: Look, answers: object
) -> None:
    """Whatever stands where answers should: they are named, and the uninstall is kept."""
    answer = post(client, event(answers=answers), wire.UNINSTALLS_PATH)
    assert (answer.status_code, answer.json) == (
        200,
        {**CONFIRMED, "ignored": ["uninstall.answers"]},
    )
    assert look("SELECT COUNT(*) AS n FROM uninstalls") == [{"n": 1}]


def test_a_bad_answer_is_named_and_the_good_ones_kept(client: FlaskClient, look: Look) -> None:
    """An answer too long or out of range costs none of the others."""
    said = {"reason": "other", "comment": "x" * 4001, "score": 11}
    answer = post(client, event(answers=said), wire.UNINSTALLS_PATH)
    assert answer.json == {
        **CONFIRMED,
        "ignored": ["uninstall.answers.comment", "uninstall.answers.score"],
    }
    assert look("SELECT reason, comment, score FROM answers") == [
        {"reason": "other", "comment": None, "score": None}
    ]


def test_rows_beside_a_bad_one_are_kept(client: FlaskClient, look: Look) -> None:
    """Leaving one row out leaves the others in."""
    rows = [{**ROW, "day": f"2026-11-{day}"} for day in (17, 18, 19)]
    rows[1]["launches"] = "many"
    assert post(client, {**PING, "days": rows}).json == {**CONFIRMED, "ignored": ["days.1"]}
    assert len(look("SELECT * FROM launches")) == 2


# -- refused -------------------------------------------------------------------------------

JSON = "application/json"
NESTED = b"[" * 100_000
BODIES: list[tuple[str, bytes, str, int, str]] = [
    ("no JSON", b"installation_id=1", JSON, 400, "bad_json"),
    ("nothing", b"", JSON, 400, "bad_json"),
    ("a number that JSON does not know", b'{"seq": NaN}', JSON, 400, "bad_json"),
    ("another", b'{"seq": -Infinity}', JSON, 400, "bad_json"),
    ("too many digits", b'{"seq": ' + b"9" * 5_000 + b"}", JSON, 400, "bad_json"),
    ("no UTF-8", b'{"version": "\xff\xfe"}', JSON, 400, "bad_json"),
    ("nested", NESTED[:60_000], JSON, 400, "bad_json"),
    ("nested objects", b'{"a":' * 10_000, JSON, 400, "bad_json"),
    ("100,000 brackets", NESTED, JSON, 413, "too_large"),
    ("one byte too many", b" " * (64 * 1024 + 1), JSON, 413, "too_large"),
    ("a form", b"{}", "application/x-www-form-urlencoded", 415, "not_json"),
    ("no type", b"{}", "", 415, "not_json"),
    ("a list", b"[]", JSON, 422, "invalid"),
    ("null", b"null", JSON, 422, "invalid"),
    ("a text", b'"ping"', JSON, 422, "invalid"),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [case[1:] for case in BODIES],
    ids=[case[0] for case in BODIES],
)
@pytest.mark.parametrize("path", [wire.PINGS_PATH, wire.UNINSTALLS_PATH, wire.ERASURES_PATH])
def test_what_is_no_message_is_refused(  # noqa: PLR0913 - a table's columns
    client: FlaskClient,
    look: Look,
    path: str,
    body: bytes,
    content_type: str,
    status: int,
    code: str,
) -> None:
    """A body that is no message gets its status and code, on every path, and stores nothing."""
    answer = client.post(path, data=body, content_type=content_type)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.get_json()["exitpoll"] == 1
    assert stored(look) == 0


LONGEST = 64 * 1024
GZIPPED: list[tuple[str, bytes, str, int, str]] = [
    ("no gzip", b"{}", "gzip", 400, "bad_gzip"),
    ("nothing", b"", "gzip", 400, "bad_gzip"),
    ("zlib without gzip's header", zlib.compress(b"{}"), "gzip", 400, "bad_gzip"),
    ("cut", gzip.compress(b"{}")[:-1], "gzip", 400, "bad_gzip"),
    ("a wrong checksum", gzip.compress(b"{}")[:-8] + bytes(8), "gzip", 400, "bad_gzip"),
    ("something after the end", gzip.compress(b"{}") + b"!", "gzip", 400, "bad_gzip"),
    ("two in one", gzip.compress(b"{") + gzip.compress(b"}"), "gzip", 400, "bad_gzip"),
    ("no JSON", gzip.compress(b"ping"), "gzip", 400, "bad_json"),
    ("all that fits", gzip.compress(b" " * LONGEST), "gzip", 400, "bad_json"),
    ("one byte too many", gzip.compress(b" " * (LONGEST + 1)), "gzip", 413, "too_large"),
    ("a bomb", gzip.compress(b" " * 50_000_000), "gzip", 413, "too_large"),
    ("a bomb, cut", gzip.compress(b" " * 50_000_000)[:30_000], "gzip", 413, "too_large"),
    ("too long as it is", b"!" * (LONGEST + 1), "gzip", 413, "too_large"),
    ("another encoding", zlib.compress(b"{}"), "deflate", 415, "unknown_encoding"),
    ("twice", gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 415, "unknown_encoding"),
]


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [case[1:] for case in GZIPPED],
    ids=[case[0] for case in GZIPPED],
)
@pytest.mark.parametrize("path", [wire.PINGS_PATH, wire.UNINSTALLS_PATH, wire.ERASURES_PATH])
def test_what_is_compressed_wrongly_is_refused(  # noqa: PLR0913 - a table's columns
    client: FlaskClient,
    look: Look,
    path: str,
    body: bytes,
    encoding: str,
    status: int,
    code: str,
) -> None:
    """Bombs, rubbish and unknown encodings get one clear refusal each, and store nothing."""
    headers = {"Content-Encoding": encoding}
    answer = client.post(path, data=body, content_type=JSON, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.headers.get("Accept-Encoding") == ("gzip" if status == 415 else None)
    assert stored(look) == 0


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_a_compressed_message_is_as_good_as_a_plain_one(
    client: FlaskClient, look: Look, encoding: str
) -> None:
    """What an agent compresses is merged."""
    body = gzip.compress(json.dumps({**PING, "days": [ROW]}).encode())
    headers = {"Content-Encoding": encoding}
    answer = client.post(wire.PINGS_PATH, data=body, content_type=JSON, headers=headers)
    assert answer.json == CONFIRMED
    assert look("SELECT launches FROM launches") == [{"launches": 3}]


def test_a_bomb_is_not_unpacked(client: FlaskClient) -> None:
    """No more memory is taken than the longest message needs, whatever a body unpacks to."""
    body = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()
    client.post(wire.PINGS_PATH, data=body, content_type=JSON, headers={"Content-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_question_changes_nothing(client: FlaskClient, look: Look) -> None:
    """A message that carries nothing is confirmed, and what was known stays known."""
    post(client, {**PING, "days": [ROW], "version": "1.0", "locale": "ru-RU"})
    before = {table: look(f"SELECT * FROM {table}") for table in ("launches", "history")}  # noqa: S608 - names of ours
    assert post(client, {**PING, "seq": 2}).json == CONFIRMED
    assert before == {table: look(f"SELECT * FROM {table}") for table in before}  # noqa: S608 - as above


def test_a_body_without_a_length_is_read_no_further_than_the_limit(client: FlaskClient) -> None:
    """What comes in chunks is measured while it is read."""
    body = io.BytesIO(b" " * 200_000)
    answer = client.post(
        wire.PINGS_PATH,
        input_stream=body,
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    assert body.tell() < 100_000


ENVELOPES: list[tuple[str, dict[str, Any], list[str]]] = [
    (wire.PINGS_PATH, {}, ["consent", "installation_id", "sent_at", "seq"]),
    (wire.PINGS_PATH, {**PING, "installation_id": "abc"}, ["installation_id"]),
    (wire.PINGS_PATH, {**PING, "installation_id": None}, ["installation_id"]),
    (wire.PINGS_PATH, {**PING, "installation_id": [1]}, ["installation_id"]),
    (wire.PINGS_PATH, {**PING, "counter": 7}, ["counter"]),
    (wire.PINGS_PATH, {**PING, "seq": "1"}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "seq": True}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "seq": -1}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "seq": 2**53}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "seq": 10**400}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "seq": 1e3}, ["seq"]),
    (wire.PINGS_PATH, {**PING, "sent_at": "yesterday"}, ["sent_at"]),
    (wire.PINGS_PATH, {**PING, "sent_at": "2026-11-20T08:00:00"}, ["sent_at"]),
    (wire.PINGS_PATH, {**PING, "consent": "maybe"}, ["consent"]),
    (wire.PINGS_PATH, {**PING, "consent": ["full"]}, ["consent"]),
    (wire.PINGS_PATH, {**PING, "consent": {"full": 1}}, ["consent"]),
    (wire.PINGS_PATH, {**PING, "test": "yes"}, ["test"]),
    (wire.PINGS_PATH, {**PING, "test": 1, "seq": None, "locale": 7}, ["seq", "test"]),
    (wire.UNINSTALLS_PATH, PING, ["uninstall"]),
    (wire.UNINSTALLS_PATH, {**PING, "uninstall": None}, ["uninstall"]),
    (wire.UNINSTALLS_PATH, {**PING, "uninstall": 5}, ["uninstall"]),
    (wire.UNINSTALLS_PATH, {**PING, "uninstall": []}, ["uninstall"]),
    (wire.UNINSTALLS_PATH, {**PING, "uninstall": [LEAVING]}, ["uninstall"]),
    (wire.UNINSTALLS_PATH, {**PING, "uninstall": {}}, ["uninstall.at", "uninstall.uninstall_id"]),
    (wire.UNINSTALLS_PATH, event(at="then"), ["uninstall.at"]),
    (wire.UNINSTALLS_PATH, event(uninstall_id="1", answers=[]), ["uninstall.uninstall_id"]),
    (wire.ERASURES_PATH, {}, ["installation_id"]),
    (wire.ERASURES_PATH, {"installation_id": str(INSTALLATION), "test": "no"}, ["test"]),
]


@pytest.mark.parametrize(("path", "message", "fields"), ENVELOPES)
def test_a_broken_envelope_is_refused_field_by_field(
    client: FlaskClient, look: Look, path: str, message: dict[str, Any], fields: list[str]
) -> None:
    """Who speaks, when, with which consent must be right; the answer says what is not."""
    answer = post(client, message, path)
    said = answer.get_json()
    assert (answer.status_code, said["code"], said["exitpoll"]) == (422, "invalid", 1)
    assert sorted(said["fields"]) == fields
    assert all(sentences and all(sentences) for sentences in said["fields"].values())
    assert stored(look) == 0


def test_rows_are_limited(client: FlaskClient, look: Look) -> None:
    """400 rows are taken, 401 are refused with a code of its own, so that an agent splits them."""
    rows = [{**ROW, "version": str(n)} for n in range(401)]
    answer = post(client, {**PING, "days": rows})
    said = answer.get_json()
    assert (answer.status_code, said["code"], list(said["fields"])) == (
        422,
        "too_many_rows",
        ["days"],
    )
    assert stored(look) == 0
    assert post(client, {**PING, "days": rows[:400]}).json == CONFIRMED
    assert len(look("SELECT * FROM launches")) == 400


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer k\0",
        "Bearer \xff",
        "Basic a2V5Og==",
        "Basic !",
        "Digest x",
    ],
)
def test_without_the_products_key_nothing_is_taken(
    client: FlaskClient, look: Look, authorization: str | None
) -> None:
    """No key, a wrong one or another scheme is 401 before anything is read."""
    client.environ_base.pop("HTTP_AUTHORIZATION")
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post(wire.PINGS_PATH, json=PING, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unknown_product_key")
    assert stored(look) == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", wire.PINGS_PATH, 405, "wrong_method"),
        ("PUT", wire.UNINSTALLS_PATH, 405, "wrong_method"),
        ("DELETE", wire.ERASURES_PATH, 405, "wrong_method"),
        ("POST", "/v1/pings/", 404, "not_found"),
        ("POST", "/v2/pings", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/%00%ff", 404, "not_found"),
    ],
)
def test_other_requests_get_our_json_too(
    client: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    """A wrong method or path is answered as ourselves, so nobody takes us for a captive portal."""
    answer = client.open(path, method=method)
    said = answer.get_json()
    assert (answer.status_code, said["code"], said["exitpoll"]) == (status, code, 1)
    assert ("Allow" in answer.headers) == (status == 405)


# -- later ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
def test_a_busy_database_asks_for_later(database: Database, product: Product, look: Look) -> None:
    """While another process writes, nothing is confirmed; afterwards the same message is taken."""
    store = Store(database.url)
    client = create_app(store).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {product.key}"
    with database.held():
        answer = post(client, {**PING, "days": [ROW]})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert stored(look) == 0
    assert post(client, {**PING, "days": [ROW]}).json == CONFIRMED
    store.close()


def test_a_fault_of_ours_tells_nothing_of_itself(
    client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen failure is a 500 with our JSON and no trace of the program."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr(store, "submit", fail)
    answer = post(client, PING)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert b"secret" not in answer.data


# -- over real HTTP ------------------------------------------------------------------------


@contextmanager
def served(database: Database) -> Iterator[str]:
    """Run `exitpoll serve` on a free port; give its address."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("exitpoll"), "serve", "--port", "0"],
        env={**os.environ, "EXITPOLL_DATABASE_URL": database.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = re.fullmatch(r"Exitpoll listens on (http://\S+)\n", process.stdout.readline())
        assert listening is not None
        yield listening[1]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_real_server_answers_over_real_http(
    database: Database, product: Product, look: Look
) -> None:
    """The server that `exitpoll serve` starts confirms, refuses and measures chunked bodies."""
    key = {"Authorization": f"Bearer {product.key}"}
    as_json = {**key, "Content-Type": JSON}
    with served(database) as base:
        url = base + wire.PINGS_PATH
        taken = requests.post(url, json={**PING, "days": [ROW]}, headers=key, timeout=10)
        refused = requests.post(url, json=PING, timeout=10)
        chunks = iter([b" " * 10_000] * 10)
        too_large = requests.post(url, data=chunks, headers=as_json, timeout=10)
        bomb = gzip.compress(b" " * 50_000_000)
        as_gzip = {**as_json, "Content-Encoding": "gzip"}
        exploded = requests.post(url, data=bomb, headers=as_gzip, timeout=10)
    assert (taken.status_code, taken.json()) == (200, CONFIRMED)
    assert (refused.status_code, refused.json()["code"]) == (401, "unknown_product_key")
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
    assert (exploded.status_code, exploded.json()["code"]) == (413, "too_large")
    assert look("SELECT launches FROM launches") == [{"launches": 3}]
