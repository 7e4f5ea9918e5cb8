"""`exitpoll account link`: back into the console for whoever forgot the password."""

from __future__ import annotations

import os

import click

from exitpoll_server import clock, config
from exitpoll_server.cli.options import open_store
from exitpoll_server.store import Invitation


@click.group()
def account() -> None:
    """Look after the accounts of the console."""


@account.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a link that gives the account of EMAIL a new password; it opens once, for two hours."""
    with open_store() as store:
        found = store.people.by_email(email)
        if found is None:
            known = ", ".join(one.email for one in store.people.everybody())
            raise click.UsageError(f"there is no account of {email}; there are: {known or 'none'}")
        secret = store.people.invite(Invitation(purpose="password", email=found.email), clock.now())
    click.echo(f"{config.load(os.environ).public_url}/console/join/{secret}")
