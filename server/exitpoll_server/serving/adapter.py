"""The WSGI application on granian's own interface (RSGI).

A request that can be answered at once is called in the event loop's own thread. Where its answer
waits for the disk, it waits as a future: no thread blocks, so that thousands may wait for one
commit. Every other request, which may read for seconds, is called in a bounded pool of threads.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from flask import Flask
from granian.rsgi import HTTPProtocol, Scope

from exitpoll_server import later

THREADS = 8
"""Pages and reports made at once by one worker: they wait for the database and for each other."""

MOST_IN_POOL = 100
"""Requests that may wait for those threads; beyond it nobody would wait for the answer."""

MOST_READ = 1024 * 1024
"""Bytes of a body that are read: what is refused for its size is read, to be answered politely."""

BODY_SECONDS = 20
"""How long a body may take: 64 KiB at the speed of a modem."""

RETRY_AFTER_SECONDS = 30

Environ: TypeAlias = dict[str, Any]


class Answer:
    """What the application answered."""

    status = 500
    headers: list[tuple[str, str]]
    body = b""

    def start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        """Take status and headers: WSGI's start_response."""
        self.status, self.headers = int(status[:3]), headers
        return self._write

    def _write(self, _data: bytes) -> None:
        raise NotImplementedError


def call(application: Any, environ: Environ) -> Answer:  # noqa: ANN401 - any WSGI application
    """Call a WSGI application and return its whole answer."""
    answer = Answer()
    parts: Iterable[bytes] = application(environ, answer.start)
    try:
        answer.body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return answer


class Adapter:
    """One worker's application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._at_once: Callable[[Environ], bool] = app.extensions[later.AT_ONCE]
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pages")
        self._in_pool = 0
        self._reading: dict[asyncio.Task[Any], float] = {}

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._settled = _Settled(loop)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        environ = _environ(scope)
        if "transfer-encoding" in scope.headers or environ.get("CONTENT_LENGTH", "0") != "0":
            await self._read(protocol, environ)
        if self._at_once(environ):
            answer = await self._answer_at_once(environ)
        else:
            answer = await self._answer_in_pool(environ)
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    async def _read(self, protocol: HTTPProtocol, environ: Environ) -> None:
        environ["wsgi.input"] = BytesIO(await protocol())

    async def _answer_at_once(self, environ: Environ) -> Answer:
        environ[later.CAN_WAIT] = True
        answer = call(self._app, environ)
        durable: Future[None] | None = environ.get(later.WAITS_FOR)
        if durable is not None:
            error = await self._settled.wait_for(durable)
            if error is not None:
                answer = await self._loop.run_in_executor(self._pool, self._failed, environ, error)
        return answer

    def _failed(self, environ: Environ, error: BaseException) -> Answer:
        def fail(environ: Environ, start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
            with self._app.request_context(environ):
                response = self._app.finalize_request(self._app.handle_user_exception(error))
            return response(environ, start)

        return call(fail, environ)

    async def _answer_in_pool(self, environ: Environ) -> Answer:
        self._in_pool += 1
        try:
            return await self._loop.run_in_executor(self._pool, call, self._app, environ)
        finally:
            self._in_pool -= 1


class _Settled:
    """Brings the ends of futures into the event loop, with one wake-up for many."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ended: deque[tuple[asyncio.Future[BaseException | None], Future[None]]] = deque()
        self._woken = False

    async def wait_for(self, durable: Future[None]) -> BaseException | None:
        """Return the error with which a future ended, or None."""
        here: asyncio.Future[BaseException | None] = self._loop.create_future()
        durable.add_done_callback(partial(self._note, here))
        return await here

    def _note(self, here: asyncio.Future[BaseException | None], durable: Future[None]) -> None:
        self._ended.append((here, durable))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._woken = False
        while self._ended:
            here, durable = self._ended.popleft()
            if not here.done():
                here.set_result(durable.exception())


def _environ(scope: Scope) -> Environ:
    """Return WSGI's description of a request, its body still unread."""
    host, _, port = scope.server.rpartition(":")
    address, _, _ = scope.client.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI wants the bytes that the percent signs mean, one character a byte.
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in scope.headers.items():
        key = _KEYS.get(name) or "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


_KEYS = {
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
    "host": "HTTP_HOST",
    "authorization": "HTTP_AUTHORIZATION",
}
