"""Where root runs the agent it is done as the person whom it is for, with real accounts."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.agent.loopback import Loopback
from tests.program import FROZEN, IS_ROOT, PROGRAM

from exitpoll_agent import wire

pytestmark = [
    pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else"),
    pytest.mark.agent,
]

ROOT = (
    "setpriv",
    "--groups=0",
    *(
        ()
        if FROZEN
        else (
            "--securebits=+no_setuid_fixup",
            "--bounding-set=-all,+dac_read_search,+setuid,+setgid",
        )
    ),
)
"""The library's Python may lie in root's own home, where no person could read it: this root writes
only what is root's, and whom it becomes may read everything. What that one starts may not."""

LOGINCTL = """#!/bin/sh
case "$1" in
list-sessions) printf '%7s 0 root\\n' $(ls {0}) ;;
show-session) shift; for one; do test "$first" && echo; first=no; cat {0}/$one; done ;;
esac
"""
"""A stand-in: it needs systemd as process 1, which no test can be given."""

XDG_OPEN = """#!/bin/sh
{{ id -u; id -G; grep ^CapEff: /proc/self/status; echo "$#"; echo "$1"; }} > {0}/opened
env > {0}/environment
"""


@dataclass
class Machine:
    """A machine on which the product is uninstalled, with what notes the opening of a page."""

    folder: Path
    person: pwd.struct_passwd
    address: str
    said: dict[str, str] = field(default_factory=dict)
    """What root's environment has, beside what a login gives it."""

    def root(self, *arguments: str) -> dict[str, Any]:
        """Run the agent as root does, and return what it answered."""
        return self._answer([*ROOT, *PROGRAM, *arguments], self.environment())

    def environment(self) -> dict[str, str]:
        """Return root's."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "root"),
            "USER": "root",
            "XDG_RUNTIME_DIR": str(self.folder / "root"),
            "XDG_STATE_HOME": str(self.folder / "root" / "state"),
            "SECRET": "of root",
            "LANG": "de_DE.UTF-8",
            "EXITPOLL_ADDRESS": self.address,
            "EXITPOLL_PRODUCT": "Sample",
            "EXITPOLL_VERSION": "1.0",
            "EXITPOLL_CONTAINERS": "count",
            **self.said,
        }

    def themself(self, *arguments: str) -> dict[str, Any]:
        """Run the agent as the person does; the test's Python may lie where only root can read."""
        uid = str(self.person.pw_uid)
        by = ["setpriv", f"--reuid={uid}", f"--regid={self.person.pw_gid}", "--clear-groups",
              "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # fmt: skip
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.person.pw_dir,
            "EXITPOLL_ADDRESS": self.address,
            "EXITPOLL_PRODUCT": "Sample",
            "EXITPOLL_VERSION": "1.0",
            "EXITPOLL_CONTAINERS": "count",
        }
        return self._answer([*by, *PROGRAM, *arguments], environment)

    def _answer(self, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
        done = subprocess.run(
            [*command, "--json"],
            cwd=self.folder / "root",
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def logs_in(self, number: int, **properties: str) -> None:
        """Let somebody sit down at the screen."""
        usual = {"Type": "x11", "Class": "user", "Active": "yes", "Display": ":7"}
        lines = [f"{name}={value}" for name, value in {**usual, **properties}.items()]
        (self.folder / "sessions" / f"c{number}").write_text("\n".join(lines) + "\n")

    @property
    def opened(self) -> list[str]:
        """Who opened what: uid, groups, rights, number of arguments, address."""
        file = self.folder / "noted" / "opened"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def given(self) -> dict[str, str]:
        """What the browser's environment was."""
        lines = (self.folder / "noted" / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def owners(self, folder: str | Path) -> set[int]:
        """Whose the state files below a folder are."""
        return {file.stat().st_uid for file in Path(folder).rglob("*") if "exitpoll" in str(file)}


@pytest.fixture(scope="module")
def account() -> Iterator[pwd.struct_passwd]:
    """Make an account with a home, as a person has them, for as long as these tests run."""
    name = f"exitpoll-{os.getpid()}"
    home = Path(tempfile.mkdtemp(prefix="exitpoll-home-"))
    subprocess.run(["useradd", "--no-create-home", f"--home-dir={home}", name], check=True)
    try:
        yield pwd.getpwnam(name)
    finally:
        subprocess.run(["userdel", name], check=True, stderr=subprocess.DEVNULL)
        shutil.rmtree(home)


@pytest.fixture
def machine(account: pwd.struct_passwd, server: Loopback) -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="exitpoll-machine-"))
    folder.chmod(0o755)
    for name in ("bin", "noted", "root", "sessions"):
        (folder / name).mkdir()
    (folder / "root").chmod(0o700)
    os.chown(folder / "noted", account.pw_uid, account.pw_gid)
    os.chown(account.pw_dir, account.pw_uid, account.pw_gid)
    for name, text, noted in (("loginctl", LOGINCTL, "sessions"), ("xdg-open", XDG_OPEN, "noted")):
        program = folder / "bin" / name
        program.write_text(text.format(folder / noted))
        program.chmod(0o755)
    yield Machine(folder, account, server.address)
    shutil.rmtree(folder)
    for left_over in Path(account.pw_dir).iterdir():
        shutil.rmtree(left_over)


def test_sudo_opens_the_page_in_the_persons_browser(machine: Machine, server: Loopback) -> None:
    """Whoever used sudo is who is asked: their account, their home, and nothing of root's."""
    known = machine.themself("launch")
    machine.said = {"SUDO_UID": str(machine.person.pw_uid), "DISPLAY": ":3", "XAUTHORITY": "/x"}
    machine.logs_in(1, User=str(machine.person.pw_uid))  # with another screen
    answer = machine.root("uninstall", "--open-survey")
    assert (answer["asked"], answer["upload"], answer["survey_opened"]) == (
        "page",
        "confirmed",
        True,
    )
    uid, groups, rights, count, page = machine.opened
    assert (uid, groups) == (str(machine.person.pw_uid), str(machine.person.pw_gid))
    assert rights.split() == ["CapEff:", "0" * 16]
    assert count == "1"
    assert page.startswith(f"{server.address.replace('KEY@', '')}/u/KEY/")
    given = machine.given
    assert (given["HOME"], given["USER"]) == (machine.person.pw_dir, machine.person.pw_name)
    assert (given["DISPLAY"], given["XAUTHORITY"], given["LANG"]) == (":3", "/x", "de_DE.UTF-8")
    assert not {"SECRET", "SUDO_UID", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"} & set(given)
    assert server.received[-1].message["launches_total"] == known["launches_total"] == 1


def test_what_root_does_for_a_person_is_the_persons(machine: Machine, server: Loopback) -> None:
    """A product started with sudo counts for who did, and locks nobody out of their own home."""
    machine.said = {"SUDO_UID": str(machine.person.pw_uid), "HOME": machine.person.pw_dir}
    machine.root("launch")
    machine.root("milestone", "first-export")
    assert machine.themself("launch")["launches_total"] == 2
    assert machine.owners(machine.person.pw_dir) == {machine.person.pw_uid}
    assert machine.owners(machine.folder / "root") == set()
    ids = {received.message["counter"] for received in server.received}
    assert len(ids) == 1


def test_the_persons_refusal_holds_for_root(machine: Machine, server: Loopback) -> None:
    """Where the person chose none, root's uninstaller says nothing and opens nothing."""
    machine.themself("consent", "none")
    machine.said = {"SUDO_UID": str(machine.person.pw_uid), "DISPLAY": ":3"}
    answer = machine.root("uninstall", "--open-survey")
    assert (answer["uninstall_id"], answer["not_asked"]) == (None, "consent")
    assert server.received == []
    assert machine.opened == []


def test_a_comment_that_only_root_may_read_arrives(machine: Machine, server: Loopback) -> None:
    """What an installer that is root wrote down for nobody else goes with the event."""
    comment = machine.folder / "root" / "comment"
    comment.write_text("too slow")
    comment.chmod(stat.S_IRUSR)
    machine.said = {"SUDO_UID": str(machine.person.pw_uid)}
    machine.root("uninstall", f"--comment-file={comment}")
    assert server.received[-1].message["uninstall"]["answers"]["comment"] == "too slow"


@pytest.mark.parametrize(
    ("said", "sessions", "not_asked"),
    [
        ({}, [], "no_session"),
        ({"SUDO_UID": "0"}, [], "no_session"),
        ({"SUDO_UID": "4123456789"}, [], "no_session"),
        ({"SUDO_UID": "-1"}, [], "no_session"),
        ({"DISPLAY": ":0"}, [], "elevated"),
        ({"DISPLAY": ":0"}, [{"User": "0"}], "elevated"),
        ({}, [{"Type": "tty"}], "no_session"),
        ({}, [{"Class": "greeter"}], "no_session"),
        ({}, [{"Active": "no"}], "no_session"),
        ({}, [{}, {"User": "1"}], "no_session"),
        ({"SUDO_UID": "PERSON"}, [], "no_display"),
        ({"SUDO_UID": "PERSON"}, [{"User": "1"}], "no_display"),
        ({"SUDO_UID": "PERSON", "DISPLAY": ":3"}, [], None),
    ],
)
def test_without_a_persons_screen_there_is_no_page(
    machine: Machine,
    server: Loopback,
    said: dict[str, str],
    sessions: list[dict[str, str]],
    not_asked: str | None,
) -> None:
    """Root itself never opens a page; the event is sent all the same and says which it was."""
    uid = str(machine.person.pw_uid)
    machine.said = {name: value.replace("PERSON", uid) for name, value in said.items()}
    for number, properties in enumerate(sessions):
        machine.logs_in(number, **{"User": uid, **properties})
    answer = machine.root("uninstall", "--open-survey")
    assert (answer["not_asked"], answer["upload"]) == (not_asked, "confirmed")
    assert server.received[-1].message["uninstall"]["not_asked"] == not_asked
    assert len(machine.opened) == (0 if not_asked else 5)


@pytest.mark.parametrize("said", [{}, {"PKEXEC_UID": "PERSON"}])
def test_root_hands_over_to_whose_the_screen_is(machine: Machine, said: dict[str, str]) -> None:
    """A package manager's daemon asks the person at the screen, under that session's display."""
    uid = str(machine.person.pw_uid)
    machine.said = dict.fromkeys(said, uid)
    machine.logs_in(1, User=uid)
    machine.logs_in(2, User=uid, Type="tty")
    machine.logs_in(3, User="0", Class="greeter")
    assert machine.root("uninstall", "--open-survey")["survey_opened"] is True
    assert machine.opened[0] == uid
    assert machine.given["DISPLAY"] == ":7"
    assert machine.owners(machine.folder / "root") == set()


def test_unattended_root_opens_nothing(machine: Machine, server: Loopback) -> None:
    """Nobody is asked where nobody is there, whoever is logged in; the event is the person's."""
    machine.themself("launch")
    machine.logs_in(1, User=str(machine.person.pw_uid))
    assert machine.root("uninstall", "--unattended", "--open-survey")["not_asked"] == "unattended"
    assert server.received[-1].path == wire.UNINSTALLS_PATH
    assert server.received[-1].message["launches_total"] == 1
    assert machine.opened == []


def test_a_login_daemon_that_hangs_holds_nobody(machine: Machine) -> None:
    """Without an answer from loginctl there is no session, and the event is sent."""
    (machine.folder / "bin" / "loginctl").write_text("#!/bin/sh\nexec sleep 30\n")
    answer = machine.root("uninstall", "--open-survey")
    assert (answer["not_asked"], answer["upload"]) == ("no_session", "confirmed")


def test_the_session_of_wayland_is_found(machine: Machine) -> None:
    """Where the person's desktop is Wayland its sockets, and the bus, are where they always are."""
    uid = str(machine.person.pw_uid)
    folder = Path("/run/user") / uid
    folder.mkdir(parents=True)
    try:
        with socket.socket(socket.AF_UNIX) as wayland, socket.socket(socket.AF_UNIX) as bus:
            wayland.bind(str(folder / "wayland-1"))
            bus.bind(str(folder / "bus"))
            (folder / "wayland-0.lock").touch()
            machine.logs_in(1, User=uid, Type="wayland", Display="")
            assert machine.root("uninstall", "--open-survey")["survey_opened"] is True
    finally:
        shutil.rmtree(folder)
    given = machine.given
    assert (given["WAYLAND_DISPLAY"], given["XDG_RUNTIME_DIR"]) == ("wayland-1", str(folder))
    assert given["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={folder}/bus"
    assert "DISPLAY" not in given


def test_root_that_cannot_become_the_person_does_nothing(
    machine: Machine, server: Loopback
) -> None:
    """In a container that has no other accounts nothing is done with root's rights instead."""
    machine.said = {"SUDO_UID": str(machine.person.pw_uid)}
    environment = machine.environment()
    alone = ["unshare", "--user", "--map-root-user", *PROGRAM, "uninstall"]
    done = subprocess.run(alone, env=environment, capture_output=True, text=True, check=True)
    assert f"root may not act as {machine.person.pw_name} here" in done.stderr
    assert server.received == []
    assert machine.owners(machine.person.pw_dir) == set()
