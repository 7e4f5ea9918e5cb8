"""The order that a launch leaves for those after it: how to count while nothing else is to be done.

Most launches send nothing and change nothing but a count. The first of a day works out, with all
settings, consent and state read, what the next ones have to do and until when, and leaves it as an
order (`ordering`). They follow it without importing a library: a lock, a line, done. Whatever the
order was worked out from is watched; where any of it changed there is no order, and the launch goes
the long way. Imports next to nothing: this is what a product waits for (docs/adr/0007).
"""

from __future__ import annotations

import os
import sys
import time
import zlib

from exitpoll_agent import __version__
from exitpoll_agent.lock import BINARY, WAIT_SECONDS, Lock

TYPE_CHECKING = False  # typing itself costs a tenth of a launch
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIG_NAME = "exitpoll.toml"
POLICY_FILE = "/etc/exitpoll/policy.toml"
POLICY_KEY = r"Software\Policies\Exitpoll"
"""Under HKEY_LOCAL_MACHINE, where only administrators write."""
POLICY_VALUE = "Consent"

PREFIX = "EXITPOLL_"
BUILD_SERVERS = (
    "CI",  # nearly all of them
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CIRCLECI",
    "CODEBUILD_BUILD_ID",  # AWS CodeBuild
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",  # Azure Pipelines
    "TRAVIS",
    "bamboo_buildKey",  # Bamboo
)
"""What build servers set, as their documentation has it."""

WATCHED_VARIABLES = (
    "DO_NOT_TRACK",
    "HOME",
    "XDG_STATE_HOME",
    "LOCALAPPDATA",
    "USERNAME",
    "SUDO_UID",
    "PKEXEC_UID",
    "KUBERNETES_SERVICE_HOST",
    *BUILD_SERVERS,
)
"""With all that begin with `PREFIX`: what the environment has to say about counting."""

END = "."
"""Ends a line of the tally: one that was cut off counts nothing."""
PLACE = "@"
"""Stands for the number of launches in what is to be said."""
MAX_TALLY_BYTES = 64 * 1024
"""Three thousand launches; then the long way takes them in."""

FORMAT = "exitpoll order 1"


def follow(
    environment: Mapping[str, str], wait_seconds: float = WAIT_SECONDS
) -> tuple[str, str] | None:
    """Count a launch as the order says, and return what to say, in a sentence and in JSON.

    None where nothing was done, and the long way is to go. Raises nothing.
    """
    try:
        return _followed(environment, wait_seconds)
    except Exception:  # noqa: BLE001 - the long way says what is wrong
        return None


def leave(  # noqa: PLR0913 - one line of the file each
    environment: Mapping[str, str],
    *,
    folder: str,
    tally: str,
    line: str,
    launches: int,
    since: int,
    until: int,
    said: tuple[str, str],
    watched: Sequence[str],
) -> None:
    """Write an order, in place of any earlier one.

    Args:
        environment: the one that it was worked out in, and holds in.
        folder: the state folder, whose lock is held.
        tally: the path of the file that launches are added to.
        line: what is added for one.
        launches: in all, before any are added.
        since: when it begins to hold, in seconds of the epoch; a clock put back ends it.
        until: when it ends.
        said: what to say, in a sentence and in JSON, with `PLACE` for the number of launches.
        watched: paths of the files that it depends on, there or not.

    Raises:
        OSError: it cannot be written.
    """
    file = path(environment)
    if file is None:
        return
    head = (FORMAT, key(environment), folder, tally, line, str(launches), str(since), str(until))
    marks = (f"{_mark(name)} {name}" for name in watched)
    text = "\n".join((*head, *said, *marks))
    temporary = f"{file}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(text.encode("utf-8", "surrogateescape"))
    os.replace(temporary, file)  # noqa: PTH105 - pathlib costs half a launch


def path(environment: Mapping[str, str]) -> str | None:
    """Return where the order of a product is: found without reading its settings."""
    folder = _folder(environment)
    if folder is None:
        return None
    told = (
        config_file(environment),
        *(environment.get(PREFIX + n, "") for n in ("ADDRESS", "PRODUCT")),
    )
    return os.path.join(folder, f"order-{_hash(told, _host())}")  # noqa: PTH118 - as above


def config_file(environment: Mapping[str, str]) -> str:
    """Return the settings' file: the one that is named, or the usual one, which may be missing."""
    named = environment.get(PREFIX + "CONFIG")
    is_frozen = getattr(sys, "frozen", False)
    folder = os.path.dirname(sys.executable) if is_frozen else ""  # noqa: PTH120 - as above
    return named or os.path.join(folder, CONFIG_NAME)  # noqa: PTH118 - as above


def key(environment: Mapping[str, str]) -> str:
    """Return what tells the circumstances of a launch from all others, but for the files."""
    said = sorted(
        f"{name}={value}"
        for name, value in environment.items()
        if name.startswith(PREFIX) or name in WATCHED_VARIABLES
    )
    return _hash((__version__, *said, str(registry_policy())), _host())


# -- following it --------------------------------------------------------------------------


def _followed(environment: Mapping[str, str], wait_seconds: float) -> tuple[str, str] | None:
    file = path(environment)
    if file is None:
        return None
    with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as opened:  # noqa: PTH123
        lines = opened.read().split("\n")
    known, its_key, folder, tally, line, launches, since, until, sentence, json, *marks = lines
    if known != FORMAT or its_key != key(environment):
        return None
    if not int(since) <= time.time() < int(until):
        return None
    with Lock(folder, wait_seconds):
        if any(_mark(mark.partition(" ")[2]) != mark.partition(" ")[0] for mark in marks):
            return None
        added = _add(tally, line)
    if added is None:
        return None
    total = str(int(launches) + added)
    return sentence.replace(PLACE, total), json.replace(PLACE, total)


def _add(tally: str, line: str) -> int | None:
    """Add a line, durably, and return how many there are; None where it could not be added."""
    # A line of its own, whatever the loss of power left of the one before.
    record = f"\n{line}{END}".encode("utf-8", "surrogateescape")
    descriptor = os.open(tally, os.O_WRONLY | os.O_APPEND | BINARY)
    try:
        size = os.fstat(descriptor).st_size
        if size >= MAX_TALLY_BYTES or os.write(descriptor, record) != len(record):
            return None
        try:  # noqa: SIM105 - contextlib costs a tenth of a launch
            os.fsync(descriptor)
        except OSError:  # it stands there and will be read: counted, if power lasts
            pass
        return size // len(record) + 1
    finally:
        os.close(descriptor)


def _mark(name: str) -> str:
    """Return what changes whenever a file is written, replaced, made or removed."""
    try:
        found = os.stat(name)  # noqa: PTH116 - as above
    except OSError:
        return "-"
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _folder(environment: Mapping[str, str]) -> str | None:
    """Return where state is kept, as platformdirs has it on all but odd systems."""
    configured = environment.get(PREFIX + "STATE_DIR")
    if configured:
        return configured
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        home = environment.get("HOME")
        base = home and f"{home}/Library/Application Support"
    else:
        home = environment.get("HOME")
        base = environment.get("XDG_STATE_HOME") or (home and f"{home}/.local/state")
    return os.path.join(base, "exitpoll") if base else None  # noqa: PTH118


def _host() -> str:
    return os.environ.get("COMPUTERNAME", "") if sys.platform == "win32" else os.uname().nodename


def _hash(texts: Sequence[str], host: str) -> str:
    told = "\n".join((*texts, host)).encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(told):08x}{zlib.adler32(told):08x}"


if sys.platform == "win32":

    def registry_policy() -> object:
        """Return what the machine's policy says; None where there is none, or no word of consent.

        Returns the error where it cannot be read.
        """
        import winreg  # noqa: PLC0415 - only Windows has it

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, POLICY_KEY) as opened:
                value: object = winreg.QueryValueEx(opened, POLICY_VALUE)[0]
        except FileNotFoundError:
            return None
        except OSError as error:
            return error
        return value
else:

    def registry_policy() -> object:
        """Return None: there is no registry here."""
        return None
