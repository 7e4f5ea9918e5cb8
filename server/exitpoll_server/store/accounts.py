"""Who signs in at the console, what they may do there, and the links that let them in once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select, update

from exitpoll_server.store import audit, tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.instants import from_ms

Role: TypeAlias = Literal["owner", "analyst", "support"]
"""An owner does everything with a product; an analyst reads and exports; support answers."""
ROLES: tuple[Role, ...] = get_args(Role)

Purpose: TypeAlias = Literal["set-up", "invitation", "password"]

_LINK_BYTES = 24
_HOUR_MS = 60 * 60 * 1000
LASTS_HOURS: dict[Purpose, int] = {"set-up": 24, "invitation": 7 * 24, "password": 2}
"""The set-up's is printed anew by every start; an invitation waits for somebody's Monday."""


class AccountError(Exception):
    """What was asked for cannot be done; says why."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who signs in."""

    id: int
    email: str
    name: str
    password: str
    """As argon2 writes it."""
    stamp: str
    """What a session must know: another one whenever the password changes."""
    language: str | None
    administrator: bool
    created_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True)
class Member:
    """Somebody and what they may do with a product."""

    account: Account
    role: Role


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What a link is for."""

    purpose: Purpose
    email: str | None = None
    product_id: int | None = None
    role: Role | None = None
    """None: of a password's link, or of an administrator's."""


# -- accounts ------------------------------------------------------------------------------


def are_there(connection: Connection) -> bool:
    """Tell whether anybody can sign in."""
    return connection.execute(select(tables.accounts.c.id).limit(1)).first() is not None


def by_id(connection: Connection, number: int) -> Account | None:
    """Return an account that is not closed."""
    return _one(connection, tables.accounts.c.id == number)


def by_email(connection: Connection, email: str) -> Account | None:
    """Return the account of an address, however it is written, that is not closed."""
    return _one(connection, tables.accounts.c.email == email.strip().lower())


def everybody(connection: Connection) -> list[Account]:
    """Return who can sign in, the first first."""
    table = tables.accounts
    rows = connection.execute(select(table).where(table.c.closed_at.is_(None)).order_by(table.c.id))
    return [_account(row) for row in rows.mappings()]


def administrators(connection: Connection) -> list[Account]:
    """Return who may do everything, the first first."""
    return [one for one in everybody(connection) if one.administrator]


def seen(connection: Connection, account: Account, now: int) -> None:
    """Note that somebody signed in."""
    _change(connection, account, seen_at=now)


def set_password(connection: Connection, account: Account, password: str) -> Account:
    """Give an account another password; whoever is signed in with it is signed out."""
    changed = replace(account, password=password, stamp=_stamp())
    _change(connection, account, password=changed.password, stamp=changed.stamp)
    audit.note(connection, "account.password", None, account=account.name)
    return changed


def set_language(connection: Connection, account: Account, language: str | None) -> None:
    """Keep in which language somebody reads; None: as their browser says."""
    _change(connection, account, language=language)


def close(connection: Connection, account: Account, now: int) -> None:
    """Let an account sign in no more; what it did stays noted under its name.

    Raises:
        AccountError: nobody could look after the server then.
    """
    if account.administrator and len(administrators(connection)) == 1:
        raise AccountError("the last administrator cannot be removed")
    # No mail goes there any more, and another may be invited under this address.
    gone = f"closed {account.id}"
    _change(connection, account, closed_at=now, stamp=_stamp(), email=gone, administrator=False)
    members = tables.memberships
    connection.execute(delete(members).where(members.c.account_id == account.id))
    audit.note(connection, "account.closed", None, account=account.name)


# -- what they may do ----------------------------------------------------------------------


def roles(connection: Connection, account: Account) -> dict[int, Role]:
    """Return what somebody may do, by product; not of administrators, who may do everything."""
    table = tables.memberships
    rows = connection.execute(select(table).where(table.c.account_id == account.id))
    return {row.product_id: row.role for row in rows}


def members(connection: Connection, product_id: int) -> list[Member]:
    """Return who works on a product, by name; not the administrators."""
    table, who = tables.memberships, tables.accounts
    rows = connection.execute(
        select(who, table.c.role)
        .join(table, table.c.account_id == who.c.id)
        .where(table.c.product_id == product_id)
    )
    found = [Member(_account(row), row["role"]) for row in rows.mappings()]
    return sorted(found, key=lambda member: (member.account.name, member.account.id))


def give_role(connection: Connection, account: Account, product_id: int, role: Role | None) -> None:
    """Let somebody do this with a product from now on; None: nothing."""
    table = tables.memberships
    mine = (table.c.account_id == account.id, table.c.product_id == product_id)
    connection.execute(delete(table).where(*mine))
    if role is not None:
        values = {"account_id": account.id, "product_id": product_id, "role": role}
        connection.execute(table.insert(), values)
    audit.note(connection, "member.role", product_id, account=account.name, role=role or "none")


# -- links ---------------------------------------------------------------------------------


def invite(connection: Connection, invitation: Invitation, now: int) -> str:
    """Return what a new link ends with; there is but one set-up, the last."""
    table = tables.invitations
    if invitation.purpose == "set-up":
        connection.execute(delete(table).where(table.c.purpose == "set-up"))
    secret = secrets.token_urlsafe(_LINK_BYTES)
    connection.execute(
        table.insert(),
        {
            "digest": digest(secret),
            "purpose": invitation.purpose,
            "email": invitation.email,
            "product_id": invitation.product_id,
            "role": invitation.role,
            "created_at": now,
            "expires_at": now + LASTS_HOURS[invitation.purpose] * _HOUR_MS,
        },
    )
    if invitation.purpose != "set-up":
        role = invitation.role or invitation.purpose
        number, email = invitation.product_id, invitation.email or ""
        audit.note(connection, "account.invited", number, email=email, role=role)
    return secret


def invitation(connection: Connection, secret: str, now: int) -> Invitation | None:
    """Return what a link is for, while it can be used."""
    table = tables.invitations
    row = connection.execute(
        select(table).where(table.c.digest == digest(secret), table.c.expires_at > now)
    ).one_or_none()
    if row is None:
        return None
    return Invitation(
        purpose=row.purpose, email=row.email, product_id=row.product_id, role=row.role
    )


def accept(
    connection: Connection, secret: str, *, email: str, name: str, password: str, now: int
) -> Account:
    """Use a link up: make the account that it is for, or give it this password.

    Raises:
        AccountError: it was used or is too old, or the address has an account already.
    """
    found = invitation(connection, secret, now)
    table = tables.invitations
    used = connection.execute(delete(table).where(table.c.digest == digest(secret))).rowcount
    if found is None or not used or (found.purpose == "set-up" and are_there(connection)):
        raise AccountError("this link was used already, or is too old")
    there = by_email(connection, found.email or email)
    if found.purpose == "password":
        if there is None:
            raise AccountError("this account was closed")
        return set_password(connection, there, password)
    if there is not None:
        raise AccountError("there is an account with this address already")
    account = _create(
        connection,
        email=found.email or email,
        name=name,
        password=password,
        administrator=found.role is None,
        now=now,
    )
    if found.role is not None and found.product_id is not None:
        give_role(connection, account, found.product_id, found.role)
    return account


def _create(
    connection: Connection, *, email: str, name: str, password: str, administrator: bool, now: int
) -> Account:
    values = {
        "email": email.strip().lower(),
        "name": name.strip(),
        "password": password,
        "stamp": _stamp(),
        "administrator": administrator,
        "created_at": now,
    }
    connection.execute(insert(connection, tables.accounts), values)
    audit.note(connection, "account.created", None, account=name.strip())
    account = by_email(connection, email)
    assert account is not None  # noqa: S101 - it was made above
    return account


def _one(connection: Connection, where: ColumnElement[bool]) -> Account | None:
    table = tables.accounts
    rows = connection.execute(select(table).where(where, table.c.closed_at.is_(None)))
    row = rows.mappings().one_or_none()
    return None if row is None else _account(row)


def _change(connection: Connection, account: Account, **values: object) -> None:
    table = tables.accounts
    connection.execute(update(table).where(table.c.id == account.id).values(**values))


def _stamp() -> str:
    return secrets.token_urlsafe(12)


def digest(secret: str) -> str:
    """Return what is kept of a secret that chance made: whoever reads it cannot say it."""
    return sha256(secret.encode()).hexdigest()


def _account(row: RowMapping) -> Account:
    seen_at, closed_at = row["seen_at"], row["closed_at"]
    return Account(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        password=row["password"],
        stamp=row["stamp"],
        language=row["language"],
        administrator=row["administrator"],
        created_at=from_ms(row["created_at"]),
        seen_at=None if seen_at is None else from_ms(seen_at),
        closed_at=None if closed_at is None else from_ms(closed_at),
    )
