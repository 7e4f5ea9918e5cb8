"""Works out the order for the launches that follow (`order`), as long as nothing is due."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from exitpoll_agent import consents, counterfile, installation, order, state, statefile
from exitpoll_agent.config import Config
from exitpoll_agent.counter import end_of_day
from exitpoll_agent.launching import Launched


def give(config: Config, environment: Mapping[str, str], launched: Launched, now: datetime) -> None:
    """Leave an order after a launch was counted, unless something is due. Raises nothing.

    Args:
        config: the settings.
        environment: what they were read from.
        launched: what came of the launch.
        now: the present.
    """
    if not launched.counted:
        return
    folder = config.state_folder
    # Where it cannot be left the next launch goes the long way, too.
    with contextlib.suppress(OSError, statefile.StateError), statefile.locked(folder):
        known = state.open_tally(folder)
        if known is None or not config.version.isprintable():
            return
        counter, tally = known
        full = launched.consent == "full"
        until = counter.quiet_until(config.version, now) if full else end_of_day(now)
        order.leave(
            environment,
            folder=str(folder),
            tally=str(tally),
            line=f"{now.date().isoformat()} {config.version}",
            launches=counter.launches_ever,
            since=int(now.timestamp()),
            until=int(until.timestamp()),
            said=_said(launched),
            watched=[str(path) for path in _watched(config, environment)],
        )


def _said(launched: Launched) -> tuple[str, str]:
    quiet = replace(launched, upload="not_due", detail=None)
    as_json = json.dumps({**asdict(quiet), "launches_total": order.PLACE})
    return quiet.sentence(order.PLACE), as_json.replace(f'"{order.PLACE}"', order.PLACE)


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
