"""Signed names of uninstalls: cannot be guessed, nor used for another, nor for ever."""

from __future__ import annotations

import hashlib

from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from exitpoll_server.store import Asked, Store
from exitpoll_server.survey.addresses import NOTHING_KEPT, GoneError

FINGERPRINT_CHARS = 12
"""48 bits of the uninstall's id: tells apart who got the same number, and names nobody."""


class Tokens:
    """The tokens of one store, good for so many seconds."""

    def __init__(self, store: Store, seconds: int) -> None:
        self._store = store
        self._seconds = seconds
        self._serializer = URLSafeTimedSerializer(store.secret("survey"), salt="survey")

    def write(self, uninstall: int) -> str:
        """Return a new token of an uninstall.

        Raises:
            GoneError: it was erased.
        """
        return str(self._serializer.dumps([uninstall, _fingerprint(self._person(uninstall))]))

    def read(self, token: str) -> Asked:
        """Return whom a token names.

        Raises:
            GoneError: it is none of ours, too old, or of somebody who was erased.
        """
        try:
            uninstall, fingerprint = self._serializer.loads(token, max_age=self._seconds)
        except BadSignature:
            raise GoneError(410, gettext("This address cannot be used any more.")) from None
        person = self._person(uninstall)
        if fingerprint != _fingerprint(person):
            raise GoneError(410, NOTHING_KEPT)
        return person

    def _person(self, uninstall: int) -> Asked:
        person = self._store.asked(uninstall)
        if person is None:
            raise GoneError(410, NOTHING_KEPT)
        return person


def _fingerprint(person: Asked) -> str:
    # The store gives an erased uninstall's number to the next; the old address must not lead there.
    return hashlib.sha256(person.uuid.bytes).hexdigest()[:FINGERPRINT_CHARS]
