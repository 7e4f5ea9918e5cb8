"""`exitpoll kit`: what a developer bundles, written into a folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from exitpoll_agent import wire
from exitpoll_server import config, definitions, kits
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.kits import KINDS, Kit
from exitpoll_server.kits.kinds import (
    ASKING,
    CONSENTS,
    SCOPES,
    Asking,
    Consent,
    Scope,
)
from exitpoll_server.store import Product


@click.command()
@click.option("--product", required=True, help="The product's name.")
@click.option(
    "--installer",
    "kind",
    required=True,
    type=click.Choice(list(KINDS)),
    help="What the product is set up with; link: a few lines, and no agent.",
)
@click.option(
    "--scope", type=click.Choice(SCOPES), help="For whom it is installed; by default the person."
)
@click.option(
    "--consent",
    type=click.Choice(CONSENTS),
    help="What may be sent; ask: the setup asks, where it can, and that is then the default.",
)
@click.option(
    "--survey",
    "asking",
    type=click.Choice(ASKING),
    default="ask",
    show_default=True,
    help="How the uninstaller asks: itself, by opening the survey's page, or not at all.",
)
@click.option(
    "--platform",
    help="Of the agent: windows-x86_64, linux-x86_64, …; any: its Python source.",
)
@click.option(
    "--language", default="en", show_default=True, help="In which the lines of `link` ask."
)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def kit(  # noqa: PLR0913 - its options
    *,
    product: str,
    kind: str,
    scope: Scope | None,
    consent: Consent | None,
    asking: Asking,
    platform: str | None,
    language: str,
    folder: Path | None,
) -> None:
    """Write a kit into FOLDER: the agent, its settings, an include, a sample setup, and how to."""
    if not definitions.LANGUAGE.fullmatch(language):
        raise click.UsageError(f"{language!r} is no language such as de or pt-BR")
    with open_store() as store:
        found = find_product(store, product)
        chosen = Kit.chosen(
            kind=kind,
            product=found.name,
            address=_address(found),
            survey=store.survey(found, "exit"),
            scope=scope,
            consent=consent,
            asking=asking,
            platform=platform,
            language=language,
            lasting_key=found.lasting_key,
        )
        agent = kits.agent_for(chosen, store.agent_archive)
    target = folder or Path(f"{kits.slug(found.name)}-{kind}")
    kits.write(chosen, target, agent)
    click.echo(f"{target}: read {target / 'README.md'} first")


def _address(product: Product) -> wire.Address:
    return wire.Address(product_key=product.key, base=config.load(os.environ).public_url)
