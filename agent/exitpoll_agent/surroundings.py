"""Where the agent runs: whether anything is counted there, and whether a page can be shown."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from exitpoll_agent.order import BUILD_SERVERS

NotCounted: TypeAlias = Literal["ci", "container"]
Containers: TypeAlias = Literal["skip", "count"]
CONTAINERS: Containers = "skip"
"""Unless the vendor says otherwise: few products are at home in containers."""

NoPage: TypeAlias = Literal["no_session", "elevated", "no_display"]

WHY_NOT: Mapping[NotCounted, str] = {
    "ci": "this is a build server",
    "container": "this container will be thrown away",
}
"""As the end of a sentence."""

MEANS_NO = frozenset({"", "0", "false"})
"""People set CI=false to be rid of what programs do in CI."""

LAYERS = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs", "tmpfs", "ramfs"})
"""What a container's own layer is made of, or memory: it goes with the container. A volume, or the
root of a container that was made to last, lies on the host's own kind of file system."""

THROW_AWAY_USERS = frozenset({"WDAGUtilityAccount", "ContainerAdministrator", "ContainerUser"})
"""Of Windows Sandbox and of Windows containers."""

SERVICES = 0
"""Windows' session of services, where nobody sees a window."""
LOCAL_SYSTEM = 22
"""`WinLocalSystemSid` of Windows' WELL_KNOWN_SID_TYPE."""
ADMINISTRATORS = 26
"""`WinBuiltinAdministratorsSid`: in force only where the process is elevated."""
MAX_SID_BYTES = 68
"""Windows' SECURITY_MAX_SID_SIZE."""


def why_not(consent: str, not_counted: NotCounted | None) -> str:
    """Return why nothing is counted, as the end of a sentence."""
    return f"consent is {consent}" if not_counted is None else WHY_NOT[not_counted]


# -- whether anything is counted -----------------------------------------------------------


def why_not_counted(
    folder: Path, containers: Containers, environment: Mapping[str, str]
) -> NotCounted | None:
    """Return what forbids to count here; None where a launch is a person's.

    Args:
        folder: where the state lies, or would.
        containers: the vendor's word on containers that are thrown away.
        environment: `os.environ`.
    """
    if any(environment.get(name, "").strip().lower() not in MEANS_NO for name in BUILD_SERVERS):
        return "ci"
    if containers == "count":
        return None
    if sys.platform == "win32":
        return "container" if environment.get("USERNAME") in THROW_AWAY_USERS else None
    return "container" if _is_container(environment) and _goes_with_it(folder) else None


def _is_container(environment: Mapping[str, str]) -> bool:
    if "KUBERNETES_SERVICE_HOST" in environment or os.path.exists("/.dockerenv"):  # noqa: PTH110 - a tenth of Path's time
        return True
    # Podman says so too in a toolbox, where a person works in their own home.
    return os.path.exists("/run/.containerenv") and not os.path.exists("/run/.toolboxenv")  # noqa: PTH110 - as above


def _goes_with_it(folder: Path) -> bool:
    # Read only here: outside of containers nobody pays for it.
    return file_system(folder) in LAYERS


def file_system(folder: Path) -> str | None:
    """Return the kind of file system that a folder lies on, or would; None where nobody tells."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return None
    return file_system_of(os.path.realpath(folder), os.fsdecode(mounts))


def file_system_of(folder: str, mounts: str) -> str | None:
    """Return the kind of file system that a folder lies on, or would once it is made.

    Args:
        folder: absolute, without links.
        mounts: the text of /proc/self/mountinfo (proc(5)).
    """
    longest, kind = 0, None
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        point = _unescaped(mount.split(" ")[4])
        is_inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        # Of two at the same point the later one hides the earlier.
        if is_inside and len(point) >= longest:
            longest, kind = len(point), source.split(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)


# -- whether a page can be shown -----------------------------------------------------------


def why_no_page(environment: Mapping[str, str]) -> NoPage | None:
    """Return what forbids to show a page to the person here; None where it can be shown.

    Root never opens one: what could be done as a person is done as that person by now.
    """
    if sys.platform == "win32":
        return None if _has_a_desktop() else "no_session"
    has_display = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    if os.geteuid() == 0:
        return "elevated" if has_display or sys.platform == "darwin" else "no_session"
    return None if has_display or sys.platform == "darwin" else "no_display"


if sys.platform == "win32":

    def is_elevated() -> bool:
        """Whether what is started from here would have an administrator's rights."""
        return _is_member(ADMINISTRATORS)

    def _has_a_desktop() -> bool:
        # Imported here: ctypes takes long to load, and only Windows needs it.
        import ctypes  # noqa: PLC0415
        from ctypes import wintypes  # noqa: PLC0415

        session = wintypes.DWORD(SERVICES)
        ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
        return session.value != SERVICES and not _is_member(LOCAL_SYSTEM)

    def _is_member(well_known: int) -> bool:
        """Whether a well-known account or group is in force in this process."""
        import ctypes  # noqa: PLC0415 - as above
        from ctypes import wintypes  # noqa: PLC0415

        sid = ctypes.create_string_buffer(MAX_SID_BYTES)
        size, found = wintypes.DWORD(MAX_SID_BYTES), wintypes.BOOL()
        advapi = ctypes.windll.advapi32
        advapi.CreateWellKnownSid(well_known, None, sid, ctypes.byref(size))
        advapi.CheckTokenMembership(None, sid, ctypes.byref(found))
        return bool(found.value)
