"""The field dictionary: every field that agents may send, why, under which consent, what is kept.

Made from docs/privacy.md by `python -m tests.server.dictionary`; a test compares the two.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("dictionary.json")

_MARKS = re.compile(r"\[([^\]]*)\]\([^)]*\)|[`*]")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of the wire."""

    message: str
    """Which adds it: Ping, UninstallEvent, Erasure."""
    name: str
    example: str
    what_for: str
    sent_under: str
    """The consents, in commas; `withdrawal` is the last message, `any` the person's own wish."""
    personal: str
    kept: str


@cache
def fields() -> tuple[Field, ...]:
    """Return every field, in the wire's order."""
    return tuple(
        Field(
            message=one["message"],
            name=one["name"],
            example=_plain(one["for example"]),
            what_for=_plain(one["what for"]),
            sent_under=one["sent under"],
            personal=_plain(one["personal"]),
            kept=_plain(one["kept"]),
        )
        for one in json.loads(FILE.read_text("utf-8"))
    )


def _plain(text: str) -> str:
    """Return a text of the page without its marks."""
    return _MARKS.sub(lambda found: found[1] or "", text)
