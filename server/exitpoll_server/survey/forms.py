"""What people type into a survey's form: as typed, or one sentence why it cannot be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request
from flask_babel import gettext, ngettext

from exitpoll_agent import wire
from exitpoll_server.store import Said

MAX_FOLLOW_UP_CHARS = 500
"""Of the answer to the question after the reason: a few words, a name, a price."""

MAX_EMAIL_CHARS = 254
"""What SMTP can carry (RFC 5321, 4.5.3.1.3, less the brackets)."""

_EMAIL = re.compile(r"[^@\s<>\"(),;:]+@[^@\s<>\"(),;:]+\.[^@\s<>\"(),;:.]+")


class WrongError(Exception):
    """Something typed cannot be kept; carries the field and a sentence in the person's language."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The form as it was sent, so that nothing is lost where something is wrong."""

    follow_up: str
    comment: str
    email: str
    may_write: bool

    def said(self) -> Said:
        """Return what is to be kept of it.

        Raises:
            WrongError: something is too long, or an address is none, or nobody may write to it.
        """
        _check_length("follow_up", self.follow_up, MAX_FOLLOW_UP_CHARS)
        _check_length("comment", self.comment, wire.MAX_COMMENT_CHARS)
        email = self.email.strip()
        if email and not _is_address(email):
            raise WrongError("email", gettext("This does not look like an e-mail address."))
        if email and not self.may_write:
            raise WrongError(
                "may_write",
                gettext("Please tick the box if we may write to you; otherwise leave it empty."),
            )
        return self.sound()

    def sound(self) -> Said:
        """Return what can be kept of an unfinished form: each field whole, or not at all."""
        email = self.email.strip()
        return Said(
            follow_up=_sound(self.follow_up, MAX_FOLLOW_UP_CHARS),
            comment=_sound(self.comment, wire.MAX_COMMENT_CHARS),
            email=email if self.may_write and _is_address(email) else None,
        )


def typed() -> Typed:
    """Return what was typed into the form that was sent."""
    return Typed(
        follow_up=_text("follow_up"),
        comment=_text("comment"),
        email=_text("email"),
        may_write="may_write" in request.form,
    )


def _text(name: str) -> str:
    # Browsers send CRLF, and count a line break as one character when they limit a text.
    return request.form.get(name, "").replace("\r\n", "\n").replace("\0", "")


def _is_address(text: str) -> bool:
    return len(text) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(text) is not None


def _sound(text: str, most: int) -> str | None:
    return text if text.strip() and len(text) <= most else None


def _check_length(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise WrongError(
            name,
            ngettext(
                "This has %(num)d character; at most %(most)d can be kept. "
                "Nothing is lost: please shorten it.",
                "This has %(num)d characters; at most %(most)d can be kept. "
                "Nothing is lost: please shorten it.",
                len(text),
                most=most,
            ),
        )
