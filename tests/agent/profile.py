"""One person's profile on one host: a state folder, and the agent run in it as a program."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.program import AGENT

from exitpoll_agent import clock, config, state
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter


@dataclass
class Profile:
    folder: Path
    address: str
    environment: dict[str, str] = field(default_factory=dict)
    mounts: str = ""
    """A shell's commands, run by root in a name space of their own, before the agent."""

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def variables(self) -> dict[str, str]:
        """The whole environment of the agent: nothing of the tester's own gets in."""
        return {
            "PATH": os.environ["PATH"],
            "EXITPOLL_ADDRESS": self.address,
            "EXITPOLL_PRODUCT": "Sample",
            "EXITPOLL_VERSION": "1.0",
            "EXITPOLL_STATE_DIR": str(self.state),
            "EXITPOLL_MACHINE_DIR": str(self.folder / "machine"),
            "TMPDIR": str(self.folder),
            "EXITPOLL_CONTAINERS": "count",  # the tests may run in one
            **self.environment,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the agent."""
        mounted = ("unshare", "--mount", "sh", "-c", f'({self.mounts}) && exec "$@"', "sh")
        return subprocess.Popen(
            [*(mounted if self.mounts else ()), *AGENT, *arguments],
            cwd=self.folder,
            env=self.variables,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the agent to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run the agent with --json and return what it answered."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def config(self, **changed: str) -> Config:
        """Return the settings, to call the agent's functions with."""
        overriding: Mapping[str, str] = {
            f"EXITPOLL_{name.upper()}": value for name, value in changed.items()
        }
        return config.load(None, {**self.variables, **overriding})

    def counter(self) -> Counter:
        """Return the counter on disk."""
        known = state.read_counter(self.state)
        assert known is not None
        return known

    def forget_backoff(self) -> None:
        """Let the time of a backoff pass."""
        self.change_state("counter.json", backoff_until=None)

    def change_state(self, name: str, **fields: object) -> None:
        """Change fields of a state file."""
        path = self.state / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def present() -> datetime:
    return clock.now()
