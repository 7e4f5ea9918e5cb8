"""The WSGI application on granian's own interface (RSGI).

A message is taken by the ingest's door in the event loop's own thread, and its answer waits for the
disk as a future: no thread blocks, so that thousands may wait for one commit. A message whose
product must be looked up first has threads that do nothing else. Every other request, which may
read for seconds, is called in a bounded pool of threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, cast

from flask import Flask
from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian._granian import RSGIProtocolClosed as ProtocolClosed
from granian._granian import RSGIProtocolError as ProtocolError
from granian.rsgi import Scope

from exitpoll_server import ingest, metrics, operations
from exitpoll_server.serving.wsgi import Answer, Environ, call, environ_of, plain

THREADS = 8
"""Pages and reports made at once by one worker: they wait for the database and for each other."""

MOST_IN_POOL = 200
"""Requests that these threads may have before them; further ones would wait for too long."""

MESSAGE_THREADS = 8
"""For messages that the door does not take at once: each ends with the next commit."""

MOST_MESSAGES = 1_000
"""Of the largest messages, some 64 MB."""

MOST_READ = 1024 * 1024
"""Bytes of a body that are read. What is refused for its size is read as far, to be told so."""

BODY_SECONDS = 20
"""How long a body may take: 64 KiB at the speed of a modem."""

SWEEP_SECONDS = 2.0

RETRY_AFTER_SECONDS = 5


class Adapter:
    """One worker's application."""

    def __init__(
        self, app: Flask, *, when_running: Callable[[], None], when_stopped: Callable[[], None]
    ) -> None:
        """Take the application, and what to do once the loop runs, and when it has ended."""
        self._app = app
        self._when_running = when_running
        self._when_stopped = when_stopped
        self._door: ingest.Door | None = app.extensions.get(ingest.QUICK_WAY)
        self._pages = _Pool(app, "pages", THREADS, MOST_IN_POOL)
        self._messages = _Pool(app, "messages", MESSAGE_THREADS, MOST_MESSAGES)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin."""
        self._loop = loop
        loop.call_soon(self._when_running)
        self._settled = _Settled(loop)
        self._reading = _Deadlines(loop, BODY_SECONDS)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End, after the last request."""
        del loop
        self._pages.close()
        self._messages.close()
        self._when_stopped()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer a request."""
        environ = environ_of(scope)
        try:
            body = await self._read(environ, protocol)
        except _NeverCameError as error:
            answer = plain(error.status, error.sentence)
        else:
            answer = await self._answer(environ, body)
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    # -- reading

    async def _read(self, environ: Environ, protocol: HTTPProtocol) -> bytes | None:
        """Return the body; None where it is longer than anything we take.

        Raises:
            _NeverCameError: it was cut, or took too long.
        """
        length = environ.get("CONTENT_LENGTH")
        if length is None and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        if length is not None and int(length) > MOST_READ:
            return None
        task = asyncio.current_task(self._loop)
        self._reading.begin(task)
        try:
            body = await (protocol() if length is not None else _read_some(protocol))
        except asyncio.CancelledError:
            raise _NeverCameError(408, "The body took too long.") from None
        except (ProtocolClosed, ProtocolError):
            raise _NeverCameError(400, "The body ended too early.") from None
        finally:
            self._reading.end(task)
        return body

    # -- answering

    async def _answer(self, environ: Environ, body: bytes | None) -> Answer:
        door = self._door
        if door is not None and body is not None and door.stands_open(environ):
            return await self._answer_quickly(door, environ, body)
        if body is not None:
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        if environ["PATH_INFO"] == operations.ALIVE_PATH:
            return call(self._app, environ)
        pool = self._messages if environ["PATH_INFO"] in ingest.MESSAGES else self._pages
        return await pool.answer(environ)

    async def _answer_quickly(self, door: ingest.Door, environ: Environ, body: bytes) -> Answer:
        durable = self._settled.future(environ["PATH_INFO"])
        try:
            taken = door.take_quickly(environ, body, durable)
        except Exception as error:  # noqa: BLE001 - the application has an answer to each
            return call(partial(self._fail, error), environ)
        failed = await durable.here
        if failed is not None:
            return call(partial(self._fail, failed), environ)
        return Answer(200, *ingest.confirm_quickly(environ, taken))

    def _fail(self, error: Exception, environ: Environ, start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Answer as if the view had raised the error: a WSGI application."""
        with self._app.request_context(environ):
            response = self._app.finalize_request(self._app.handle_user_exception(error))
        return response(environ, start)


async def _read_some(protocol: HTTPProtocol) -> bytes:
    """Read a body that says nothing of its length, as far as anything is read at all."""
    body = bytearray()
    async for chunk in protocol:
        body += chunk
        if len(body) > MOST_READ:
            break
    return bytes(body)


@dataclass(frozen=True)
class _NeverCameError(Exception):
    """There is no whole body; says how to answer."""

    status: int
    sentence: str


class _Pool:
    """A few threads, and a bounded number of requests that they have before them."""

    def __init__(self, app: Flask, name: str, threads: int, most: int) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = most
        self._here = 0

    async def answer(self, environ: Environ) -> Answer:
        if self._here >= self._most:
            busy = plain(503, "Too much is going on here; try again in a moment.")
            busy.headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
            return busy
        self._here += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, call, self._app, environ)
        finally:
            self._here -= 1

    def close(self) -> None:
        self._threads.shutdown()


class _Settled:
    """Brings the ends of futures into the event loop, with one wake-up for many."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ended: deque[tuple[_Durable, Exception | None]] = deque()
        self._woken = False

    def future(self, path: str) -> _Durable:
        """Return one for a message that came to a path."""
        return _Durable(self, path, self._loop.create_future())

    def note(self, durable: _Durable, error: Exception | None) -> None:
        """Take an end, in whichever thread it comes."""
        self._ended.append((durable, error))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._woken = False  # before looking: what ends meanwhile wakes again
        confirmed: dict[str, int] = {}
        while self._ended:
            durable, error = self._ended.popleft()
            if error is None:
                confirmed[durable.path] = confirmed.get(durable.path, 0) + 1
            if not durable.here.done():
                durable.here.set_result(error)
        for path, times in confirmed.items():
            metrics.answered(path, 200, times)


class _Durable(Future[None]):
    """A future that no thread waits for, so it needs no lock: its end goes to the event loop."""

    def __init__(
        self, settled: _Settled, path: str, here: asyncio.Future[Exception | None]
    ) -> None:
        # Not what threads would need: it would take as long as reading the message.
        self._settled = settled
        self.path = path
        self.here = here

    def set_result(self, _result: None) -> None:
        self._settled.note(self, None)

    def set_exception(self, exception: BaseException | None) -> None:
        self._settled.note(self, cast("Exception", exception))


class _Deadlines:
    """Cancels tasks that wait for too long; a timer for each would cost more than the waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._since: dict[asyncio.Task[Any] | None, float] = {}
        self._sweep()

    def begin(self, task: asyncio.Task[Any] | None) -> None:
        self._since[task] = self._loop.time()

    def end(self, task: asyncio.Task[Any] | None) -> None:
        del self._since[task]

    def _sweep(self) -> None:
        too_old = self._loop.time() - self._seconds
        for task, since in list(self._since.items()):
            if since >= too_old:
                break  # in the order in which they began
            if task is not None:
                task.cancel()
        self._loop.call_later(SWEEP_SECONDS, self._sweep)
