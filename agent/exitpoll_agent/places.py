"""Where a product's files are: of a person on a host, of the machine, and between two versions."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from exitpoll_agent import order, wire

OURS = "exitpoll"
"""The folder of all products that bundle the agent, in the person's profile or the machine's."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of one product."""

    state: Path
    """One a product, a person's profile and a host: a home that is synced, or shared by several
    hosts, holds one state for each of them, since a counter has one writer. The host's name is
    hashed so that the folder does not tell it on. Relative where no home is known."""
    machine: Path
    """What an installer keeps for everybody on the machine."""
    note: Path
    """The file that an uninstaller leaves for the next version."""

    @classmethod
    def of(cls, product: str, product_key: str, environment: Mapping[str, str]) -> Places:
        """Return the places, as the environment names them or the system has them.

        The key is the one that the product began with.
        """
        name = wire.folder_name(product, product_key)
        mark = name.rpartition("-")[2]
        state = environment.get(order.PREFIX + "STATE_DIR")
        machine = environment.get(order.PREFIX + "MACHINE_DIR")
        theirs = (
            platformdirs.user_state_path(OURS, appauthor=False) / name / wire.short_hash(_host())
        )
        everybodys = _everybodys() / name
        return cls(
            state=Path(state) if state else theirs,
            machine=Path(machine) if machine else everybodys,
            note=_temporary_folder(environment) / f"exitpoll-{mark}.json",
        )


def _everybodys() -> Path:
    # Not `site_state_path`, which says the same: the platformdirs of Debian 12 does not know it.
    if sys.platform == "win32":
        return platformdirs.site_data_path(OURS, appauthor=False)
    is_mac = sys.platform == "darwin"
    return Path("/Library/Application Support" if is_mac else "/var/lib") / OURS


def _temporary_folder(environment: Mapping[str, str]) -> Path:
    # Not by way of tempfile, which takes long to import and writes a file to see whether it can.
    named = (environment.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return Path(next((folder for folder in named if folder), "/tmp"))  # noqa: S108 - see note.py


def _host() -> str:
    # The first label only: the rest is the network's, and changes with it.
    return platform.node().split(".")[0].lower()
