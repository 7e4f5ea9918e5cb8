"""Writes a kit into a folder: templates filled in, the agent unpacked beside its settings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import jinja2

from exitpoll_agent import wire
from exitpoll_server.kits import escaping
from exitpoll_server.kits.archives import Packed
from exitpoll_server.kits.escaping import Escaped
from exitpoll_server.kits.kinds import ANY, LIBRARY, Kit, KitError
from exitpoll_server.kits.words import words, words_in

TEMPLATE = ".jinja"
FIRST_VERSION = "1.0.0"
"""What samples call their version."""

_NOT_OURS = shutil.ignore_patterns("__pycache__", "*.pyc")
_ALIKE = re.compile(r"[^a-z0-9]+")


def write(kit: Kit, folder: Path, agent: Packed | None) -> list[Path]:
    """Write a kit into a new or empty folder, and return what was written at its top.

    Raises:
        KitError: the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise KitError(f"{folder} is not empty: choose another folder, or empty it first")
    folder.mkdir(parents=True, exist_ok=True)
    files = [] if agent is None else agent.files()
    _fill(_parts() / "kits" / kit.kind, folder, {**_values(kit), **_files(files)})
    if kit.platform is not None:
        # A program that pip installs brings a sample of its own.
        for part in ("launching",) if kit.platform == LIBRARY else ("sample", "launching"):
            shutil.copytree(_parts() / part, folder / part, ignore=_NOT_OURS)
        _add_agent(kit, folder / "agent", agent)
    return sorted(folder.iterdir())


def _parts() -> Path:
    """Return the folder with what kits are made of: in a checkout the one that is worked on."""
    here = Path(__file__).parent / "installer"
    return here if here.exists() else Path(__file__).parents[3] / "installer"


def _add_agent(kit: Kit, folder: Path, agent: Packed | None) -> None:
    if kit.platform == LIBRARY:
        return
    if kit.platform == ANY:
        source = Path(wire.__file__).parent
        shutil.copytree(source, folder / "exitpoll_agent", ignore=_NOT_OURS)
        _fill(_parts() / "any", folder, _values(kit))
    elif agent is not None:
        agent.unpack(folder)
    _fill(_parts() / "kits" / "settings", folder, _values(kit))


# -- filling in ----------------------------------------------------------------------------


def _fill(source: Path, folder: Path, values: Mapping[str, Any]) -> None:
    for file in sorted(one for one in source.rglob("*") if one.is_file()):
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == TEMPLATE:
            target = target.with_suffix("")
            target.write_text(
                _rendered(file, target.suffix, values),
                _encoding(target.suffix),
                newline=_line_end(target.suffix),
            )
        elif file.suffix in escaping.WITH_CRLF:
            target.write_text(file.read_text("utf-8"), "utf-8", newline=_line_end(file.suffix))
        else:
            shutil.copyfile(file, target)
        target.chmod(file.stat().st_mode & 0o777)


def _encoding(suffix: str) -> str:
    return "utf-8-sig" if suffix in escaping.WITH_MARK else "utf-8"


def _line_end(suffix: str) -> str:
    return "\r\n" if suffix in escaping.WITH_CRLF else "\n"


def _rendered(file: Path, suffix: str, values: Mapping[str, Any]) -> str:
    return _environment(suffix).from_string(file.read_text("utf-8")).render(values)


@cache
def _environment(suffix: str) -> jinja2.Environment:
    escape = escaping.BY_SUFFIX[suffix]
    # Not HTML: every value is escaped by `finalize`.
    environment = jinja2.Environment(  # noqa: S701
        finalize=_by(escape),
        undefined=jinja2.StrictUndefined,
        # Inno Setup and shells write {#.
        comment_start_string="{##",
        comment_end_string="##}",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(escaping.FILTERS)
    return environment


def _by(escape: escaping.Escape) -> Callable[[object], object]:
    def written(value: object) -> object:
        if isinstance(value, jinja2.Undefined | Escaped):
            return value
        return escape(str(value))

    return written


def _values(kit: Kit) -> dict[str, Any]:
    """Return what templates may say."""
    address = kit.address
    # What an installer or a folder is known by stays as it was with the first key.
    first = replace(address, product_key=kit.lasting_key)
    return {
        "product": kit.product,
        "slug": slug(kit.product),
        "key": address.product_key,
        "address": str(address),
        "host": address.base.partition("://")[2],
        "page": f"{address.base}/u/{address.product_key}",
        "scope": kit.scope,
        "consent": kit.consent,
        "survey": kit.asking,
        "platform": kit.platform,
        "state_folder": wire.folder_name(kit.product, first.product_key),
        "upgrade_code": str(uuid5(NAMESPACE_URL, f"{first} {kit.product}")).upper(),
        "first_key": first.product_key,
        "version": FIRST_VERSION,
        "texts": [asdict(one) for one in words(kit.survey, kit.product)],
        "said": asdict(words_in(kit.language, kit.survey, kit.product)),
    }


def _files(names: Sequence[str]) -> dict[str, Any]:
    """Return the agent's files and their folders, outer ones first: an MSI names each of them."""
    folders = {str(one) for name in names for one in PurePosixPath(name).parents}
    return {"agent_files": names, "agent_folders": sorted(folders | {"."})}


def slug(product: str) -> str:
    """Return a product's name as a package or a file may be called."""
    return _ALIKE.sub("-", product.lower()).strip("-") or "product"
