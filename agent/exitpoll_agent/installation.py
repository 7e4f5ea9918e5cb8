"""Which installation this is: its random id, kept twice, or given by the installer for all.

An installer that installs for everybody on a machine writes the id and the date once, where all
may read them and only administrators write; each person's counts and choice stay in their own
profile. A machine that was copied gets a new id (`host`).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args
from uuid import UUID, uuid4, uuid5

from exitpoll_agent import host, lock, note, statefile, wire
from exitpoll_agent.config import Config

NAME = "installation.json"

SALT_BYTES = 16
"""As many as the id that the salt hides has."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One copy on one machine: a random id, never a fingerprint."""

    installation_id: UUID
    created_at: datetime
    origin: wire.Origin = "unknown"
    installed_at: datetime | None = None
    """Null where no installer said so: a first launch may be long after."""
    installed_version: str | None = None
    salt: str
    host: str | None
    """The mark of the host that it was made on; it stays here."""
    instead_of: UUID | None = None
    """The machine's shared id, where this person had that one erased."""

    @property
    def is_of_this_host(self) -> bool:
        """Whether nothing speaks for a copied machine."""
        now = host.mark(self.salt)
        return None in (now, self.host) or now == self.host


def made(now: datetime, **known: Any) -> Installation:  # noqa: ANN401 - the fields of Installation
    """Make an installation with a new random id."""
    salt = secrets.token_hex(SALT_BYTES)
    fields = {"installation_id": uuid4(), "salt": salt, "host": host.mark(salt), **known}
    return Installation(created_at=now, **fields)


def read(config: Config) -> Installation | None:
    """Return the installation of a profile, changing nothing; None where there is none.

    Raises:
        statefile.StateError: there is one, which cannot be read.
    """
    own = statefile.read_twice(config.state_folder / NAME, parsed)
    return _chosen(own, _shared(config))


def ensure(config: Config, now: datetime, counted_for: Callable[[], UUID | None]) -> Installation:
    """Return the installation of a profile, made now if there is none, under the lock.

    Args:
        config: the settings.
        now: the present.
        counted_for: says which installation the profile's counts are of: where both files of the
            id are lost, and only then, it is asked.
    """
    here = known(config)
    if here is not None:
        return here
    is_copy = read(config) is not None
    anew = made(now, **({} if is_copy else _remembered(config, now, counted_for())))
    write_own(config, anew)
    return anew


def _remembered(config: Config, now: datetime, counted_for: UUID | None) -> dict[str, object]:
    return {"installation_id": counted_for} if counted_for else noted(config, now)


def known(config: Config) -> Installation | None:
    """Return the installation of a profile, and heal it on the way, under the lock.

    None where there is none, or it is that of a machine of which this one is a copy.
    """
    own = statefile.heal(config.state_folder / NAME, parsed)
    here = _chosen(own, _shared(config))
    return here if here is not None and here.is_of_this_host else None


def noted(config: Config, now: datetime) -> dict[str, object]:
    """Return what an uninstaller noted for the version that follows; nothing where it did not."""
    left = note.taken(config, now)
    if left is None:
        return {}
    fields = ("installation_id", "origin", "installed_at", "installed_version")
    return {name: getattr(left, name) for name in fields}


def write_own(config: Config, installation: Installation) -> None:
    """Write the id of this profile, under the lock.

    Raises:
        OSError: it cannot be written.
    """
    statefile.write_twice(config.state_folder / NAME, plain(installation))


def write_shared(config: Config, installation: Installation) -> None:
    """Write the id that everybody on this machine is to use, for an installer.

    Raises:
        OSError: it cannot be written; only an administrator can.
    """
    make_shared_folder(config)
    file = config.machine_folder / NAME
    statefile.write(file, plain(installation))
    file.chmod(0o644)


def make_shared_folder(config: Config) -> None:
    """Make the folder of what everybody on this machine shares; all may read it."""
    config.machine_folder.mkdir(mode=0o755, parents=True, exist_ok=True)


def delete_shared(config: Config) -> None:
    """Delete what everybody on this machine shares, if it is there.

    Raises:
        OSError: it cannot be deleted; only an administrator can.
    """
    if config.scope == "machine":
        for name in (NAME, lock.NAME):
            (config.machine_folder / name).unlink(missing_ok=True)
        config.machine_folder.rmdir()


def plain(installation: Installation) -> dict[str, object]:
    """Return an installation as JSON has it."""
    fields: dict[str, object] = wire.plain(installation)
    return fields


def _shared(config: Config) -> Installation | None:
    """Return the machine's id; what cannot be read counts as none: nobody here may mend it."""
    if config.scope != "machine":
        return None
    with contextlib.suppress(statefile.StateError, OSError):
        shared = statefile.read(config.machine_folder / NAME, parsed)
        if shared is not None and not shared.is_of_this_host:
            # The same new id for everybody on the copy, though none of them may write it down.
            mark = str(host.mark(shared.salt))
            new_id = uuid5(shared.installation_id, mark)
            return replace(shared, installation_id=new_id, host=mark)
        return shared
    return None


def _chosen(own: Installation | None, shared: Installation | None) -> Installation | None:
    if shared is None or (own is not None and own.instead_of == shared.installation_id):
        return own
    return shared


def parsed(value: Mapping[str, Any]) -> Installation:
    """Read an installation.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is none.
    """
    installed_at, instead_of = value["installed_at"], value["instead_of"]
    if value["origin"] not in get_args(wire.Origin):
        raise ValueError(f"{value['origin']!r} is no origin")
    return Installation(
        installation_id=UUID(value["installation_id"]),
        created_at=wire.parse_instant(value["created_at"]),
        origin=value["origin"],
        installed_at=None if installed_at is None else wire.parse_instant(installed_at),
        installed_version=value["installed_version"],
        salt=str(value["salt"]),
        host=value["host"],
        instead_of=None if instead_of is None else UUID(instead_of),
    )
