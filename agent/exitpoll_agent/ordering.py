"""Works out the order for the launches that follow (`order`), as long as nothing is due."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from exitpoll_agent import consents, counterfile, installation, order, state, statefile, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import end_of_day


def give(
    config: Config,
    environment: Mapping[str, str],
    consent: wire.Consent,
    said: tuple[str, str],
    now: datetime,
) -> None:
    """Leave an order after a launch was counted, unless something is due. Raises nothing.

    Args:
        config: the settings.
        environment: what they were read from.
        consent: the one that holds, of which something may be counted.
        said: what a launch that follows the order is to say; see `order.leave`.
        now: the present.
    """
    folder = config.state_folder
    # Where it cannot be left the next launch goes the long way, too.
    with contextlib.suppress(OSError, statefile.StateError), statefile.locked(folder):
        counter, tally = state.read_counter(folder), state.open_tally(folder)
        if counter is None or tally is None or not config.version.isprintable():
            return
        full = consent == "full"
        until = counter.quiet_until(config.version, now) if full else end_of_day(now)
        order.leave(
            environment,
            folder=str(folder),
            tally=str(tally),
            line=f"{now.date().isoformat()} {config.version}",
            launches=counter.launches_ever,
            since=int(now.timestamp()),
            until=int(until.timestamp()),
            said=said,
            watched=[str(path) for path in _watched(config, environment)],
        )


def withdraw(environment: Mapping[str, str]) -> None:
    """Remove an order. Raises nothing."""
    file = order.path(environment)
    with contextlib.suppress(OSError):
        Path(file or "").unlink()


def _watched(config: Config, environment: Mapping[str, str]) -> list[Path]:
    names = (installation.NAME, consents.NAME, counterfile.NAME)
    return [
        *(config.state_folder / name for name in names),
        config.machine_folder / installation.NAME,
        Path(order.config_file(environment)),
        Path(order.POLICY_FILE),
    ]
