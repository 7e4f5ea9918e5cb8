"""What can be checked without a network: configuration, folders, consent, browser."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from exitpoll_agent import browser as browser_of
from exitpoll_agent import consents, leaving, lock, statefile, surroundings, wire
from exitpoll_agent.checks import Check, error_of
from exitpoll_agent.config import IN_THE_ENVIRONMENT, PREFIX, Config

LITTLE_SPACE = 10 * 1024 * 1024
"""The state takes less than one megabyte; a disk with less than ten fills up any moment."""

NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)

NO_PAGE: Mapping[wire.NotAsked, str] = {
    "no_display": "Set DISPLAY or WAYLAND_DISPLAY, or run this in the person's own session.",
    "no_session": "Run this in the person's own session; a service has no screen.",
    "elevated": "Run this as the person, not as root.",
}


WHOSE: Mapping[consents.Who, str] = {
    "person": "the person's",
    "do_not_track": "the environment's",
    "administrator": "the administrator's",
    "vendor": "the vendor's",
}


def configuration(settings: Config, file: Path, environment: Mapping[str, str]) -> Check:
    """Say what is configured, and where; who could not load it says why instead."""
    variables = [PREFIX + name.upper() for name in IN_THE_ENVIRONMENT]
    places = [str(file.absolute())] if file.exists() else []
    places += [variable for variable in variables if environment.get(variable)]
    return Check(
        name="configuration",
        state="ok",
        seen=f"{settings.product} {settings.version} for {settings.address.base},"
        f" by {', '.join(places)}",
    )


def folders(settings: Config) -> Check:
    """Write into the state folder as a launch would, and leave nothing behind."""
    folder = settings.state_folder
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    wrong = _cannot_be_used(folder, nearest)
    if wrong is not None:
        return wrong
    free = shutil.disk_usage(nearest).free
    if free < LITTLE_SPACE:
        return _folder_warning(
            f"{folder} has only {free // 1024} KiB left on its disk",
            "Make room: what cannot be written is not counted.",
        )
    if sys.platform != "win32" and folder == nearest and folder.stat().st_mode & stat.S_IWOTH:
        return _folder_warning(
            f"everybody on this machine may write into {folder}", f"Run: chmod o-w '{folder}'"
        )
    kind = surroundings.file_system(nearest)
    if kind in NETWORK_FILE_SYSTEMS:
        return _folder_warning(
            f"{folder} is on a network file system ({kind})",
            f"Where counts get lost, set {PREFIX}STATE_DIR to a folder of this machine.",
        )
    return Check(
        name="folders",
        state="ok",
        seen=f"{folder} " + ("can be written" if folder == nearest else "will be made"),
    )


def consent(settings: Config) -> Check:
    """Say which consent holds, and whose word it is."""
    try:
        decision = consents.decide(settings)
    except (OSError, statefile.StateError) as error:
        return Check(
            name="consent",
            state="failed",
            seen=f"what the person chose cannot be read: {error_of(error)}",
            what_to_do=f"Make {settings.state_folder} readable; until then nothing is sent.",
        )
    because = next(word.because for word in decision.words if word.who == decision.decided_by)
    seen = f"{decision.consent}, {WHOSE[decision.decided_by]} word: {because}"
    if decision.consent != "none":
        return Check(name="consent", state="ok", seen=seen)
    return Check(
        name="consent",
        state="warning",
        seen=seen,
        what_to_do="Nothing is counted, sent or tried. Where that is not meant, change it there.",
    )


def browser(environment: Mapping[str, str]) -> Check:
    """Say whether a survey's page could be shown to somebody here."""
    name = "browser"
    request = leaving.Request(open_survey=True)
    why = leaving.why_not_ask(request, wire.Policy(), environment)
    if why is not None:
        return Check(
            name=name,
            state="warning",
            seen=f"no page can be shown here ({why})",
            what_to_do=NO_PAGE.get(why),
        )
    if sys.platform == "win32":
        return Check(name=name, state="ok", seen="Windows opens pages")
    found = next((path for opener in _openers(environment) if (path := shutil.which(opener))), None)
    if found is None:
        return Check(
            name=name,
            state="warning",
            seen="there is nothing that opens a page",
            what_to_do="Install xdg-utils and a browser, or set BROWSER to one.",
        )
    return Check(name=name, state="ok", seen=f"{found} opens pages")


# -- in detail -----------------------------------------------------------------------------


def _cannot_be_used(folder: Path, nearest: Path) -> Check | None:
    try:
        if folder == nearest:
            _rehearse_writing(folder)
        else:  # what would be made there goes again
            tempfile.TemporaryDirectory(prefix="doctor-", dir=nearest).cleanup()
    except OSError as error:
        return Check(
            name="folders",
            state="failed",
            seen=f"{folder} cannot be used: {error_of(error)}",
            what_to_do="Give the person the right to write there, make room,"
            f" or set {PREFIX}STATE_DIR to another folder.",
        )
    return None


def _rehearse_writing(folder: Path) -> None:
    """Lock, write, rename and make durable in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=folder) as name:
        place = Path(name)
        with statefile.locked(place):
            statefile.write(place / "rehearsal.json", {})
    if (folder / lock.NAME).exists():
        with statefile.locked(folder):
            pass


def _folder_warning(seen: str, what_to_do: str) -> Check:
    return Check(name="folders", state="warning", seen=seen, what_to_do=what_to_do)


def _openers(environment: Mapping[str, str]) -> list[str]:
    named = environment.get("BROWSER", "").split(os.pathsep)
    return [
        *(shlex.split(one)[0] for one in named if one.strip()),
        *(opener[0] for opener in browser_of.OPENERS),
    ]
