"""The store's door to accounts: `store.people`. Each method is one transaction."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Engine

from exitpoll_server.store import accounts, audit, tokens
from exitpoll_server.store.accounts import Account, Invitation, Member, Role
from exitpoll_server.store.audit import Change
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.tokens import Token


class People:
    """Who works at the console of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acting(self, account: Account) -> AbstractContextManager[None]:
        """Note what is changed within as done by this account."""
        return audit.acting(account.id)

    def are_there(self) -> bool:
        """Tell whether anybody can sign in."""
        with read_transaction(self._engine) as connection:
            return accounts.are_there(connection)

    def by_id(self, number: int) -> Account | None:
        """Return an account that is not closed."""
        with read_transaction(self._engine) as connection:
            return accounts.by_id(connection, number)

    def by_email(self, email: str) -> Account | None:
        """Return the account of an address, however it is written, that is not closed."""
        with read_transaction(self._engine) as connection:
            return accounts.by_email(connection, email)

    def everybody(self) -> list[Account]:
        """Return who can sign in, the first first."""
        with read_transaction(self._engine) as connection:
            return accounts.everybody(connection)

    def administrators(self) -> list[Account]:
        """Return who may do everything, the first first."""
        with read_transaction(self._engine) as connection:
            return accounts.administrators(connection)

    def roles(self, account: Account) -> dict[int, Role]:
        """Return what somebody may do, by product; not of administrators, who may do everything."""
        with read_transaction(self._engine) as connection:
            return accounts.roles(connection, account)

    def members(self, product_id: int) -> list[Member]:
        """Return who works on a product, by name; not the administrators."""
        with read_transaction(self._engine) as connection:
            return accounts.members(connection, product_id)

    def seen(self, account: Account, now: datetime) -> None:
        """Note that somebody signed in."""
        with write_transaction(self._engine) as connection:
            accounts.seen(connection, account, to_ms(now))

    def set_password(self, account: Account, password: str) -> Account:
        """Give an account another password; whoever is signed in with it is signed out."""
        with write_transaction(self._engine) as connection:
            return accounts.set_password(connection, account, password)

    def set_language(self, account: Account, language: str | None) -> None:
        """Keep in which language somebody reads; None: as their browser says."""
        with write_transaction(self._engine) as connection:
            accounts.set_language(connection, account, language)

    def give_role(self, account: Account, product_id: int, role: Role | None) -> None:
        """Let somebody do this with a product from now on; None: nothing."""
        with write_transaction(self._engine) as connection:
            accounts.give_role(connection, account, product_id, role)

    def close(self, account: Account, now: datetime) -> None:
        """Let an account sign in no more.

        Raises:
            AccountError: it is the last administrator.
        """
        with write_transaction(self._engine) as connection:
            accounts.close(connection, account, to_ms(now))

    def invite(self, invitation: Invitation, now: datetime) -> str:
        """Return what a new link ends with; it opens once."""
        with write_transaction(self._engine) as connection:
            return accounts.invite(connection, invitation, to_ms(now))

    def invitation(self, secret: str, now: datetime) -> Invitation | None:
        """Return what a link is for, while it can be used."""
        with read_transaction(self._engine) as connection:
            return accounts.invitation(connection, secret, to_ms(now))

    def accept(
        self, secret: str, *, email: str, name: str, password: str, now: datetime
    ) -> Account:
        """Use a link up: make the account that it is for, or give it this password.

        Raises:
            AccountError: it was used or is too old, or the address has an account already.
        """
        with write_transaction(self._engine) as connection:
            return accounts.accept(
                connection, secret, email=email, name=name, password=password, now=to_ms(now)
            )

    def issue_token(self, product_id: int, name: str, now: datetime) -> str:
        """Return a new token for programs, which is never shown again."""
        with write_transaction(self._engine) as connection:
            return tokens.issue(connection, product_id, name, to_ms(now))

    def tokens(self, product_id: int) -> list[Token]:
        """Return a product's tokens, the first first."""
        with read_transaction(self._engine) as connection:
            return tokens.everything(connection, product_id)

    def product_of_token(self, secret: str, now: datetime) -> int | None:
        """Return the number of the product that a token opens, and note the day."""
        with write_transaction(self._engine) as connection:
            tokens.used(connection, secret, to_ms(now))
            return tokens.product_of(connection, secret)

    def revoke_token(self, product_id: int, number: int) -> None:
        """Let a token open nothing any more."""
        with write_transaction(self._engine) as connection:
            tokens.revoke(connection, product_id, number)

    def changes(self, product_id: int | None, before: int | None = None) -> list[Change]:
        """Return a page of who changed what, the last first; `before` is the page before's last."""
        with read_transaction(self._engine) as connection:
            return audit.changes(connection, product_id, before)
