"""For whom root runs the agent: whatever it does then is done as that person.

State that root left in a person's home would lock the person out, the consent that holds is the
person's, and root's browser must never open. So root becomes the person for the rest of the
process (docs/adr/0008). Nothing in here exists on Windows.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from exitpoll_agent import order

assert sys.platform != "win32"  # noqa: S101 - for the type checker: pwd is POSIX's

LOGINCTL_SECONDS = 0.25
"""It answers within 20 ms, or hangs; it is asked twice, and an uninstaller waits."""

GRAPHICAL = frozenset({"x11", "wayland", "mir"})

KEPT = re.compile(
    r"EXITPOLL_\w+|LANG|LANGUAGE|LC_\w+|TZ|PATH|(?i:https?_proxy|all_proxy|no_proxy)"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|DO_NOT_TRACK|KUBERNETES_SERVICE_HOST|"
    + "|".join(order.BUILD_SERVERS)
)
"""The machine's, or said to the agent. The rest of root's environment is root's own."""

OF_THE_TERMINAL = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY")
"""What sudo leaves of the person's own."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account, and how programs find their screen."""

    name: str
    uid: int
    gid: int
    home: str
    screen: Mapping[str, str] = field(default_factory=dict)


def behind(environment: Mapping[str, str]) -> Person | None:
    """Return who used sudo or pkexec to run this; None where root did it on its own."""
    for variable in ("SUDO_UID", "PKEXEC_UID"):
        uid = environment.get(variable, "")
        if uid.isdecimal() and int(uid) != 0:
            screen = {n: environment[n] for n in OF_THE_TERMINAL if environment.get(n)}
            return _known(int(uid), screen)
    return None


def at_the_screen(environment: Mapping[str, str]) -> Person | None:
    """Return who uses this machine just now, with their screen where they have one.

    That is who is behind this, else whose the one session is that is on a screen; None where
    there is no such session, or several.
    """
    person = behind(environment)
    if person is not None and person.screen:
        return person
    shown = _of_the_session()
    is_theirs = person is None or (shown is not None and shown.uid == person.uid)
    return shown if is_theirs else person


def _of_the_session() -> Person | None:
    sessions = {session["User"]: session for session in _sessions() if _is_shown(session)}
    if len(sessions) != 1:
        return None
    ((uid, session),) = sessions.items()
    display = session.get("Display")
    return _known(int(uid), {"DISPLAY": display} if display else {}) if int(uid) else None


def take_environment(person: Person, environment: MutableMapping[str, str]) -> None:
    """Make an environment the person's: their home, their screen, and nothing of root's."""
    kept = {name: value for name, value in environment.items() if KEPT.fullmatch(name)}
    theirs = {"HOME": person.home, "USER": person.name, "LOGNAME": person.name}
    environment.clear()
    environment.update({**kept, **theirs, **_desktop(person.uid), **person.screen})


def become(person: Person) -> None:
    """Give up root's rights for the person's, for good.

    Raises:
        PermissionError: they cannot be given up; then nothing must be done as root either.
    """
    try:
        os.initgroups(person.name, person.gid)
        os.setgid(person.gid)
        os.setuid(person.uid)
    except OSError as error:
        raise PermissionError(f"root may not act as {person.name} here: {error.strerror}") from None


def become_in_a_child(person: Person, then: Callable[[], None]) -> None:
    """Become the person in a child, which returns; root does what is left to it, and ends.

    Raises:
        PermissionError: as `become`.
    """
    child = os.fork()
    if child == 0:
        become(person)
        return
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        then()
    os._exit(os.waitstatus_to_exitcode(status))


def _known(uid: int, screen: Mapping[str, str]) -> Person | None:
    try:
        entry = pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        return None
    return Person(name=entry.pw_name, uid=uid, gid=entry.pw_gid, home=entry.pw_dir, screen=screen)


def _desktop(uid: int) -> dict[str, str]:
    """Return what the person's session keeps where every program of theirs looks for it."""
    folder = Path(f"/run/user/{uid}")
    if not folder.is_dir():
        return {}
    found = {"XDG_RUNTIME_DIR": str(folder)}
    if (folder / "bus").is_socket():
        found["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={folder / 'bus'}"
    if (folder / "gdm" / "Xauthority").is_file():
        found["XAUTHORITY"] = str(folder / "gdm" / "Xauthority")
    for place in sorted(folder.glob("wayland-*")):
        if place.is_socket():
            return {**found, "WAYLAND_DISPLAY": place.name}
    return found


# -- what systemd knows --------------------------------------------------------------------


def _sessions() -> list[dict[str, str]]:
    """Return the sessions' properties, as loginctl has them; none where there is no systemd."""
    names = [line.split()[0] for line in _loginctl("list-sessions", "--no-legend") if line.strip()]
    if not names:
        return []
    sessions: list[dict[str, str]] = [{}]
    for line in _loginctl("show-session", *names):
        name, is_property, value = line.partition("=")
        if is_property:
            sessions[-1][name] = value
        else:  # an empty line parts them
            sessions.append({})
    return [session for session in sessions if session]


def _is_shown(session: Mapping[str, str]) -> bool:
    is_graphical = session.get("Type") in GRAPHICAL and session.get("Class") == "user"
    return is_graphical and session.get("Active") == "yes" and session.get("User", "").isdecimal()


def _loginctl(*arguments: str) -> list[str]:
    import subprocess  # noqa: PLC0415 - only root's uninstall asks

    try:
        done = subprocess.run(  # noqa: S603 - found where root finds its programs
            ["loginctl", *arguments],  # noqa: S607 - as above
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=LOGINCTL_SECONDS, check=False, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
