"""Plays launch, uninstall and survey against the server, marked `test`, and shows what it got.

The copy that is played is made up and never written down: the machine's own state stays as it is.
What the server kept of it is erased at the end.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import urljoin
from uuid import uuid4

from exitpoll_agent import (
    checkup,
    consents,
    exchange,
    installation,
    messages,
    network_checks,
    state,
    upload,
    visiting,
    wire,
)
from exitpoll_agent.checks import Check, error_of, within
from exitpoll_agent.commands import FAILED, Said
from exitpoll_agent.config import Config
from exitpoll_agent.state import Held

NAMES = ("launch", "uninstall", "survey", "tidying up")
PAGE_SECONDS = 5.0
"""As long as the agent waits for a connection; the server was just seen to answer."""

SURVEY_SECONDS = 15.0
"""All of the survey's pages, as long as any one message may take."""

SEE_OTHER = 303
OK = 200


@dataclass(frozen=True, kw_only=True)
class Step(Check):
    """One step of the play, and what the server says that it received."""

    received: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How the play went."""

    steps: tuple[Step, ...]
    page: str | None = None
    """The survey's address, to be opened by whoever wants to see it; None: it did not come up."""


def rehearse(settings: Config | None, checks: tuple[Check, ...], now: datetime) -> Rehearsal:
    """Play all steps, where the checks before let the server be reached."""
    (server,) = [check for check in checks if check.name == "server"]
    if settings is None or server.state != "ok":
        steps = [_not_tried(name, "the server comes first") for name in NAMES]
        return Rehearsal(steps=tuple(steps))
    return _Play(settings, now).played()


class _Play:
    """A copy that was made up a moment ago, launched once and uninstalled."""

    def __init__(self, settings: Config, now: datetime) -> None:
        self._settings, self._now = settings, now
        self._consent = consents.decide(settings).consent
        here = installation.made(now)
        made_up = state.begun_anew(here, now).counted(settings.version, now).begun(now)
        self._held = Held(made_up, here)
        leaving = wire.Leaving(
            uninstall_id=uuid4(), at=now, context="remove", asked="page", scope=settings.scope
        )
        left = Held(made_up.begun(now), here)
        event = messages.uninstall_event(settings, left, self._consent, leaving, now)
        self._event = replace(event, test=True)
        self._page = settings.address.page(wire.encode_event(self._event))

    def played(self) -> Rehearsal:
        steps: list[Step] = []
        acts = (self._launch, self._uninstall, self._survey)
        for name, act in zip(NAMES, acts, strict=False):
            failed = [step.name for step in steps if step.state == "failed"]
            steps.append(_not_tried(name, f"{failed[0]} comes first") if failed else act())
        # Whatever failed: something may have arrived all the same.
        steps.append(self._tidy_up())
        opened = steps[2].state != "not_tried"
        return Rehearsal(steps=tuple(steps), page=self._page if opened else None)

    def _launch(self) -> Step:
        if self._consent != "full":
            return _not_tried("launch", f"under consent {self._consent} launches are not told")
        ping = replace(messages.ping(self._settings, self._held, self._now), test=True)
        return self._sent("launch", wire.PINGS_PATH, ping, "one launch was sent and confirmed")

    def _uninstall(self) -> Step:
        said = "the event was sent and confirmed"
        return self._sent("uninstall", wire.UNINSTALLS_PATH, self._event, said)

    def _tidy_up(self) -> Step:
        wish = wire.Erasure(installation_id=self._event.installation_id, test=True)
        said = "what the server kept of this was erased"
        return self._sent("tidying up", wire.ERASURES_PATH, wish, said)

    def _sent(self, name: str, path: str, message: upload.Sent, said: str) -> Step:
        outcome = upload.post(
            self._settings.address, path, message, upload.FOR_SOMEBODY_WHO_WAITS, self._now
        )
        if not isinstance(outcome, upload.Confirmed):
            what_to_do = network_checks.advice_on(outcome.detail)
            return Step(name=name, state="failed", seen=outcome.detail, what_to_do=what_to_do)
        return _confirmed(name, said, outcome.confirmation)

    def _survey(self) -> Step:
        answered = within(SURVEY_SECONDS, "survey", self._answer)
        # What took too long has received nothing.
        return answered if isinstance(answered, Step) else Step(**asdict(answered))

    def _answer(self) -> Step:
        """Open the page that the uninstall's address leads to, and answer as a person would."""
        try:
            page, address = self._led_to_the_survey()
            reason = page.reasons[0]
            comment = f"Rehearsal {uuid4().hex[:8]}"
            answer = self._visit(address, {"reason": reason, "comment": comment})
            after = _Page(self._visit(address, None).text)
        except (OSError, http.client.HTTPException, _StrangeError) as error:
            return _page_failed(error_of(error))
        except IndexError:
            return _page_failed("the page asks nothing")
        if answer.status != SEE_OTHER or comment not in after.text:
            return _page_failed(f"the answer was not kept (status {answer.status})")
        return Step(
            name="survey",
            state="ok",
            seen="the page was opened and answered, and shows the answer as saved",
            received={"reason": reason, "comment": comment},
        )

    def _led_to_the_survey(self) -> tuple[_Page, str]:
        led = self._visit(self._page, None)
        address = urljoin(self._page, led.headers.get("location", ""))
        if led.status != SEE_OTHER:
            raise _StrangeError(f"its address was answered with status {led.status}")
        if not self._settings.address.serves(address):
            raise _StrangeError(f"its address leads to another server ({address})")
        answer = self._visit(address, None)
        if answer.status != OK:
            raise _StrangeError(f"the page was answered with status {answer.status}")
        return _Page(answer.text), address

    def _visit(self, url: str, form: Mapping[str, str] | None) -> visiting.Answer:
        proxy = exchange.proxy_for(url)
        return visiting.visit(url, proxy=proxy, seconds=PAGE_SECONDS, form=form)


class _StrangeError(Exception):
    """The survey is not where it should be; says how."""


class _Page(HTMLParser):
    """What of the survey's page an answer needs: its reasons, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.reasons: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "button" and values.get("name") == "reason":
            self.reasons.append(values.get("value") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def _confirmed(name: str, said: str, confirmation: wire.Confirmation) -> Step:
    if confirmation.received is None:
        seen = f"{said}; the server does not tell what it received"
        what_to_do = "Update the server to see it here."
        return Step(name=name, state="warning", seen=seen, what_to_do=what_to_do)
    if confirmation.ignored:
        return Step(
            name=name,
            state="warning",
            seen=f"{said}, but for {', '.join(confirmation.ignored)}",
            what_to_do="The server cannot keep these as they are: change them, or update it.",
            received=confirmation.received,
        )
    return Step(name=name, state="ok", seen=said, received=confirmation.received)


def _page_failed(seen: str) -> Step:
    return Step(
        name="survey",
        state="failed",
        seen=seen,
        what_to_do="Open the address below in a browser. Behind a reverse proxy, /u/ and /s/ must"
        " reach the server too, and EXITPOLL_PUBLIC_URL must be the address that people use.",
    )


def _not_tried(name: str, why: str) -> Step:
    return Step(name=name, state="not_tried", seen=why)


# -- how it is said ------------------------------------------------------------------------


def said(checks: tuple[Check, ...], rehearsal: Rehearsal) -> Said:
    """Say how the checks and the play went; a play that did not come about has failed too."""
    # Under consent `exit` no launch is told, and the play is whole without.
    is_whole = all(step.state in ("ok", "warning") for step in rehearsal.steps[1:])
    return Said(
        f"{checkup.told(checks)}\n\n{told(rehearsal)}\n\n"
        f"{checkup.summary((*checks, *rehearsal.steps))}",
        {"checks": checkup.plain(checks), "rehearsal": asdict(rehearsal)},
        exit_code=0 if is_whole and not checkup.has_failed((*checks, *rehearsal.steps)) else FAILED,
    )


def told(rehearsal: Rehearsal) -> str:
    """Return the play as a person reads it, each step with what the server newly received."""
    lines: list[str] = []
    shown: set[str] = set()
    for step in rehearsal.steps:
        lines.append(checkup.told([step]))
        fields = _fields(step.received)
        new = [line for line in fields if line not in shown]
        lines += [f"{checkup.MARGIN}{line}" for line in new]
        if len(new) < len(fields):
            lines.append(f"{checkup.MARGIN}(and {len(fields) - len(new)} fields as above)")
        shown.update(fields)
    if rehearsal.page is not None:
        lines += ["", "The page, to be looked at; marked test, it is never counted:"]
        lines.append(rehearsal.page)
    return "\n".join(lines)


def _fields(received: Mapping[str, object], prefix: str = "") -> list[str]:
    """Return what was received, a field a line, without what was left empty."""
    lines: list[str] = []
    for name, value in received.items():
        if isinstance(value, dict):
            lines += _fields(value, f"{prefix}{name}.")
        elif value not in (None, [], ""):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{prefix}{name} = {text}")
    return lines
