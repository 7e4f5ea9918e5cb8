"""`status`: says what is known and has yet to be sent."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from exitpoll_agent import clock, standing
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.standing import Payload, Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the wish to see the next ping itself."""
    parser.add_argument(
        "--payload", action="store_true", help="print the next ping, byte for byte as it would go"
    )


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Read what is known, changing nothing."""
    if options.payload:
        return _of_payload(standing.payload(settings, clock.now()))
    known = standing.status(settings, clock.now())
    return Said(_sentences(known), {"configured": True, **asdict(known)})


def _of_payload(payload: Payload) -> Said:
    """Print the payload as it is; where nothing would be sent, say so beside it."""
    if payload.body is not None:
        return Said("", {}, raw=payload.body)
    why = f"nothing would be sent: {payload.why_nothing}"
    return Said("", {"payload": None, "why_nothing": payload.why_nothing}, warnings=(why,))


def _sentences(known: Status) -> str:
    if known.installation_id is None:
        return f"{known.product} {known.version} is configured; nothing was counted yet."
    return (
        f"{known.product} {known.version}: {known.launches_total} launches counted,"
        f" {known.unconfirmed_rows} rows to be sent, consent {known.consent}."
        f" Last confirmed: {known.last_confirmed_at or 'never'}."
    )
