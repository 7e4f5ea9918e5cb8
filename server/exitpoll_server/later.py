"""Answers that wait for the disk, without a thread that waits with them.

A view under WSGI returns its answer, so what it waits for blocks its thread. A server that can
wait otherwise says so in the request's environ: the view then leaves there what the answer waits
for, and returns it at once. Any other WSGI server knows nothing of it, and the view waits.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from flask import request

CAN_WAIT = "exitpoll.can_wait"
"""In the environ: true where the server itself waits for what stands under `WAITS_FOR`."""

WAITS_FOR = "exitpoll.waits_for"
"""In the environ: the future that must end well before the answer is sent."""

AT_ONCE = "exitpoll.at_once"
"""In the app's extensions: tells from an environ whether a request blocks nobody."""


def wait_for(durable: Future[None]) -> None:
    """Have the answer of this request wait for a future, and fail as it fails."""
    if request.environ.get(CAN_WAIT):
        request.environ[WAITS_FOR] = durable
    else:
        durable.result()


def when_answered(note: Callable[[], None]) -> None:
    """Call this when the answer of this request is sent as the view made it."""
    durable: Future[None] | None = request.environ.get(WAITS_FOR)
    if durable is None:
        note()
    else:
        durable.add_done_callback(lambda ended: None if ended.exception() else note())
