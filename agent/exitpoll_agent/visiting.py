"""Visits an address as a browser would, and looks at its certificate; only the doctor does."""

from __future__ import annotations

import base64
import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from exitpoll_agent import trust, wire

MAX_PAGE_BYTES = 256 * 1024
"""The survey's page takes five thousand; whatever else answers is not read to its end."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; a redirect is not followed."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str


def visit(
    url: str, *, proxy: str | None, seconds: float, form: Mapping[str, str] | None = None
) -> Answer:
    """Fetch a page, or send its form.

    Args:
        url: of http or https.
        proxy: the address of the proxy that leads there, if any.
        seconds: the most that one step, as connecting, may take.
        form: what is posted; without it the page is fetched.

    Raises:
        OSError, http.client.HTTPException: nothing came back that could be understood.
    """
    connection = _connection(url, proxy, seconds, trust.context())
    parts = urlsplit(url)
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    if proxy is not None and parts.scheme == "http":
        target = url  # such a proxy is told the whole address
    headers = {"Accept": "text/html", "Accept-Encoding": "identity", "Connection": "close"}
    if proxy is not None and parts.scheme == "http":
        headers |= _proxy_login(urlsplit(proxy))
    body = None
    if form is not None:
        body = urlencode(form)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request("GET" if form is None else "POST", target, body, headers)
        response = connection.getresponse()
        text = response.read(MAX_PAGE_BYTES).decode("utf-8", "replace")
    finally:
        connection.close()
    told = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=told, text=text)


def _connection(
    url: str, proxy: str | None, seconds: float, context: ssl.SSLContext
) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    via = parts if proxy is None else urlsplit(proxy)
    if proxy is not None and via.scheme != "http":
        raise OSError(f"a proxy of {via.scheme} cannot be used for this")
    via_host, via_port = via.hostname or "", via.port or DEFAULT_PORTS[via.scheme]
    if parts.scheme == "http":
        return http.client.HTTPConnection(via_host, via_port, timeout=seconds)
    connection = http.client.HTTPSConnection(via_host, via_port, timeout=seconds, context=context)
    if proxy is not None:
        connection.set_tunnel(host, port, _proxy_login(via))
    return connection


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode("ascii")}


# -- certificates --------------------------------------------------------------------------


def shake_hands(url: str, *, proxy: str | None, seconds: float) -> datetime | None:
    """Make a TLS connection that this machine trusts; return when its certificate expires.

    Raises:
        ssl.SSLError: the machine does not trust it, or nobody speaks TLS there.
        OSError, http.client.HTTPException: no connection came about.
    """
    return _expiry(url, proxy, seconds, trust.context())


def expiry_of_untrusted(url: str, *, proxy: str | None, seconds: float) -> datetime | None:
    """Return when a certificate expires that this machine does not trust; nothing is sent.

    Raises:
        OSError, http.client.HTTPException: as `shake_hands`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _expiry(url, proxy, seconds, context)


def _expiry(
    url: str, proxy: str | None, seconds: float, context: ssl.SSLContext
) -> datetime | None:
    connection = _connection(url, proxy, seconds, context)
    try:
        connection.connect()
        sock: Any = connection.sock  # of the ssl module, as the scheme is https
        certificate: bytes | None = sock.getpeercert(binary_form=True)
    finally:
        connection.close()
    return None if certificate is None else expiry_in(certificate)


_VALIDITY = re.compile(
    rb"\x30.(?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)", re.DOTALL
)


def expiry_in(certificate: bytes) -> datetime | None:
    """Return when a certificate expires, from its DER; None where that cannot be seen.

    Its validity is a sequence of two times (RFC 5280, 4.1.2.5), and the first such one in it.
    Python itself reads the fields of a certificate only where OpenSSL was who verified it.
    """
    found = _VALIDITY.search(certificate)
    if found is None:
        return None
    # Two digits of the year mean 1950 to 2049.
    century = b"" if found[1] is None else b"19" if found[1] >= b"5" else b"20"
    text = (century + (found[1] or found[2])).decode("ascii")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=wire.UTC)
