"""What the commands say of their outcome, to a person and to a program."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from exitpoll_agent import surroundings, wire
from exitpoll_agent.config import ConfigError
from exitpoll_agent.erasure import Erased
from exitpoll_agent.launching import Launched
from exitpoll_agent.leaving import Departed
from exitpoll_agent.milestones import Reached
from exitpoll_agent.standing import Payload, Status
from exitpoll_agent.statefile import StateError
from exitpoll_agent.withdrawal import Chosen

FAILED = 1
"""What a person's own command exits with where it did not do what it was asked for."""


@dataclass(frozen=True)
class Said:
    """What a command says of its outcome: sentences for a person, fields for a program."""

    sentences: str
    fields: dict[str, object]
    warnings: tuple[str, ...] = ()
    exit_code: int = 0
    raw: bytes | None = None
    """Goes out as it is, in place of both."""


def of_launch(launched: Launched) -> str:
    """Say what came of a launch."""
    if not launched.counted:
        return f"Nothing was counted: {_why_not(launched.consent, launched.not_counted)}."
    counted = f"Launch {launched.launches_total} counted"
    if launched.upload == "confirmed":
        return f"{counted}; the server confirmed it."
    if launched.upload == "not_due":
        return f"{counted}; nothing is due to be sent."
    return f"{counted}; it will be sent later: {launched.detail}."


def _why_not(consent: wire.Consent, not_counted: surroundings.NotCounted | None) -> str:
    return f"consent is {consent}" if not_counted is None else surroundings.WHY_NOT[not_counted]


def of_uninstall(departed: Departed) -> str:
    """Say what came of an uninstall."""
    if departed.uninstall_id is None and departed.not_counted is not None:
        return f"Nothing was sent: {surroundings.WHY_NOT[departed.not_counted]}."
    if departed.uninstall_id is None:
        return f"Nothing was sent: {departed.not_asked} forbids it."
    told = (
        "The uninstall was confirmed by the server."
        if departed.upload == "confirmed"
        else f"The uninstall was not confirmed: {departed.detail}."
    )
    if departed.asked == "page":
        opened = "was opened" if departed.survey_opened else "could not be opened"
        return f"{told} The survey page {opened}."
    asked = "Asked by the installer" if departed.asked == "installer" else "Nobody was asked"
    why = "" if departed.not_asked is None else f" ({departed.not_asked})"
    return f"{told} {asked}{why}."


def of_status(known: Status) -> str:
    """Say what is known."""
    if known.installation_id is None:
        return f"{known.product} {known.version} is configured; nothing was counted yet."
    return (
        f"{known.product} {known.version}: {known.launches_total} launches counted,"
        f" {known.unconfirmed_rows} rows to be sent, consent {known.consent}."
        f" Last confirmed: {known.last_confirmed_at or 'never'}."
    )


def of_milestone(reached: Reached) -> str:
    """Say what came of a milestone."""
    if reached.consent != "full" or reached.not_counted is not None:
        return f"Nothing was noted: {_why_not(reached.consent, reached.not_counted)}."
    if reached.day is None:
        return f"Nothing was noted: there are {wire.MAX_MILESTONES} milestones already."
    if not reached.is_new:
        return f"Milestone {reached.milestone} was reached on {reached.day} already."
    return f"Milestone {reached.milestone} noted; the next ping tells it."


def of_consent(chosen: Chosen) -> str:
    """Say which consent holds, who said what, and whether the server was told."""
    words = ", ".join(
        f"{word.who} {word.consent} ({word.because})" for word in chosen.decision.words
    )
    held = f"Consent is {chosen.decision.consent}. The strictest of what was said: {words}."
    if chosen.withdrawal == "not_sent":
        return held
    if chosen.withdrawal == "confirmed":
        return f"{held} The server was told, and nothing else."
    return f"{held} The server could not be told: {chosen.detail}."


def of_erasure(erased: Erased) -> Said:
    """Say what came of an erasure."""
    fields = asdict(erased)
    if erased.installation_id is None:
        return Said("There is nothing to erase.", fields)
    if erased.erased:
        return Said("Everything of this installation was erased, at the server and here.", fields)
    failed = f"nothing was erased, and the id is kept to try again: {erased.detail}"
    return Said("", fields, warnings=(failed,), exit_code=FAILED)


def of_payload(payload: Payload) -> Said:
    """Print the payload as it is; where nothing would be sent, say so beside it."""
    if payload.body is not None:
        return Said("", {}, raw=payload.body)
    why = f"nothing would be sent: {payload.why_nothing}"
    return Said("", {"payload": None, "why_nothing": payload.why_nothing}, warnings=(why,))


def of_failure(error: BaseException, exit_code: int) -> Said:
    """Say in one line why a command did not work."""
    sentence = _sentence(error)
    fields = {"configured": not isinstance(error, ConfigError), "error": sentence}
    return Said("", fields, warnings=(sentence,), exit_code=exit_code)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).split())
    speaks_plainly = isinstance(error, ConfigError | StateError | OSError)
    return text if speaks_plainly else f"{type(error).__name__}: {text}"
