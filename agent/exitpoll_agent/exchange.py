"""One POST by HTTP and its answer, classified.

The only module that imports requests, which takes a quarter of a second; `upload` alone calls it.
"""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from exitpoll_agent import trust, wire
from exitpoll_agent.upload import (
    THREAD_NAME,
    Confirmed,
    Later,
    Line,
    Outcome,
    Patience,
    Refused,
    Sent,
)

MAX_ANSWER_BYTES = 64 * 1024
"""Our answers take a few hundred; a captive portal's page is not read to its end."""

GZIP_ABOVE_BYTES = 8 * 1024
"""Of about 150 rows. What is shorter leaves in one go, without waiting for the other side, since
ten packets of 1,460 bytes may; and some boxes in between look askance at a compressed request."""

REFUSALS = frozenset({400, 401, 413, 415, 422})
NOT_COMPRESSED_PLEASE = 415


def post(
    url: str, product_key: str, message: Sent, patience: Patience, now: datetime, line: Line
) -> Outcome:
    """Send one message over a line that may be cut; raises whatever requests does."""
    body = wire.to_json(message)
    is_compressed = len(body) > GZIP_ABOVE_BYTES
    with requests.Session() as session:
        session.mount("https://", _Adapter(line))
        session.mount("http://", _Adapter(line))
        session.auth = _Bearer(product_key)
        with _answer(session, url, body, patience, is_compressed=is_compressed) as response:
            if not (is_compressed and response.status_code == NOT_COMPRESSED_PLEASE):
                return _classify(response, now)
        # An earlier server, or a box in between, that takes no compressed body.
        with _answer(session, url, body, patience, is_compressed=False) as response:
            return _classify(response, now)


def _answer(
    session: requests.Session, url: str, body: bytes, patience: Patience, *, is_compressed: bool
) -> requests.Response:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    return session.post(
        url,
        data=gzip.compress(body) if is_compressed else body,
        headers=headers,
        timeout=(patience.connect, patience.read),
        allow_redirects=False,
        stream=True,
    )


class _Bearer(AuthBase):
    """Names the product. As a header alone, a .netrc of the person's would replace it."""

    def __init__(self, product_key: str) -> None:
        self._product_key = product_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._product_key}"
        return request


def proxy_for(url: str) -> str | None:
    """Return the proxy by which a message to an address goes; None where it goes directly."""
    proxy: str | None = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return proxy


# -- connections ---------------------------------------------------------------------------


class _Adapter(HTTPAdapter):
    """Trusts whom the machine trusts, in this session only: the process belongs to the host.

    Its connections, those to a proxy included, are held by a line, which can be cut.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        super().init_poolmanager(*args, **kwargs, ssl_context=trust.context())
        _hold_connections(self.poolmanager, self._line)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests has it
        manager = super().proxy_manager_for(*args, **kwargs, ssl_context=trust.context())
        _hold_connections(manager, self._line)
        return manager

    def cert_verify(self, conn: Any, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        # The original would add the bundle of certifi to the machine's own trust.
        conn.cert_reqs = "CERT_REQUIRED"


def _hold_connections(manager: Any, line: Line) -> None:  # noqa: ANN401 - of whichever kind of proxy
    """Have a line hold every connection that a pool manager of urllib3 makes from now on."""
    manager.pool_classes_by_scheme = {
        scheme: type("HeldPool", (pool,), {"ConnectionCls": _held(pool.ConnectionCls, line)})
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _held(connection_class: Any, line: Line) -> type:  # noqa: ANN401 - as above
    def new_connection(self: object) -> socket.socket:
        made: socket.socket = connection_class._new_conn(self)  # noqa: SLF001 - meant to be overridden
        return line.hold(made)

    return type("HeldConnection", (connection_class,), {"_new_conn": new_connection})


class _OthersOnly(logging.Filter):
    """Keeps what urllib3 says of our connections out of the host's log and off its stderr."""

    def filter(self, _record: logging.LogRecord) -> bool:
        return threading.current_thread().name != THREAD_NAME


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_OthersOnly())


# -- answers -------------------------------------------------------------------------------


def _classify(response: requests.Response, now: datetime) -> Outcome:
    status = response.status_code
    if status in REFUSALS:
        return Refused(f"the server refused the message with status {status}")
    if status == requests.codes.ok:
        confirmation = _confirmation(response)
        if confirmation is not None:
            return Confirmed(confirmation)
        return Later("the answer was not from Exitpoll")
    retry_after = _retry_after(response.headers.get("Retry-After"), now)
    return Later(f"the server answered with status {status}", retry_after)


def _confirmation(response: requests.Response) -> wire.Confirmation | None:
    # As it arrives: we asked for no compression, and a bomb would burst in the host's memory.
    body = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=False)
    if len(body) > MAX_ANSWER_BYTES or response.raw.length_remaining:
        return None
    return wire.confirmation_from_json(body)


def _retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Read seconds or an HTTP date (RFC 9110, 10.2.3); None where it is neither."""
    if header is None:
        return None
    try:
        if header.strip().isdigit():
            return timedelta(seconds=int(header))
        date = parsedate_to_datetime(header)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)) - now
    except (ValueError, OverflowError):
        return None
