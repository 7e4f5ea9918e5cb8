"""What is left of an agent's address that was damaged on its way: nothing readable is lost.

A cut address is true as far as it goes. In an altered one nobody knows where, so that nothing of
what it says is believed; but somebody did come to answer.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from exitpoll_agent import wire

_FIELDS = ("installation_id", "counter", "seq", "sent_at", "consent", "test", "version")
_LOCALE = 12
"""Where the locale stands in the list of an event's values; they are only ever appended to."""

_BEGINS_LIKE_AN_EVENT = re.compile(r"1\.WyI")
"""The version, and the list's bracket and first quotation mark, as base64 has them."""

_WHOLE = re.compile(r"1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{6}")
_CUT = re.compile(r"1\.(?P<payload>[A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]{0,5})?")
"""Without a checksum, or with a part of it; altered ones have all of theirs, or a stray sign."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What can be read and believed of a damaged event."""

    installation: str
    """The copy's id, if it is there as a whole; else the address, so that reloads count once."""
    version: str | None = None
    locale: str | None = None


def without_what_follows(text: str) -> str:
    """Return an event without what a mail program or a line break added behind it."""
    whole = _WHOLE.match(text)
    return whole[0] if whole else text


def what_is_left(text: str) -> Left | None:
    """Return what is left of an event; None where there is nothing of one, or it was a rehearsal's.

    `text` is what `wire.decode_event` did not take.
    """
    if not _BEGINS_LIKE_AN_EVENT.match(text):
        return None
    cut = _CUT.fullmatch(text[: wire.MAX_EVENT_CHARS])
    values = [] if cut is None else list(_values(cut["payload"]))
    named = dict(zip(_FIELDS, values, strict=False))
    if named.get("test") is True:
        return None
    return Left(
        installation=_uuid(named.get("installation_id")) or text,
        version=_text(named.get("version")),
        locale=_text(values[_LOCALE]) if len(values) > _LOCALE else None,
    )


def _values(payload: str) -> Iterator[object]:
    """Read the values of a list that may end anywhere, as long as each is there as a whole."""
    try:
        packed = base64.urlsafe_b64decode(_in_fours(payload))
        rest = codecs.getincrementaldecoder("utf-8")().decode(packed)
        decoder = json.JSONDecoder()
        while rest[:1] in ("[", ","):
            value, end = decoder.raw_decode(rest, 1)
            rest = rest[end:]
            # Of a number one cannot see that digits are missing, but for what follows it.
            if not rest:
                return
            yield value
    except (ValueError, RecursionError, binascii.Error):
        return


def _in_fours(payload: str) -> str:
    # A single character of four holds no whole byte.
    whole = payload[:-1] if len(payload) % 4 == 1 else payload
    return whole + "=" * (-len(whole) % 4)


def _uuid(value: object) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
