"""Passwords, as argon2 keeps them, and how often somebody may try."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from exitpoll_server.config import Rate
from exitpoll_server.rates import Attempts, network
from exitpoll_server.store import Account

TRIES = Rate(amount=10, seconds=15 * 60)
"""Wrong passwords for one account; each worker of the server counts its own."""
TRIES_OF_A_NETWORK = Rate(amount=100, seconds=15 * 60)
"""A whole company may come from one."""

_hasher = PasswordHasher()
_NOBODYS = _hasher.hash("nobody's")
"""What is worked on where there is no account: whoever tries cannot tell by the time it takes."""


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return _hasher.hash(password)


class Door:
    """Lets in who knows a password, and makes everybody else wait."""

    def __init__(self) -> None:
        self._accounts = Attempts(TRIES)
        self._networks = Attempts(TRIES_OF_A_NETWORK)

    def knows(
        self, account: Account | None, password: str, *, email: str, address: str | None
    ) -> bool:
        """Tell whether a password is an account's; None is nobody's.

        Raises:
            LimitedError: there were too many wrong ones.
        """
        name, whence = email.strip().lower(), network(address)
        self._accounts.refuse_beyond(name)
        self._networks.refuse_beyond(whence)
        if _is(account.password if account else _NOBODYS, password) and account is not None:
            return True
        self._accounts.count(name)
        self._networks.count(whence)
        return False


def _is(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
