"""`exitpoll survey …`: what a product asks, its versions, and the logo above it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from exitpoll_agent.wire import format_instant
from exitpoll_server import clock, definitions, images, wordings
from exitpoll_server.cli import drafts
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.definitions import DefinitionError
from exitpoll_server.languages import say
from exitpoll_server.questions import KINDS, READY_MADE, Kind, Reason, Survey
from exitpoll_server.store import Logo, Product, Store

_product = click.option("--product", required=True, help="The product's name.")
_kind = click.option(
    "--kind", type=click.Choice(KINDS), default="exit", show_default=True, help="Which survey."
)
_same_meaning = click.option(
    "--same-meaning",
    is_flag=True,
    help="Known reasons are only worded otherwise, and mean what they meant.",
)


class RewordedError(DefinitionError):
    """A known id would mean something else."""


@click.group()
def survey() -> None:
    """Say what a product asks, and which logo stands above it.

    Whatever is saved is a new version; answers keep the version that they were given to.
    """


@survey.command()
def sets() -> None:
    """Print the ready-made sets to start from."""
    for one in READY_MADE:
        click.echo(f"{one.name}\t{one.survey.kind}\t{one.meant_for}")


@survey.command()
@_product
@_kind
@click.option("--version", type=click.IntRange(min=1), help="An earlier version.")
@click.option("--language", help="As a person reads it who has this language: de, pt-BR.")
def show(product: str, kind: Kind, version: int | None, language: str | None) -> None:
    """Print what is asked, as `set` takes it, or as a person reads it."""
    if language is not None and not definitions.LANGUAGE.fullmatch(language):
        raise click.UsageError(f"{language!r} is no language such as de or pt-BR")
    with open_store() as store:
        found = find_product(store, product)
        asked = store.survey(found, kind, version)
    if version is not None and asked.version != version:
        raise click.UsageError(
            f"the survey {kind} has no version {version}; "
            f"see: exitpoll survey versions --product {product!r}"
        )
    if language is None:
        click.echo(drafts.write(asked, sys.stdout.encoding or ""), nl=False)
        return
    for line in _as_read(asked, language):
        click.echo(line.replace("{product}", found.name))


@survey.command()
@_product
def versions(product: str) -> None:
    """Print every version that is kept, and since when."""
    with open_store() as store:
        kept = store.surveys(find_product(store, product))
    if not kept:
        click.echo("No version is kept before the first is shown or saved", err=True)
    for one in kept:
        told = f"{one.survey.kind}\tversion {one.survey.version}"
        click.echo(f"{told}\t{format_instant(one.kept_at)}")


@survey.command()
@click.argument("set", type=click.Choice([one.name for one in READY_MADE]), metavar="SET")
@_product
@_same_meaning
def use(set: str, product: str, *, same_meaning: bool) -> None:  # noqa: A002 - as the help calls it
    """Ask what the ready-made SET asks; `sets` lists them."""
    [chosen] = [one.survey for one in READY_MADE if one.name == set]
    with open_store() as store:
        _save(store, find_product(store, product), chosen, same_meaning=same_meaning)


@survey.command("set")
@click.argument("file", type=click.File("rb"))
@_product
@_same_meaning
def set_(file: BinaryIO, product: str, *, same_meaning: bool) -> None:
    """Ask what FILE says, YAML as `show` prints it; - reads it from the input."""
    with open_store() as store:
        found = find_product(store, product)
        said = drafts.read(file.read(drafts.MAX_BYTES + 1))
        _save(store, found, said, same_meaning=same_meaning)


@survey.command()
@_product
@_kind
def edit(product: str, kind: Kind) -> None:
    """Open what is asked in your editor ($VISUAL, $EDITOR), and ask it from then on."""
    with open_store() as store:
        found = find_product(store, product)
        before = store.survey(found, kind)
    with drafts.kept(before, product) as draft:
        while not _edited(draft, found, before):
            pass


@survey.command()
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    required=False,
)
@_product
@click.option("--remove", is_flag=True, help="Show no logo any more.")
def logo(file: Path | None, product: str, *, remove: bool) -> None:
    """Show the image FILE above every survey: PNG, JPEG, GIF or WebP."""
    if (file is None) != remove:
        raise click.UsageError("name the logo's file, or say --remove")
    with open_store() as store:
        found = find_product(store, product)
        if file is None:
            store.put_logo(found, None)
            click.echo(f"{found.name} has no logo any more")
            return
        try:
            content = file.read_bytes()
            image = images.logo(content)
        except (OSError, images.ImageError) as error:
            raise click.UsageError(f"{file} cannot be the logo: {error}") from None
        store.put_logo(found, Logo(content_type=image.content_type, content=content))
    size = f"{image.width} × {image.height} pixels, {len(content):,} bytes"
    click.echo(f"The logo of {found.name}: {image.content_type}, {size}")


# -- saving --------------------------------------------------------------------------------


def _save(store: Store, product: Product, said: Survey, *, same_meaning: bool) -> None:
    before = store.survey(product, said.kind)
    kept = [one.survey for one in store.surveys(product) if one.survey.kind == said.kind]
    reworded = wordings.compare([before, *kept], said)
    if reworded and not same_meaning:
        raise RewordedError(
            f"{one}: give it an id of its own, or say --same-meaning" for one in reworded
        )
    after = store.change_survey(product, said, clock.now())
    news = "Unchanged" if after.version == before.version else "Saved"
    click.echo(f"{news}: version {after.version} of the survey {said.kind} of {product.name}")
    for lacking, where in wordings.gaps(after).items():
        click.echo(f"Not there in {', '.join(lacking)}: {', '.join(where)}")
    if beyond := ", ".join(wordings.beyond_ours(after)):
        click.echo(f"The page's own words are not there in {beyond}: beside yours they are English")
    if for_all := wordings.for_everybody(after):
        click.echo(f"In one language for everybody: {', '.join(for_all)}")


def _edited(draft: Path, product: Product, before: Survey) -> bool:
    """Let a person edit; tell whether that is done, rather than to be done again."""
    try:
        click.edit(filename=str(draft))
    except click.ClickException as error:
        said = error.format_message()
        raise click.UsageError(f"{said}; $EDITOR names the editor to use") from None
    try:
        _take(draft, product, before, same_meaning=False)
    except RewordedError as error:
        if not _asks(f"{error}\nOnly worded otherwise, the meaning is the same?", default=False):
            return _again(error)
        _take(draft, product, before, same_meaning=True)
    except DefinitionError as error:
        return _again(error)
    return True


def _take(draft: Path, product: Product, before: Survey, *, same_meaning: bool) -> None:
    try:
        said = drafts.read(draft.read_bytes())
    except OSError as error:
        raise click.UsageError(f"your editor left no file {draft}: {error.strerror}") from None
    if said.kind != before.kind:
        raise DefinitionError([f"kind: it is {before.kind} and stays so; see edit --kind"])
    with open_store() as store:
        if store.survey(product, before.kind) != before:
            raise click.UsageError("somebody else has saved a version meanwhile; compare with show")
        _save(store, product, said, same_meaning=same_meaning)


def _again(error: DefinitionError) -> bool:
    """Return False, for another round; raise where nobody wants one."""
    if not _asks(f"{error}\nGo on editing?", default=True):
        raise error
    return False


def _asks(question: str, *, default: bool) -> bool:
    return sys.stdin.isatty() and click.confirm(question, default=default, err=True)


# -- reading -------------------------------------------------------------------------------


def _as_read(asked: Survey, language: str) -> Iterator[str]:
    yield say(asked.question, language)
    for reason in asked.all_reasons():
        yield from ("", *_answer(reason, language))
    if asked.follow_up is not None:
        yield from ("", f"then: {say(asked.follow_up, language)}")


def _answer(reason: Reason, language: str) -> Iterator[str]:
    yield f"[{say(reason.label, language)}]"
    if reason.follow_up is not None:
        yield f"    then: {say(reason.follow_up, language)}"
    if reason.offer is not None:
        yield f"    in return: {say(reason.offer.text, language)}"
        if reason.offer.link is not None:
            label = f"{say(reason.offer.label, language)}: " if reason.offer.label else ""
            yield f"    {label}{reason.offer.link}"
