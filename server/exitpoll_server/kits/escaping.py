"""Writes a vendor's words into source code: as the inside of a literal, by a file's suffix.

A name may hold what ends a string, expands a variable or starts a command. Texts have no line
breaks and no control characters: a product's name and a survey's texts are found sound before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from xml.sax.saxutils import escape

Escape: TypeAlias = Callable[[str], str]


class Escaped(str):
    """A text that is written as it stands."""

    __slots__ = ()


def pascal(text: str) -> str:
    """Return a text for the inside of Pascal's '…', which Inno Setup's preprocessor reads first."""
    return text.replace("'", "''").replace("{#", "{'+'#")


def inno_constant(text: str) -> Escaped:
    """Return a text for the inside of "…" in one of Inno Setup's entries."""
    return inno_value(text.replace('"', '""'))


def inno_value(text: str) -> Escaped:
    """Return a text for what follows the = of Inno Setup's directives, without quotes."""
    # The preprocessor comes first: what it would read as an expression, an expression says.
    parts = (part.replace("{", "{{") for part in text.split("{#"))
    said = '{#"{{" + "#"}'.join(parts)
    # A backslash at the end of a line would join the next one to it.
    return Escaped(said[:-1] + '{#"\\"}' if said.endswith("\\") else said)


def nsis(text: str) -> str:
    """Return a text for the inside of NSIS's "…"."""
    return text.replace("$", "$$").replace('"', '$\\"')


def xml(text: str) -> str:
    """Return a text for XML, between tags or within an attribute."""
    return escape(text, {'"': "&quot;", "'": "&apos;"})


def wix(text: str) -> str:
    """Return a text for WiX, whose preprocessor replaces `$(…)` in its XML."""
    return xml(text).replace("$(", "$$(")


def shell(text: str) -> str:
    """Return a text for the inside of the '…' of a POSIX shell."""
    return text.replace("'", "'\\''")


def batch(text: str) -> str:
    """Return a text for the inside of "…" in a .cmd file, which knows no way to say a quote."""
    return text.replace('"', "'").replace("%", "%%")


def spec(text: str) -> str:
    """Return a text for an RPM spec file, which expands %."""
    return text.replace("%", "%%")


def toml(text: str) -> str:
    """Return a text for the inside of "…" in TOML, and in Python: JSON's is theirs too."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def debconf(text: str) -> str:
    """Return a text for a field of debconf's, where ${…} is a variable."""
    return text.replace("${", "\\${")


def debconf_choice(text: str) -> Escaped:
    """Return a text for one of debconf's choices, which are parted by a comma and a space.

    A backslash says that of these two alone; at the end of a choice a space keeps them apart.
    """
    parted = re.sub(r"(?<=\\) |,", r"\\\g<0>", text)
    return Escaped(debconf(parted + "\\ " if parted.endswith("\\") else parted))


def markdown(text: str) -> str:
    """Return a text for a line of Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", text)


def code(text: str) -> Escaped:
    """Return a text as it is: for code in a page of instructions."""
    return Escaped(text)


def quoted(text: str) -> Escaped:
    """Return a text as a word of a shell, for a command in a page of instructions."""
    return Escaped(f"'{shell(text)}'")


BY_SUFFIX: Mapping[str, Escape] = {
    "": shell,
    ".sh": shell,
    ".iss": pascal,
    ".nsi": nsis,
    ".nsh": nsis,
    ".wxs": wix,
    ".wxi": wix,
    ".cmd": batch,
    ".spec": spec,
    ".toml": toml,
    ".py": toml,
    ".templates": debconf,
    ".md": markdown,
}
"""How a rendered file's literals are written."""

FILTERS: Mapping[str, Callable[[str], Escaped]] = {
    "code": code,
    "debconf_choice": debconf_choice,
    "inno_constant": inno_constant,
    "inno_value": inno_value,
    "quoted": quoted,
}
"""For what stands elsewhere than within a literal of the file's own language."""

WITH_MARK = (".iss", ".nsi", ".nsh")
"""Compilers take these for UTF-8 only with its mark at the beginning."""

WITH_CRLF = (".cmd",)
"""Windows' own shell loses labels in files whose lines end as they do elsewhere."""
