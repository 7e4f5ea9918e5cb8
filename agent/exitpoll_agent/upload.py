"""One POST, classified: confirmed, refused or later.

The only module that imports requests, which takes a quarter of a second: it is imported only
where something is to be sent. Nothing escapes from here into the host's program.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from exitpoll_agent import wire

MAX_ANSWER_BYTES = 64 * 1024
"""Our answers take a few hundred; a captive portal's page is not read to its end."""

REFUSALS = frozenset({400, 401, 413, 415, 422})


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many seconds a message may take."""

    connect: float
    read: float
    whole: float
    """Bounds what the other two do not: resolving the name, a server that answers by drops."""


FOR_A_LAUNCH = Patience(connect=5, read=10, whole=20)
"""Nobody waits for a ping, and a satellite link takes four seconds to greet."""
FOR_SOMEBODY_WHO_WAITS = Patience(connect=5, read=10, whole=15)
"""Somebody typed a command, and would rather wait than type it again."""
FOR_AN_UNINSTALL = Patience(connect=2, read=3, whole=5)
"""A person waits for the uninstaller; where this fails, the browser is the second channel."""


@dataclass(frozen=True)
class Confirmed:
    """Merged, or already known: the counts that were sent need not be sent again."""

    confirmation: wire.Confirmation


@dataclass(frozen=True)
class Refused:
    """Will never be accepted as it is."""

    detail: str


@dataclass(frozen=True)
class Later:
    """Anything else: try again."""

    detail: str
    retry_after: timedelta | None = None


Outcome: TypeAlias = Confirmed | Refused | Later
Sent: TypeAlias = wire.Ping | wire.Erasure


def post(
    address: wire.Address, path: str, message: Sent, patience: Patience, now: datetime
) -> Outcome:
    """Send one message, and wait no longer than `patience.whole`. Raises nothing."""
    outcomes: list[Outcome] = []

    def work() -> None:
        outcomes.append(_post(address, path, message, patience, now))

    # A daemon: neither a name server nor a dripping answer may keep the process from ending.
    thread = threading.Thread(target=work, name="exitpoll-upload", daemon=True)
    thread.start()
    thread.join(patience.whole)
    return outcomes[0] if outcomes else Later(f"no answer within {patience.whole:g} seconds")


def _post(
    address: wire.Address, path: str, message: Sent, patience: Patience, now: datetime
) -> Outcome:
    try:
        with requests.Session() as session:
            session.mount("https://", _SystemTrust())
            response = session.post(
                address.url(path),
                data=wire.to_json(message),
                headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
                auth=_Bearer(address.product_key),
                timeout=(patience.connect, patience.read),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return _classify(response, now)
    except Exception as error:  # noqa: BLE001 - a guest in the host's process lets nothing escape
        return Later(f"no connection ({type(error).__name__})")


class _Bearer(AuthBase):
    """Names the product. As a header alone, a .netrc of the person's would replace it."""

    def __init__(self, product_key: str) -> None:
        self._product_key = product_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._product_key}"
        return request


class _SystemTrust(HTTPAdapter):
    """Trusts whom the machine trusts, in this session only: the process belongs to the host."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        super().init_poolmanager(*args, **kwargs, ssl_context=_ssl_context())

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests has it
        return super().proxy_manager_for(*args, **kwargs, ssl_context=_ssl_context())

    def cert_verify(self, conn: Any, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        # The original would add the bundle of certifi to the machine's own trust.
        conn.cert_reqs = "CERT_REQUIRED"


def _ssl_context() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


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
    body = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=True)
    if len(body) > MAX_ANSWER_BYTES:
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


def proxy_for(url: str) -> str | None:
    """Return the proxy by which a message to an address goes; None where it goes directly."""
    proxy: str | None = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return proxy
