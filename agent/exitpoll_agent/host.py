"""Which host this is, told only to itself: a salted mark that never leaves the machine.

A machine that was copied has its copy's state, too. The system gives every machine an id of its
own, and a copy gets another one; the state keeps a mark of it, salted so that nobody can compare
it with anything else.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
REGISTRY_KEY = r"SOFTWARE\Microsoft\Cryptography"
REGISTRY_VALUE = "MachineGuid"


def mark(salt: str) -> str | None:
    """Return the mark of this host; None where the system has no id for it (macOS, containers)."""
    known = _machine_id()
    return hashlib.sha256(f"{salt} {known}".encode()).hexdigest() if known else None


if sys.platform == "win32":

    def _machine_id() -> str | None:
        import winreg  # noqa: PLC0415 - only Windows has it

        try:
            with winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE, REGISTRY_KEY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            ) as key:
                return str(winreg.QueryValueEx(key, REGISTRY_VALUE)[0])
        except OSError:
            return None
else:

    def _machine_id() -> str | None:
        for file in MACHINE_ID_FILES:
            try:
                # systemd writes "uninitialized" into an image that is to be copied.
                known = file.read_text("ascii").strip()
            except (OSError, ValueError):
                continue
            if known not in ("", "uninitialized"):
                return known
        return None
