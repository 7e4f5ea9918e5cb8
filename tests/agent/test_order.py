"""A launch that follows an order: the same count, the same words, and never against a change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile


def is_followed(profile: Profile) -> bool:
    """Say whether a launch follows an order: then the counter's file stays as it was."""
    file = profile.state / "counter.json"
    before = file.read_bytes() if file.exists() else None
    assert profile.run("launch").returncode == 0
    return before is not None and file.read_bytes() == before


def test_a_launch_that_follows_says_what_another_would(profile: Profile) -> None:
    """Sentence, JSON and count are those of the long way."""
    profile.run("launch")
    short = [profile.run("launch").stdout, profile.run("launch", "--json").stdout]
    assert profile.counter().launches_total == 3
    for order in profile.state.glob("order-*"):
        order.unlink()
    long = [profile.run("launch").stdout]
    for order in profile.state.glob("order-*"):
        order.unlink()
    long.append(profile.run("launch", "--json").stdout)
    assert [text.replace("4", "2").replace("5", "3") for text in long] == short
    assert json.loads(short[1])["launches_total"] == 3


def test_it_is_found_in_the_persons_own_folder_too(profile: Profile) -> None:
    """Without EXITPOLL_STATE_DIR the order lies where platformdirs has the state of this person."""
    profile.environment.update(EXITPOLL_STATE_DIR="", HOME=str(profile.folder))
    profile.run("launch")
    (state,) = (profile.folder / ".local" / "state" / "exitpoll").glob("*/*/counter.json")
    before = state.read_bytes()
    assert profile.run("launch").stdout == "Launch 2 counted; nothing is due to be sent.\n"
    assert state.read_bytes() == before


def test_it_imports_next_to_nothing(profile: Profile) -> None:
    """What follows an order starts a program that has no library and no parser in it."""
    profile.run("launch")
    script = (
        f"import sys; sys.path.insert(0, {AGENT_PATH!r}); from exitpoll_agent import program;"
        "sys.argv = ['exitpoll-agent', 'launch']; program.main();"
        "print(*sorted({'re', 'json', 'dataclasses', 'pathlib', 'typing', 'argparse', 'requests',"
        "'collections', 'contextlib', 'datetime'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env=profile.variables,
        cwd=profile.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["Launch 2 counted; nothing is due to be sent.", ""]


AGENT_PATH = str(Path(__file__).parents[2] / "agent")


@pytest.mark.parametrize(
    "changed",
    [
        {"EXITPOLL_VERSION": "1.1"},
        {"EXITPOLL_EDITION": "paid"},
        {"EXITPOLL_CONSENT": "exit"},
        {"DO_NOT_TRACK": "1"},
    ],
)
def test_a_changed_environment_ends_it(profile: Profile, changed: dict[str, str]) -> None:
    """What settings and consent were read from has to be the same."""
    profile.run("launch")
    assert is_followed(profile)
    profile.environment.update(changed)
    profile.run("launch")
    counts = profile.counter()
    if "DO_NOT_TRACK" in changed:
        assert counts.launches_total == 2
    else:
        assert counts.launches_total == 3
        version = changed.get("EXITPOLL_VERSION", "1.0")
        assert counts.rows[-1].version == version


def test_a_changed_file_ends_it(profile: Profile) -> None:
    """So does exitpoll.toml, the person's choice, and anything that changed the counter."""
    profile.run("launch")
    assert is_followed(profile)
    (profile.folder / "exitpoll.toml").write_text('channel = "beta"')
    assert not is_followed(profile)
    assert is_followed(profile)
    profile.run("milestone", "first-export")
    assert not is_followed(profile)  # a milestone is due
    assert is_followed(profile)
    profile.run("consent", "none")
    assert profile.run("launch").stdout == "Nothing was counted: consent is none.\n"


def test_it_ends_with_what_makes_a_ping_due(profile: Profile, server: Loopback) -> None:
    """After the interval the launches that were counted by order are sent."""
    server.answers_with_policy(interval_hours=1)
    profile.run("launch")
    assert is_followed(profile)
    (order,) = profile.state.glob("order-*")
    lines = order.read_text().split("\n")
    lines[7] = lines[6]  # it ends as it begins: the hour has gone by
    order.write_text("\n".join(lines))
    hours_ago = "2026-01-01T00:00:00Z"
    profile.run("launch")
    profile.change_state("counter.json", pinged_at=hours_ago)
    profile.run("launch")
    assert server.received[-1].message["days"][-1]["launches"] == 4


def test_no_order_outlives_its_day(profile: Profile) -> None:
    """The first launch of a UTC day is due, so an order ends with the day it was given on."""
    profile.run("launch")
    (order,) = profile.state.glob("order-*")
    since, until = (int(line) for line in order.read_text().split("\n")[6:8])
    midnight = (since // 86_400 + 1) * 86_400
    assert since < until <= midnight


@pytest.mark.parametrize("damage", ["", "exitpoll order 1", "\0" * 500, "exitpoll order 2\n" * 20])
def test_a_damaged_order_is_none(profile: Profile, damage: str) -> None:
    """Then the launch goes the long way, and leaves a sound one."""
    profile.run("launch")
    (order,) = profile.state.glob("order-*")
    order.write_text(damage)
    assert not is_followed(profile)
    assert is_followed(profile)
    assert profile.counter().launches_total == 3


def test_erasing_leaves_no_order(profile: Profile) -> None:
    """Nothing of the installation stays, not even how to count the next launch."""
    profile.run("launch")
    assert list(profile.state.glob("order-*"))
    profile.run("erase")
    assert {file.name for file in profile.state.iterdir()} == {"lock"}


def test_consent_none_leaves_no_order(profile: Profile) -> None:
    """Under `none` nothing is written."""
    profile.environment["EXITPOLL_CONSENT"] = "none"
    profile.run("launch")
    assert not profile.state.exists()
