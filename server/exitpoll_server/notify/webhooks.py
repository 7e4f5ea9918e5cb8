"""Webhooks: one signed message to one receiver, in bounded time.

Signed as Standard Webhooks has it (https://www.standardwebhooks.com, version 1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime

from exitpoll_server.deadlines import cut_after
from exitpoll_server.notify import addresses
from exitpoll_server.notify.addresses import RefusedError, Target
from exitpoll_server.store import SECRET_PREFIX, Delivery, Webhook

EVENTS = ("uninstall", "response", "alarm", "health")
"""What a webhook may be told of."""

TEST = "test"
"""What it is told when somebody tries it."""

STEP_SECONDS = 10
WHOLE_SECONDS = 20
"""How long a receiver may take for one step, and in all, with the places that it leads to."""

MOST_REDIRECTS = 3
_LEADS_ON = (301, 302, 307, 308)
"""The message goes there as it is; 303 would have it fetched instead."""

GONE = 410
"""The receiver wants to hear no more."""

USER_AGENT = "Exitpoll-Webhook/1"


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt."""

    status: int | None
    """None where there was no answer."""
    error: str | None
    """None where the message arrived."""


def body(delivery: Delivery) -> bytes:
    """Return what is sent, byte for byte."""
    return json.dumps(delivery.payload, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secret: str, message: str, timestamp: int, content: bytes) -> str:
    """Return the signature of a message: `v1,` and an HMAC-SHA256 in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("this is no webhook's secret") from None
    signed = f"{message}.{timestamp}.".encode() + content
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(webhook: Webhook, delivery: Delivery, content: bytes, now: datetime) -> dict[str, str]:
    """Return what is said beside the message."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": delivery.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(webhook.secret, delivery.message, timestamp, content),
    }


def send(webhook: Webhook, delivery: Delivery, now: datetime, *, private: bool) -> Outcome:
    """Send a message, and follow where the receiver leads, each place judged anew."""
    content = body(delivery)
    url, status = webhook.url, None
    ends = time.monotonic() + WHOLE_SECONDS
    try:
        said = headers(webhook, delivery, content, now)
        for _ in range(MOST_REDIRECTS + 1):
            target = addresses.read(url, private=private)
            found = addresses.resolve(target, private=private)
            status, location = _post(target, found, content, said, ends)
            if status not in _LEADS_ON or location is None:
                is_told = status // 100 == 2  # noqa: PLR2004 - the answers that say yes
                return Outcome(status, None if is_told else f"the receiver answered {status}")
            url = addresses.redirected(url, location)
    except (RefusedError, ValueError) as error:
        return Outcome(status, str(error))
    except ssl.SSLCertVerificationError as error:
        return Outcome(None, f"its certificate is not to be trusted: {error.verify_message}")
    except (OSError, http.client.HTTPException) as error:
        return Outcome(None, f"it cannot be reached: {_said(error)}")
    return Outcome(status, f"it led on more than {MOST_REDIRECTS} times")


def _post(
    target: Target, found: list[str], content: bytes, said: Mapping[str, str], ends: float
) -> tuple[int, str | None]:
    """Send to one of these addresses, and return the answer and where it leads on to."""
    with ExitStack() as closed:
        current = closed.enter_context(closing(_connect(target, found, ends)))
        closed.enter_context(cut_after(ends - time.monotonic(), lambda: current))
        if target.scheme == "https":
            # With a certificate for the name, whatever address was connected to.
            current = ssl.create_default_context().wrap_socket(
                current, server_hostname=target.name, do_handshake_on_connect=False
            )
            closed.enter_context(closing(current))
            current.do_handshake()
        connection = closed.enter_context(closing(http.client.HTTPConnection(target.name)))
        connection.sock = current
        connection.request("POST", target.path, content, {"Host": target.host, **said})
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"]


def _connect(target: Target, found: list[str], ends: float) -> socket.socket:
    """Connect to the first address that takes it."""
    refused: OSError = OSError("no address")
    for address in found:
        try:
            return socket.create_connection((address, target.port), timeout=_left(ends))
        except OSError as error:
            refused = error
    raise refused


def _left(ends: float) -> float:
    """Return how many seconds a step may take."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer within {WHOLE_SECONDS} seconds")
    return min(left, STEP_SECONDS)


def _said(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return " ".join(f"{told or error}".split()) or type(error).__name__
