"""The command line: `exitpoll`. One file a command; bad input gets one line and exit code 2."""

from __future__ import annotations

import io
import sys

import click

from exitpoll_server.cli.account import account
from exitpoll_server.cli.agent import agent
from exitpoll_server.cli.backup import backup
from exitpoll_server.cli.comments import comments
from exitpoll_server.cli.copy import copy
from exitpoll_server.cli.export import export
from exitpoll_server.cli.import_ import import_
from exitpoll_server.cli.key import key
from exitpoll_server.cli.kit import kit
from exitpoll_server.cli.product import product
from exitpoll_server.cli.quarantine import quarantine
from exitpoll_server.cli.report import report
from exitpoll_server.cli.restore import restore
from exitpoll_server.cli.retention import retention
from exitpoll_server.cli.serve import serve
from exitpoll_server.cli.survey import survey
from exitpoll_server.cli.themes import themes
from exitpoll_server.config import ConfigError
from exitpoll_server.definitions import DefinitionError
from exitpoll_server.kits import AgentError, KitError
from exitpoll_server.report import DoesNotAddUpError
from exitpoll_server.store import BusyError, StoreError
from exitpoll_server.transfer.copying import CopyError
from exitpoll_server.transfer.table import TableError
from exitpoll_server.transfer.writing import ExportError


@click.group()
@click.version_option(package_name="exitpoll")
def cli() -> None:
    """Hear from the people who uninstall, and know how many you did not hear from."""


COMMANDS = (
    product,
    survey,
    kit,
    agent,
    account,
    serve,
    import_,
    report,
    comments,
    themes,
    export,
    quarantine,
    key,
    retention,
    backup,
    restore,
    copy,
)

for command in COMMANDS:
    cli.add_command(command)


FORESEEN = (
    ConfigError,
    StoreError,
    TableError,
    ExportError,
    CopyError,
    DefinitionError,
    DoesNotAddUpError,
    KitError,
    AgentError,
)
"""What says itself, in a sentence, what is wrong."""


def main() -> None:
    """Run the command line; every foreseen failure is one sentence on stderr."""
    # A terminal that cannot show every script still shows the rest of a report.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.UsageError as error:
        about = f"; see: {error.ctx.command_path} --help" if error.ctx else ""
        click.echo(f"exitpoll: {error.format_message().rstrip('.')}{about}", err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit("exitpoll: stopped")
    except BusyError:
        sys.exit("exitpoll: the database is busy or away just now; try again in a moment")
    except FORESEEN as error:
        click.echo(f"exitpoll: {error}", err=True)
        sys.exit(2)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        sys.exit(
            f"exitpoll: failed unexpectedly ({type(error).__name__}: {error}); "
            "PYTHONDEVMODE=1 shows where"
        )
