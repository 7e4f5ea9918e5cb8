"""What the agent tells of the machine: operating system, architecture and language."""

from __future__ import annotations

import os
import platform
import re
import sys

from exitpoll_agent import wire

ONE_NAME = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}
"""Systems call the same architecture differently; a report wants one row for it."""

WINDOWS_11_BUILD = 22_000
"""From this build on it is Windows 11, though the system goes on calling itself 10."""


def os_name() -> str:
    """Return system and release: `windows-11`, `debian-12`, `macos-14`."""
    return _os_name().lower().replace(" ", "-")[: wire.TEXT_LIMITS["os"]]


def arch() -> str:
    """Return the architecture by one name on every system: `x86_64`, `arm64`."""
    machine = platform.machine().lower()
    return ONE_NAME.get(machine, machine)[: wire.TEXT_LIMITS["arch"]]


def locale() -> str | None:
    """Return the person's language as BCP 47, `ru-RU`; None where none is set."""
    match = re.match(r"[A-Za-z]{2,3}(?:_[A-Za-z0-9]+)*(?=[.@]|$)", _locale())
    return match[0].replace("_", "-")[: wire.TEXT_LIMITS["locale"]] if match else None


def _os_name() -> str:
    if sys.platform == "win32":
        release = platform.release()
        newer = release == "10" and sys.getwindowsversion().build >= WINDOWS_11_BUILD
        return "windows-11" if newer else f"windows-{release}"
    if sys.platform == "darwin":
        return f"macos-{platform.mac_ver()[0].split('.')[0]}"
    try:
        release_file = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    parts = (release_file.get("ID", "linux"), release_file.get("VERSION_ID"))
    return "-".join(part for part in parts if part)


def _locale() -> str:
    if sys.platform == "win32":
        # Imported here: ctypes takes long to load, and only Windows needs it.
        import ctypes  # noqa: PLC0415
        from locale import windows_locale  # noqa: PLC0415

        return windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")  # in the order that POSIX looks them up
    return next((os.environ[name] for name in variables if os.environ.get(name)), "")
