"""What whoever means harm puts into messages and addresses: a status, a code, and nothing more.

The bodies that are no message at all stand in test_ingest.py, bytes that are no HTTP in
test_sockets.py.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, leaving

from exitpoll_agent import wire
from exitpoll_server.store import Product

PING = {
    "installation_id": str(INSTALLATION),
    "counter": "00000000-0000-0000-0000-00000000000c",
    "seq": 1,
    "sent_at": "2026-11-20T08:00:00Z",
    "consent": "full",
}
ROW = {"day": "2026-11-20", "version": "1.0", "launches": 3}
WHOLE = json.dumps(PING)
DEEP = '{"a":' * 5_000 + "1" + "}" * 5_000

BODIES: list[tuple[str, bytes, int, str | None]] = [
    ("a byte order mark", b"\xef\xbb\xbf" + WHOLE.encode(), 400, "bad_json"),
    ("a number of 4,301 digits", b'{"seq": ' + b"1" * 4_301 + b"}", 400, "bad_json"),
    ("a number of 4,300 digits", b'{"seq": ' + b"1" * 4_300 + b"}", 422, "invalid"),
    ("a number beyond all floats", b'{"seq": 1e999}', 422, "invalid"),
    ("a NUL in a text", b'{"seq": "\0"}', 400, "bad_json"),
    ("a NUL behind it", WHOLE.encode() + b"\0", 400, "bad_json"),
    ("a NUL, escaped, for an id", b'{"installation_id": "\\u0000"}', 422, "invalid"),
    ("half a pair for an id", b'{"installation_id": "\\ud800"}', 422, "invalid"),
    ("half a pair for a name", WHOLE[:-1].encode() + b', "\\ud800": 1}', 200, None),
    ("two in one", WHOLE.encode() * 2, 400, "bad_json"),
    (
        "an unknown field that is deep",
        WHOLE[:-1].encode() + b', "x": ' + DEEP.encode() + b"}",
        400,
        "bad_json",
    ),
    ("cut in a letter", b'{"version": "\xd0', 400, "bad_json"),
    ("an overlong letter", b'{"version": "\xc0\x80"}', 400, "bad_json"),
    ("half a pair, as bytes", b'{"version": "\xed\xa0\x80"}', 400, "bad_json"),
    ("single quotes", b"{'seq': 1}", 400, "bad_json"),
    ("a comma too many", WHOLE[:-1].encode() + b",}", 400, "bad_json"),
    ("a comment", b"/**/" + WHOLE.encode(), 400, "bad_json"),
]


@pytest.fixture
def key(product: Product) -> dict[str, str]:
    return {"Authorization": f"Bearer {product.key}"}


@pytest.mark.parametrize(
    ("body", "status", "code"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
)
def test_bodies_meant_to_harm(
    client: FlaskClient, key: dict[str, str], body: bytes, status: int, code: str | None
) -> None:
    """What only just is no JSON, or no message, is refused as such."""
    answer = client.post(wire.PINGS_PATH, data=body, content_type="application/json", headers=key)
    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_no_json(
    client: FlaskClient, key: dict[str, str], encoding: str
) -> None:
    """JSON travels as UTF-8; anything else is refused rather than guessed, whatever is declared."""
    answer = client.post(
        wire.PINGS_PATH,
        data=json.dumps({**PING, "version": "é"}, ensure_ascii=False).encode(encoding),
        content_type=f"application/json; charset={encoding}",
        headers=key,
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_json")


def test_of_a_name_that_comes_twice_the_last_counts(
    client: FlaskClient, key: dict[str, str], look: Look
) -> None:
    """As everywhere in JSON; no second value passes unchecked."""
    body = WHOLE[:-1] + ', "launches_total": 5, "launches_total": -1}'
    answer = client.post(wire.PINGS_PATH, data=body, content_type="application/json", headers=key)
    assert answer.get_json()["ignored"] == ["launches_total"]
    assert look("SELECT * FROM launches") == []


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/jsonp",
        "application/json5",
        "application/x-json",
        "multipart/form-data; boundary=x",
        "application/json, text/html",
        "x" * 5_000,
        ";;;",
        "application/json\0",
    ],
)
def test_another_type_is_refused(
    client: FlaskClient, key: dict[str, str], content_type: str
) -> None:
    """Only application/json is taken for JSON; so no web page can send it without being asked."""
    answer = client.post(wire.PINGS_PATH, data=WHOLE, content_type=content_type, headers=key)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "not_json")


def test_a_bomb_in_a_bomb_is_opened_once(client: FlaskClient, key: dict[str, str]) -> None:
    """Gzip inside of gzip is no JSON, however small it is."""
    body = gzip.compress(gzip.compress(gzip.compress(b" " * 60_000)))
    answer = client.post(
        wire.PINGS_PATH,
        data=body,
        content_type="application/json",
        headers={**key, "Content-Encoding": "gzip"},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_json")


# -- days and maxima -----------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2999-01-01", "9999-12-31"])
def test_days_that_cannot_be_are_launches_without_a_day(
    client: FlaskClient, key: dict[str, str], look: Look, day: str
) -> None:
    """Days before 2000 and after tomorrow are kept as they came, and not believed."""
    ping = {**PING, "days": [{**ROW, "day": day}]}
    answer = client.post(wire.PINGS_PATH, json=ping, headers=key)
    assert (answer.status_code, answer.get_json()["ignored"]) == (200, [])
    assert look("SELECT launches, dated FROM launches") == [{"launches": 3, "dated": 0}]


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_the_calendar_do_no_harm(
    client: FlaskClient, key: dict[str, str], instant: str
) -> None:
    """A clock that is centuries wrong is a clock all the same."""
    names = ("sent_at", "installed_at", "counted_since")
    event = {**PING, **dict.fromkeys(names, instant)}
    event["uninstall"] = {"uninstall_id": str(INSTALLATION), "at": instant}
    for path in (wire.PINGS_PATH, wire.UNINSTALLS_PATH):
        answer = client.post(path, json=event, headers=key)
        assert (answer.status_code, answer.get_json()["ignored"]) == (200, [])


@pytest.mark.parametrize(("launches", "kept"), [(10_000, 10_000), (10_001, 3), (10**18, 3)])
def test_a_maximum_out_of_reach_is_not_kept(
    client: FlaskClient, key: dict[str, str], look: Look, launches: int, kept: int
) -> None:
    """The maximum of a row sticks: what nobody launches so often does not become one."""
    for count in (3, launches):
        ping = {**PING, "days": [{**ROW, "launches": count}]}
        assert client.post(wire.PINGS_PATH, json=ping, headers=key).status_code == 200
    assert look("SELECT launches FROM launches") == [{"launches": kept}]


# -- addresses and cookies -----------------------------------------------------------------

LONG = "x" * 10_000
ADDRESSES: list[tuple[str, int]] = [
    (f"/{LONG}", 404),
    (f"/v1/{LONG}", 404),
    ("/v1/pings/../../etc/passwd", 404),
    ("/s/static/../../../config.py", 404),
    ("/s/static/%2e%2e/%2e%2e/config.py", 404),
    ("/s/static/..%5c..%5cconfig.py", 404),
    ("/s/static/%00", 404),
    ("/openapi/static/../document.py", 404),
    (f"/s/static/{LONG}", 404),
    ("/s/%00", 410),
    ("/s/%ff%fe", 410),
    ("/s/%zz%", 410),
    ("/s/%ED%A0%80", 410),
    (f"/s/{LONG}", 410),
    ("/s/..", 410),
    ("/s/a.b.c", 410),
    ("/s/feedback/%00", 410),
    (f"/s/feedback/{LONG}", 410),
    ("/s/nps/%00", 410),
    ("/s/checkin/%00/open", 410),
    (f"/s/checkin/{LONG}", 410),
    ("/s/%00/open", 410),
    ("/u/%00", 404),
    (f"/u/{LONG}", 404),
    ("/u/%ff/%ff", 404),
    ("/u/{key}/%00", 400),
    ("/u/{key}/%ff.%ff.%ff", 400),
    ("/u/{key}/../../etc/passwd", 400),
    (f"/u/{{key}}/{LONG}", 400),
    ("/u/{key}/1..AAAAAA", 400),
    (f"/u/{{key}}?survey={LONG}", 404),
    (f"/u/{{key}}?id={LONG * 10}", 303),
    ("/u/{key}?" + "&".join(f"a{n}={n}" for n in range(5_000)), 303),
    ("/u/{key}?id=%00&v=%ff&lang=%ED%A0%80", 303),
    ("/u/{key}?id=%F0%9F%98%80", 303),
    ("/u/{key}?&&==&%", 303),
]


@pytest.mark.parametrize(("address", "status"), ADDRESSES, ids=[a[:50] for a, _ in ADDRESSES])
@pytest.mark.parametrize("cookie", ["", "session=../../%00; \xff; ;;==;" + "a=b;" * 1_000])
def test_addresses_meant_to_harm(
    client: FlaskClient, product: Product, address: str, status: int, cookie: str
) -> None:
    """Wherever an address leads out of, or into nothing, there is an answer in words."""
    headers = {"Cookie": cookie} if cookie else {}
    answer = client.get(address.replace("{key}", product.key), headers=headers)
    assert answer.status_code == status
    assert b"Traceback" not in answer.data


def packed(values: object) -> str:
    """Return an event with a checksum that fits, whatever is in it."""
    data = values if isinstance(values, bytes) else json.dumps(values).encode()
    payload = "1." + base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    checksum = base64.urlsafe_b64encode(zlib.crc32(payload.encode()).to_bytes(4, "big"))
    return f"{payload}.{checksum.rstrip(b'=').decode()}"


EVENTS: list[object] = [
    [],
    {},
    None,
    7,
    b"\xff\xfe",
    b"[" * 900,
    b"[NaN, Infinity]",
    b"[" + b"9" * 900 + b"]",
    [None] * 100,
    [[]] * 29,
    [{}] * 29,
    [True] * 29,
    [10**400] * 2,
    ["\ud800"] * 29,
    ["\0"] * 29,
    [str(INSTALLATION), None, 1, "2026-11-20T08:00:00Z", "full"],
]


@pytest.mark.parametrize("values", EVENTS, ids=[str(n) for n in range(len(EVENTS))])
def test_events_that_fit_their_checksum_only(
    client: FlaskClient, product: Product, look: Look, values: Any
) -> None:
    """Whoever knows how an address is made can put anything into it, and is refused."""
    answer = client.get(f"/u/{product.key}/{packed(values)}")
    assert answer.status_code == 400
    assert look("SELECT COUNT(*) AS n FROM installations") == [{"n": 0}]


def test_every_letter_of_an_event_counts(client: FlaskClient, product: Product, look: Look) -> None:
    """With any one letter changed an event names nobody; what is left of it is a plain link's."""
    event = wire.encode_event(leaving())
    for n in range(0, len(event), 7):
        changed = event[:n] + ("A" if event[n] != "A" else "B") + event[n + 1 :]
        assert client.get(f"/u/{product.key}/{changed}").status_code in (303, 400)
    heard = {UUID(str(row["uuid"])) for row in look("SELECT uuid FROM installations")}
    assert INSTALLATION not in heard
    assert {row["channel"] for row in look("SELECT channel FROM receipts")} == {"link"}
