"""`exitpoll agent add | list`: the frozen agents that kits carry."""

from __future__ import annotations

from pathlib import Path

import click

from exitpoll_agent.wire import format_instant
from exitpoll_server import clock, kits
from exitpoll_server.cli.options import open_store
from exitpoll_server.kits import AgentError, Packed
from exitpoll_server.store import Agent

SUMS = "SHA256SUMS"


@click.group()
def agent() -> None:
    """Keep the frozen agents that kits carry: `make bundle` makes them, once for all products."""


@agent.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def add(file: Path) -> None:
    """Hand out the agent of FILE from now on, an archive that `make bundle` made.

    It is compared with the file SHA256SUMS beside it, where there is one.
    """
    packed = kits.opened(file.read_bytes())
    compared = _compare(packed, file)
    with open_store() as store:
        store.hand_out(
            Agent(
                platform=packed.platform,
                version=packed.version,
                sha256=packed.sha256,
                added_at=clock.now(),
            ),
            packed.content,
        )
    how = f"as {SUMS} says" if compared else f"there was no {SUMS} to compare it with"
    click.echo(f"{packed.platform} {packed.version}: sha256 {packed.sha256}, {how}")


def _compare(packed: Packed, file: Path) -> bool:
    """Return whether its sum could be compared.

    Raises:
        AgentError: it is another one.
    """
    sums = file.with_name(SUMS)
    if not sums.exists():
        return False
    lines = (line.partition("  ") for line in sums.read_text("utf-8").splitlines())
    told = {name: digest for digest, _, name in lines}.get(file.name)
    if told is not None and told != packed.sha256:
        raise AgentError(f"{file} is not the one that {sums} names: make it anew, or get it again")
    return told is not None


@agent.command("list")
def list_() -> None:
    """Print the agents that kits carry."""
    with open_store() as store:
        found = store.agents()
    if not found:
        click.echo(
            "No agent yet; make one with `make bundle`, then: exitpoll agent add FILE", err=True
        )
    for one in found:
        told = f"{one.platform}\t{one.version}\t{format_instant(one.added_at)}"
        click.echo(f"{told}\tsha256 {one.sha256}")
