"""What only Windows has, with the frozen agent: `make test-agent-windows`."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.agent.loopback import Loopback, Received
from tests.agent.profile import Profile
from tests.program import FROZEN, ON_WINE, WINE

from exitpoll_agent import order, wire

pytestmark = [
    pytest.mark.windows,
    pytest.mark.skipif(
        not ON_WINE, reason="`make test-agent-windows` names a frozen Windows agent"
    ),
]

BUILT = Path(__file__).parents[2] / "build" / "windows"
PAGE_SECONDS = 10.0
NO_PAGE_SECONDS = 2.0
LOOKING_SECONDS = 0.5
"""How long a scanner takes for a small file, many times over."""
KILLS = 12
POLICY = rf"HKLM\{order.POLICY_KEY}"


def _on_windows(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of Windows' own programs."""
    return subprocess.run(
        [WINE, *command], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def _opened(profile: Profile, seconds: float) -> list[str]:
    """Return the pages that the browser was given within some time."""
    until = time.monotonic() + seconds
    file = profile.folder / "opened"
    while time.monotonic() < until and not file.exists():
        time.sleep(0.05)
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def with_browser(profile: Profile) -> Profile:
    script = profile.folder / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {profile.folder / "opened"}\n')
    script.chmod(0o700)
    profile.environment["BROWSER"] = str(script)
    return profile


@pytest.fixture
def policy() -> Iterator[None]:
    """Leave the machine without a policy afterwards."""
    yield
    _on_windows("reg", "delete", POLICY, "/f")


# -- where things are ----------------------------------------------------------------------


def test_the_state_stands_in_local_app_data(profile: Profile) -> None:
    """Without EXITPOLL_STATE_DIR the state is in the person's own folder, which does not roam."""
    profile.environment |= {"EXITPOLL_STATE_DIR": "", "EXITPOLL_PRODUCT": f"Test {uuid4()}"}
    assert profile.json("launch")["launches_total"] == 1
    folder: str = profile.json("status")["state_folder"]
    drive, *parts = folder.split("\\")
    assert (drive, parts[0], parts[2:5]) == ("C:", "users", ["AppData", "Local", "exitpoll"])
    here = BUILT.joinpath("prefix", "drive_c", *parts)
    assert (here / "counter.json").exists()
    shutil.rmtree(here.parent)


def test_what_is_told_of_windows(profile: Profile, server: Loopback) -> None:
    """System, architecture and language have the names that a report groups by."""
    profile.run("launch")
    message = server.received[0].message
    assert [message[name] for name in ("os", "arch", "locale")] == ["windows-10", "x86_64", "en-US"]


def test_a_comment_from_an_installer_arrives(profile: Profile, server: Loopback) -> None:
    """UTF-8 with a byte order mark and Windows' line ends, in a folder of the person's language."""
    folder = profile.folder / "Юлия Ö"
    folder.mkdir()
    comment = folder / "Отзыв.txt"
    comment.write_bytes("\ufeffUnverschämt!\r\nЖиви 😀".encode())
    done = profile.run("uninstall", "--reason=price", f"--comment-file={comment}")
    assert (done.returncode, done.stderr) == (0, "")
    answers = server.received[-1].message["uninstall"]["answers"]
    assert answers["comment"].splitlines() == ["Unverschämt!", "Живи 😀"]


def test_a_console_that_lacks_a_letter(profile: Profile) -> None:
    """A product in another script is named as far as the console can; nothing fails."""
    profile.environment["EXITPOLL_PRODUCT"] = "Записки"
    done = profile.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" 1.0 is configured; nothing was counted yet.\n")


# -- the administrator ---------------------------------------------------------------------


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize(
    ("kind", "value", "consent"),
    [
        ("REG_SZ", "none", "none"),
        ("REG_SZ", "exit", "exit"),
        ("REG_SZ", "maybe", "none"),
        ("REG_DWORD", "1", "none"),
    ],
)
def test_the_policy_in_the_registry_is_obeyed(
    profile: Profile, server: Loopback, kind: str, value: str, consent: str
) -> None:
    """An administrator's word narrows what everybody else allows, and a mistyped one forbids."""
    _on_windows("reg", "add", POLICY, "/v", order.POLICY_VALUE, "/t", kind, "/d", value, "/f")
    assert profile.json("launch")["consent"] == consent
    decision = profile.json("consent")
    assert (decision["consent"], decision["decided_by"]) == (consent, "administrator")
    assert f"HKEY_LOCAL_MACHINE\\{order.POLICY_KEY}" in decision["words"][0]["because"]
    assert server.received == []
    assert profile.state.exists() == (consent == "exit")


# -- the browser ---------------------------------------------------------------------------


def test_the_page_is_handed_to_the_browser(with_browser: Profile, server: Loopback) -> None:
    """The person's browser gets the configured server's page, whole, with the event."""
    with_browser.run("launch")
    answer = with_browser.json("uninstall", "--open-survey")
    assert (answer["asked"], answer["survey_opened"]) == ("page", True)
    (page,) = _opened(with_browser, PAGE_SECONDS)
    origin, event = page.split("/u/KEY/")
    assert origin == server.address.replace("KEY@", "")
    told: dict[str, Any] = wire.decode_event(event)
    sent = server.received[-1].message
    assert told["installation_id"] == sent["installation_id"]
    assert told["uninstall"]["uninstall_id"] == answer["uninstall_id"]


def test_the_page_is_opened_without_a_network(with_browser: Profile, offline: Profile) -> None:
    """Where a firewall stops the agent the browser is the second channel."""
    with_browser.address = offline.address
    answer = with_browser.json("uninstall", "--open-survey")
    assert (answer["upload"], answer["survey_opened"]) == ("later", True)
    assert len(_opened(with_browser, PAGE_SECONDS)) == 1


@pytest.mark.parametrize("option", ["--unattended", "--reason=price"])
def test_no_page_opens_where_nobody_is_to_be_asked(with_browser: Profile, option: str) -> None:
    """Unattended, and after the installer's own page, no browser starts."""
    assert with_browser.json("uninstall", "--open-survey", option)["survey_opened"] is False
    assert _opened(with_browser, NO_PAGE_SECONDS) == []


# -- the twin without a window -------------------------------------------------------------


def _twin(profile: Profile, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the windowed program as Windows does for a setup: without any stream."""
    assert FROZEN is not None
    return subprocess.run(
        [WINE, "start", "/wait", "/unix", FROZEN.with_stem(f"{FROZEN.stem}w"), *arguments],
        env=profile.variables, cwd=profile.folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_twin_counts_and_says_nothing(profile: Profile, server: Loopback) -> None:
    """A launch and an uninstall without a console do what they do with one, in silence."""
    for command in (["launch"], ["uninstall", "--reason=price"]):
        done = _twin(profile, *command)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert [got.path for got in server.received] == [wire.PINGS_PATH, wire.UNINSTALLS_PATH]


@pytest.mark.parametrize(
    ("arguments", "address", "exit_code"),
    [(["launch"], "nonsense", 0), (["uninstall"], "", 0), (["fly"], "nonsense", 2), ([], "", 2)],
)
def test_the_twin_ends_where_it_fails(
    profile: Profile, arguments: list[str], address: str, exit_code: int
) -> None:
    """Whatever is wrong, no window waits for a click that would hold up a setup."""
    profile.environment["EXITPOLL_ADDRESS"] = address
    done = _twin(profile, *arguments)
    assert (done.returncode, done.stdout) == (exit_code, b"")


def test_only_the_twin_is_without_a_console() -> None:
    """The header of one program asks Windows for a console, that of the other for none."""
    assert FROZEN is not None
    assert _subsystem(FROZEN) == 3
    assert _subsystem(FROZEN.with_stem(f"{FROZEN.stem}w")) == 2


def _subsystem(program: Path) -> int:
    """Read IMAGE_OPTIONAL_HEADER.Subsystem: 2 is a program of windows, 3 one of the console."""
    data = program.read_bytes()
    header = int.from_bytes(data[0x3C:0x40], "little")
    return int.from_bytes(data[header + 0x5C : header + 0x5E], "little")


# -- files that others hold, and sudden ends -----------------------------------------------


def test_a_file_that_is_being_looked_at_does_not_cost_a_launch(offline: Profile) -> None:
    """Windows replaces no file that another program has open, as virus scanners do: we wait."""
    offline.run("launch")
    hold = "import sys; file = open(sys.argv[1]); print('held', flush=True); sys.stdin.readline()"
    holder = subprocess.Popen(
        [WINE, BUILT / "python" / "python.exe", "-c", hold, offline.state / "counter.json"],
        cwd=offline.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    offline.environment["EXITPOLL_VERSION"] = "1.1"  # so that the counter is written anew
    launch = offline.start("launch")
    until = time.monotonic() + 30
    while not (offline.state / "counter.json.new").exists() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(LOOKING_SECONDS)
    holder.communicate("\n", timeout=60)
    _, err = launch.communicate(timeout=60)
    assert (err, launch.returncode) == ("", 0)
    assert offline.counter().launches_total == 2


def test_a_launch_with_nothing_due_takes_the_short_way(profile: Profile) -> None:
    """It is one line appended, with a line end of one byte, or its size would say a wrong count."""
    totals = [profile.json("launch")["launches_total"] for _ in range(4)]
    (orders,) = profile.state.glob("order-*")
    (tally,) = profile.state.glob("tally-*")
    lines = tally.read_bytes().split(b"\n")
    assert (totals, len(lines) - 1) == ([1, 2, 3, 4], 3)
    assert b"\r" not in orders.read_bytes() + tally.read_bytes()


def test_status_beside_launches_fails_none_of_them(offline: Profile) -> None:
    """Who only looks takes no lock, and neither fails nor makes a launch fail."""
    offline.run("launch")
    started = [offline.start("launch" if n % 2 else "status", "--json") for n in range(12)]
    said = [(process.communicate(timeout=120), process.returncode) for process in started]
    assert [(err, code) for (_, err), code in said] == [("", 0)] * 12
    assert offline.counter().launches_total == 7


def test_kills_lose_no_launch_and_damage_nothing(offline: Profile) -> None:
    """Killed at any moment, the agent leaves a state that the next launch goes on with."""
    counted = offline.json("launch")["launches_total"]
    moments = random.Random(7)
    for _ in range(KILLS):
        process = offline.start("launch", "--json")
        time.sleep(moments.uniform(0.1, 1.5))
        process.kill()
        out, _ = process.communicate(timeout=60)
        counted += '"counted": true' in out
    total = offline.json("launch")["launches_total"]
    assert counted + 1 <= total <= KILLS + 2
    assert not list(offline.state.glob("*.corrupt-*"))


def test_taskkill_while_sending_keeps_the_count(profile: Profile, server: Loopback) -> None:
    """A task manager that ends the agent while it waits for the server loses nothing."""
    arrived, answer = threading.Event(), threading.Event()

    def hang(_received: Received) -> None:
        arrived.set()
        answer.wait(30)

    server.before_answering = hang
    assert FROZEN is not None
    process = profile.start("launch")
    assert arrived.wait(30)
    killed = _on_windows("taskkill", "/F", "/IM", FROZEN.name)
    assert killed.returncode == 0, killed.stdout + killed.stderr
    out, _ = process.communicate(timeout=30)
    assert out == ""
    answer.set()
    server.before_answering = lambda _received: None
    profile.forget_backoff()
    assert profile.json("launch")["launches_total"] == 2
    assert server.received[-1].message["days"][0]["launches"] == 2
