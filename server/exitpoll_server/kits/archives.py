"""The frozen agent as `make bundle` packs it: looked at before anything of it is believed."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from exitpoll_server.kits.kinds import ANY, LIBRARY, Kit, NoAgentError, Platform

_FOLDER = re.compile(r"exitpoll-agent-(?P<version>[0-9][^-]*)-(?P<platform>[a-z]+-[a-z0-9_]+)")
"""What an archive's one folder is called."""

MAX_BYTES = 64 * 1024 * 1024
"""Eight times what the largest packs to."""


class AgentError(Exception):
    """A file is no agent that could be handed out; says why."""


@dataclass(frozen=True)
class Packed:
    """An agent's archive that was found sound."""

    version: str
    platform: Platform
    sha256: str
    content: bytes

    def files(self) -> list[str]:
        """Return the names of its files, as they lie within the agent's folder."""
        with tarfile.open(fileobj=io.BytesIO(self.content)) as archive:
            names = [PurePosixPath(member.name) for member in archive if member.isfile()]
        return sorted(str(PurePosixPath(*name.parts[1:])) for name in names)

    def unpack(self, folder: Path) -> None:
        """Write the agent's files into a new folder, without the archive's own."""
        with tarfile.open(fileobj=io.BytesIO(self.content)) as archive:
            for member in archive:
                inside = PurePosixPath(*PurePosixPath(member.name).parts[1:])
                target = folder / inside
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                file = archive.extractfile(member)
                assert file is not None  # `opened` let nothing else in  # noqa: S101
                target.write_bytes(file.read())
                target.chmod(0o755 if member.mode & 0o100 else 0o644)


def agent_for(kit: Kit, archive_of: Callable[[Platform], bytes | None]) -> Packed | None:
    """Return the agent that a kit carries; None where it carries none that is frozen.

    Raises:
        NoAgentError: there is none for its platform.
    """
    if kit.platform in (None, ANY, LIBRARY):
        return None
    archive = archive_of(kit.platform)
    if archive is None:
        raise NoAgentError(kit.platform)
    return opened(archive)


def opened(content: bytes) -> Packed:
    """Return the agent of an archive.

    Raises:
        AgentError: it is none.
    """
    if len(content) > MAX_BYTES:
        raise AgentError(f"an agent's archive has at most {MAX_BYTES // 1024 // 1024} MB")
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = archive.getmembers()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise AgentError(f"this is no archive of `make bundle` ({error})") from None
    return _looked_at(members, content)


def _looked_at(members: list[tarfile.TarInfo], content: bytes) -> Packed:
    tops = {PurePosixPath(member.name).parts[0] for member in members}
    named = _FOLDER.fullmatch(next(iter(tops))) if len(tops) == 1 else None
    if named is None:
        raise AgentError("this is no archive of `make bundle`: exitpoll-agent-VERSION-PLATFORM/")
    for member in members:
        if ".." in PurePosixPath(member.name).parts or not (member.isfile() or member.isdir()):
            raise AgentError(f"{member.name!r} is nothing that `make bundle` packs")
    names = {PurePosixPath(member.name).name for member in members if member.isfile()}
    if not names & {"exitpoll-agent", "exitpoll-agent.exe"}:
        raise AgentError("there is no exitpoll-agent in it")
    return Packed(
        version=named["version"],
        platform=named["platform"],
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
