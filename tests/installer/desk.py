"""A person at this machine for the time of a test: an account, a terminal, a browser."""

from __future__ import annotations

import fcntl
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from exitpoll_agent.order import BUILD_SERVERS

PERSON = f"exitpoll-sample-{os.getpid()}"
"""Two runs of the tests are two people."""
PATIENCE_SECONDS = 60
"""How long a package manager may take on a machine that does other things too."""
AT_MOST_SECONDS = 15
"""For a removal whose agent hangs: three of them for us, the rest for the package manager."""

NOT_THEIRS = ("DISPLAY", "WAYLAND_DISPLAY", "DEBIAN_FRONTEND", "LANGUAGE", "SUDO_UID")
"""What of the tester's environment says how to ask, or whom."""

BROKEN = {
    "missing": None,
    "crashing": "#!/bin/sh\nkill -SEGV $$\n",
    "hanging": "#!/bin/sh\ntrap '' TERM\nsleep 60\nsleep 60\n",
    "no program": "neither a program nor a script",
}
"""Agents as machines have them after years."""


@dataclass(frozen=True)
class Ended:
    """A command that came to its end."""

    shown: str
    exit_code: int
    seconds: float


class Desk:
    """A person, and root's terminal on their machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = folder / "opened"
        self.opened.touch()
        self.opened.chmod(0o666)
        browser = folder / "bin" / "xdg-open"
        browser.parent.mkdir()
        browser.write_text(f'#!/bin/sh\necho "$1" >> {self.opened}\n')
        browser.chmod(0o755)
        account = pwd.getpwnam(PERSON)
        self.home = Path(account.pw_dir)
        self.uid = account.pw_uid
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in (*BUILD_SERVERS, *NOT_THEIRS)},
            "PATH": f"{browser.parent}:/usr/sbin:/usr/bin:/sbin:/bin",
            "EXITPOLL_CONTAINERS": "count",  # the tests may run in one
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
        }

    def page(self) -> str | None:
        """Return the address that the browser was given."""
        return self.opened.read_text().strip() or None

    def with_sudo(self) -> dict[str, str]:
        """Return what tells root's programs that the person ran them, before a screen."""
        return {"SUDO_UID": str(self.uid), "DISPLAY": ":0"}

    def start(self, program: Path) -> str:
        """Start the product as the person, and return what it printed."""
        own = {"HOME": str(self.home), "USER": PERSON}
        done = subprocess.run(
            ["setpriv", f"--reuid={PERSON}", f"--regid={PERSON}", "--clear-groups", program],
            env={**self.environment, **own},
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return done.stdout

    def run(self, *command: str | Path, **environment: str) -> Ended:
        """Run a command where no terminal is."""
        _wait_for_dpkg()
        began = time.monotonic()
        done = subprocess.run(
            command,
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
            start_new_session=True,
        )
        return _told(command, Ended(done.stdout, done.returncode, time.monotonic() - began))

    def type(
        self, *command: str | Path, answers: Sequence[tuple[str, str]] = (), **environment: str
    ) -> Ended:
        """Run a command on a terminal, and type each answer once its question is shown."""
        _wait_for_dpkg()
        began = time.monotonic()
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe(str(command[0]), command, {**self.environment, **environment})  # noqa: S606
        try:
            shown = _conversation(terminal, answers, began + PATIENCE_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            raise
        finally:
            os.close(terminal)
            _, status = os.waitpid(process, 0)
        ended = Ended(shown, os.waitstatus_to_exitcode(status), time.monotonic() - began)
        return _told(command, ended)


def _wait_for_dpkg() -> None:
    """Let somebody else's package manager end first: dpkg itself does not wait."""
    with Path("/var/lib/dpkg/lock-frontend").open("r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)


def _told(command: Sequence[str | Path], ended: Ended) -> Ended:
    print(f"{' '.join(map(str, command))}: {ended.seconds:.1f} s\n{ended.shown}")  # noqa: T201
    return ended


def _conversation(terminal: int, answers: Sequence[tuple[str, str]], until: float) -> str:
    shown, left, looked = b"", list(answers), 0
    while True:
        if time.monotonic() > until:
            raise TimeoutError(f"{left} were not asked: {shown.decode(errors='replace')}")
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:  # Linux: nobody has the terminal open any more
            more = b""
        if not more:
            assert not left, f"{left} were not asked: {shown.decode(errors='replace')}"
            return shown.decode("utf-8", "replace")
        shown += more
        if left and left[0][0].encode() in shown[looked:]:
            looked = len(shown)
            os.write(terminal, f"{left.pop(0)[1]}\r".encode())


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait for what happens in the background, which nobody waits for."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def break_agent(program: Path, how: str) -> None:
    """Put something else in the agent's place."""
    program.unlink()
    content = BROKEN[how]
    if content is not None:
        program.write_text(content)
        program.chmod(0o755)


@contextmanager
def sat_down() -> Iterator[Desk]:
    """Make the account, and remove it whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="exitpoll-sample-"))
    folder.chmod(0o755)
    _leave()
    subprocess.run(["useradd", "--create-home", "--user-group", PERSON], check=True)
    try:
        yield Desk(folder)
    finally:
        _leave()
        shutil.rmtree(folder, ignore_errors=True)


def _leave() -> None:
    quietly: Mapping[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["userdel", "--force", "--remove", PERSON], check=False, **quietly)  # type: ignore[call-overload]
