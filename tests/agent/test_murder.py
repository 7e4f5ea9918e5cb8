"""Killed at any line, or failed at any write, rename or send: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile

ROOT = Path(__file__).parents[2]


def murdered(profile: Profile, how: str, stride: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.agent.murderer", how, str(stride)],
        env={**profile.variables, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    findings: dict[str, Any] = json.loads(done.stdout)
    return findings


def at_the_server(server: Loopback) -> dict[str, int]:
    """Merge all that arrived as the server does, and return each installation's launches."""
    rows: dict[tuple[str, ...], int] = {}
    for received in server.received:
        message = received.message
        for row in message["days"]:
            label = (message["installation_id"], message["counter"], row["day"], row["version"])
            rows[label] = max(rows.get(label, 0), row["launches"])
    launches: dict[str, int] = {}
    for key, number in rows.items():
        launches[key[0]] = launches.get(key[0], 0) + number
    return launches


@pytest.mark.parametrize(
    ("how", "stride"),
    [
        ("kill", 499),
        ("fault", 11),
        pytest.param("kill", 41, marks=pytest.mark.slow),
        pytest.param("fault", 1, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_or_doubled(
    profile: Profile, server: Loopback, how: str, stride: int
) -> None:
    """A launch that said it was counted is at the server in the end, and none is twice."""
    findings = murdered(profile, how, stride)
    assert findings["wrong"] == []
    assert sum(findings["attempts"].values()) > len(findings["attempts"])
    there = at_the_server(server)
    assert {known: there[known] for known in findings["launches"]} == findings["launches"]
