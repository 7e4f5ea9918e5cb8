"""Builds what is sent: from settings, installation and counter, as far as consent allows."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import datetime, timedelta

from exitpoll_agent import __version__, machine, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter, Former
from exitpoll_agent.state import Held

HOUR = timedelta(hours=1)


def ping(config: Config, held: Held, now: datetime) -> wire.Ping:
    """Return the ping of a counter's last taken seq, with the oldest rows that fit into one.

    A counter that this one took over from, and that has something to be sent, goes first.
    """
    whole = _envelope(config, held, now)
    if held.counter.formers:
        whole = _of_former(whole, held.counter.formers[0])
    days = whole.days[: wire.MAX_ROWS]
    while _is_too_long(fitting := replace(whole, days=days)):
        days = days[: len(days) // 2]
    return fitting


def uninstall_event(
    config: Config,
    held: Held,
    consent: wire.Consent,
    leaving: wire.Leaving,
    now: datetime,
) -> wire.UninstallEvent:
    """Return the event of a counter's last taken seq, with the newest rows that fit into it.

    Nothing may be sent after it, so rows beyond that are told by `launches_total` alone.
    """
    if consent == "exit":
        return _coarse_event(config, held, leaving, now)
    envelope = _envelope(config, held, now)
    fields = {f.name: getattr(envelope, f.name) for f in dataclasses.fields(envelope)}
    whole = wire.UninstallEvent(**fields, uninstall=leaving)
    if _is_too_long(replace(whole, days=())):
        # The longest texts and comment together leave no room for fifty long names.
        whole = replace(whole, milestones={})
    days = whole.days[-wire.MAX_ROWS :]
    while _is_too_long(fitting := replace(whole, days=days)):
        days = days[(len(days) + 1) // 2 :]
    return fitting


def bare(counter: Counter, said: wire.Consent, now: datetime) -> wire.Ping:
    """Return a message without history: which counter, in which order, under which consent.

    The last one of who withdrew consent, and a question: its answer brings the policy.
    """
    return wire.Ping(
        installation_id=counter.installation_id,
        counter=counter.counter,
        seq=counter.seq,
        sent_at=now,
        consent=said,
    )


def _of_former(whole: wire.Ping, former: Former) -> wire.Ping:
    return replace(
        whole,
        counter=former.counter,
        launches_total=None,
        first_launch_day=None,
        last_launch_day=None,
        days=tuple(row.count for row in former.rows),
        milestones={},
    )


def _envelope(config: Config, held: Held, now: datetime) -> wire.Ping:
    counter, here = held.counter, held.installation
    return wire.Ping(
        installation_id=counter.installation_id,
        counter=counter.counter,
        seq=counter.seq,
        sent_at=now,
        consent="full",
        version=config.version,
        channel=config.channel,
        edition=config.edition,
        source=config.source,
        os=machine.os_name(),
        arch=machine.arch(),
        locale=machine.locale(),
        agent=__version__,
        origin=here.origin if config.origin == "unknown" else config.origin,
        installed_at=config.installed_at or here.installed_at,
        installed_version=config.installed_version or here.installed_version,
        counted_since=counter.counted_since,
        launches_total=counter.launches_total,
        first_launch_day=counter.first_launch_day,
        last_launch_day=counter.last_launch_day,
        days=counter.unconfirmed(),
        milestones=counter.unconfirmed_milestones(),
        customer=config.customer,
        attributes=config.attributes,
    )


def _coarse_event(
    config: Config, held: Held, leaving: wire.Leaving, now: datetime
) -> wire.UninstallEvent:
    """Without history: only version, language, system, and two steps instead of counts."""
    return wire.UninstallEvent(
        installation_id=held.counter.installation_id,
        seq=0,
        sent_at=now,
        consent="exit",
        version=config.version,
        os=machine.os_name(),
        locale=machine.locale(),
        uninstall=replace(
            leaving,
            tenure_step=_tenure_step(config, held, leaving.at),
            launches_step=wire.coarse(held.counter.launches_ever, wire.LAUNCHES_STEPS),
        ),
    )


def _tenure_step(config: Config, held: Held, at: datetime) -> int | None:
    # A counter is begun by its first launch, or, where there was none, by the uninstall itself.
    first_launch = held.counter.counted_since if held.counter.launches_ever else None
    since = config.installed_at or held.installation.installed_at or first_launch
    return None if since is None else wire.coarse((at - since) / HOUR, wire.TENURE_STEPS_HOURS)


def _is_too_long(message: wire.Ping) -> bool:
    return len(wire.to_json(message)) > wire.MAX_BODY_BYTES
