"""The rows of those who left: uninstalls, by which ways they were heard, what was said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import numpy as np
from tests.bench import assumptions as a
from tests.bench.columns import (
    Columns,
    Numbers,
    Tables,
    as_read,
    at_end,
    facts,
    hexes,
    joined,
    names,
    optional,
)
from tests.bench.heard import EVENT, REGRET, WAYS, Facts, Hearing
from tests.bench.lives import AGENT, BLOCKED, EXIT, LINK_ONLY, NOBODY, Array, Lives

from exitpoll_agent.wire import LAUNCHES_STEPS, TENURE_STEPS_HOURS
from exitpoll_server import questions

HOUR_MS = 3_600_000

SHOWN_MS, OPENED_MS, CHOSEN_MS, OFFERED_MS, TAKEN_MS, SAID_MS = (
    400, 1_300, 9_000, 9_900, 16_000, 31_000,
)  # fmt: skip
"""How long after the page is fetched it is shown, says that it is open, and what then follows."""

ASKED_BY_WAY: Mapping[str, tuple[str, str | None]] = {
    "page": ("page", None),
    "page not opened": ("page", None),
    "installer": ("installer", None),
    "browser": ("page", None),
    **{way: ("no", way) for way in ("unattended", "no_session", "policy")},
}

DEAR = "too-expensive"
_OFFER = questions.Offer(text="Half the price for a year.", link="https://shop.example/half")
SURVEY = replace(
    questions.EXIT,
    held_out=a.HELD_OUT,
    reasons=tuple(
        replace(reason, offer=_OFFER) if reason.id == DEAR else reason
        for reason in questions.EXIT.reasons
    ),
    version=2,
)
"""What is asked on leaving: the ready-made set, with an offer."""


def add(found: Tables, heard: Hearing, ids: Array, counters: Array, numbers: Numbers) -> None:
    """Add uninstalls and what belongs to them; `counters` holds the first of each installation."""
    regrets = np.flatnonzero(heard.kind == REGRET)
    left = np.flatnonzero(heard.by_agent | heard.by_browser | heard.by_link)
    first = numbers.uninstalls + 1
    uninstalls = first + len(regrets) + np.arange(len(left))
    numbers.uninstalls += len(regrets) + len(left)
    regretted = first + np.arange(len(regrets))
    before = _regretted(heard, regrets, regretted, ids, counters)
    after = _left(heard, left, uninstalls, ids, counters)
    found["uninstalls"] = {name: joined(before[name], after[name]) for name in after}
    found["receipts"] = _receipts(heard, left, uninstalls, regrets, regretted)
    found["showings"], found["answers"] = _asked(heard, left, uninstalls, ids, numbers)


# -- uninstalls ----------------------------------------------------------------------------


def _regretted(
    heard: Hearing, which: Array, numbers: Array, ids: Array, counters: Array
) -> Columns:
    """Return uninstalls that the next message, a ping, disproved."""
    owner, p, n = heard.owner[which], heard.people, len(which)
    occurred, received = heard.sent[which], heard.receipt[which]
    known = Facts(**{name: column[which] for name, column in vars(heard.facts).items()})
    return {
        "id": numbers,
        "installation_id": ids[owner],
        "uuid": hexes(heard.leaving.regret_uuid[owner]),
        "first_received_at": received,
        "withdrawn_at": heard.receipt[which + 1] if n else [],
        "occurred_at": occurred,
        "instant": as_read(occurred, p.offset[owner], np.ones(n, bool), received),
        "clock_offset": p.offset[owner],
        "counter_id": counters[owner],
        "seq": heard.seq[which],
        "consent": ["full"] * n,
        "context": ["unknown"] * n,
        "asked": ["no"] * n,
        "not_asked": ["unattended"] * n,
        "scope": ["user"] * n,
        "tenure_step": [None] * n,
        "launches_step": [None] * n,
        "launches": _launches_by(heard, owner, occurred),
        "only_updating_at": [None] * n,
    } | facts(heard, known)


def _launches_by(heard: Hearing, owner: Array, at: Array) -> Array:
    until = np.full(heard.size, NOBODY)
    until[owner] = at
    told = heard.kept & (heard.row_sent <= until[heard.uses.owner])
    weights = heard.uses.launches[told]
    counted = np.bincount(heard.uses.owner[told], weights=weights, minlength=heard.size)
    return counted.astype(np.int64)[owner]


def _left(heard: Hearing, who: Array, numbers: Array, ids: Array, counters: Array) -> Columns:
    p, n = heard.people, len(who)
    reach, by_agent = p.reach[who], heard.by_agent[who]
    with_agent, by_link = reach != LINK_ONLY, reach == LINK_ONLY
    counted = (reach == AGENT) | (reach == BLOCKED)
    received = np.where(by_agent, heard.agent_receipt[who], heard.page_receipt[who])
    occurred = np.where(by_link, received, heard.leaving.at[who])
    seqs = np.zeros(heard.size, np.int64)
    seqs[heard.owner[heard.kind == EVENT]] = heard.seq[heard.kind == EVENT]
    tenure = (heard.leaving.at[who] - p.began[who]) / HOUR_MS
    # Of the second person's profile only what it sent itself is known.
    own = heard.uses.counter == 0
    of_event = own & (p.reach != LINK_ONLY)[heard.uses.owner]
    is_known = heard.kept | of_event
    weights = heard.uses.launches[is_known]
    launches = np.bincount(heard.uses.owner[is_known], weights=weights, minlength=heard.size)[who]
    end = at_end(heard)
    return {
        "id": numbers,
        "installation_id": ids[who],
        "uuid": hexes(heard.leaving.uuid[who]),
        "first_received_at": received,
        "withdrawn_at": [None] * n,
        "occurred_at": occurred,
        "instant": as_read(occurred, p.offset[who], by_agent, received),
        "clock_offset": optional(p.offset[who], by_agent),
        "counter_id": optional(counters[who], counted),
        "seq": optional(seqs[who], counted),
        "consent": names(("full", "exit"), (reach == EXIT).astype(int), with_agent),
        "context": names(("unknown", "remove"), with_agent.astype(int)),
        **_asking(heard, who),
        "scope": names(("user",), 0 * who, with_agent),
        "tenure_step": optional(_coarse(tenure, TENURE_STEPS_HOURS), reach == EXIT),
        "launches_step": optional(_coarse(launches, LAUNCHES_STEPS), reach == EXIT),
        "launches": optional(launches.astype(np.int64), counted),
        "only_updating_at": [None] * n,
    } | facts(heard, Facts(**{name: column[who] for name, column in vars(end).items()}))


def _coarse(values: Array, steps: tuple[int, ...]) -> Array:
    lower: Array = np.array(steps)[np.searchsorted(steps, values, side="right") - 1]
    return lower


def _asking(heard: Hearing, who: Array) -> Columns:
    way = np.where(heard.by_link[who], WAYS.index("page"), heard.way[who])
    asked = [ASKED_BY_WAY[WAYS[number]] for number in way.tolist()]
    return {"asked": [how for how, _ in asked], "not_asked": [why for _, why in asked]}


def _receipts(
    heard: Hearing, who: Array, numbers: Array, regrets: Array, regretted: Array
) -> Columns:
    agent, page = heard.by_agent[who], (heard.by_browser | heard.by_link)[who]
    by_link = heard.by_link[who]
    channels = names(("browser", "link"), by_link[page].astype(int))
    uninstalls = [regretted, numbers[agent], numbers[page]]
    received = [heard.receipt[regrets], heard.agent_receipt[who][agent]]
    return {
        "uninstall_id": np.concatenate(uninstalls),
        "channel": ["agent"] * (len(regrets) + int(agent.sum())) + channels,
        "first_received_at": np.concatenate([*received, heard.page_receipt[who][page]]),
    }


# -- what was shown and said ---------------------------------------------------------------


def _asked(
    heard: Hearing, who: Array, uninstalls: Array, ids: Array, numbers: Numbers
) -> tuple[Columns, Columns]:
    on_page = (heard.by_browser | heard.by_link)[who]
    shown, of = who[on_page], uninstalls[on_page]
    showings = numbers.showings + 1 + np.arange(len(shown))
    numbers.showings += len(shown)
    by_installer = heard.by_agent & (heard.way == WAYS.index("installer"))
    by_installer &= heard.leaving.answers < a.INSTALLER_ANSWERS
    inline = np.flatnonzero(by_installer[who])
    page = _page_answers(heard, shown, of, showings, ids)
    installer = _installer_answers(heard, who[inline], uninstalls[inline], ids)
    answers: Columns = {name: joined(installer[name], page[name]) for name in page}
    return _showings(heard, shown, of, showings), answers


def answered_on_page(heard: Hearing, who: Array) -> tuple[Array, Array]:
    """Return who chose a reason on the page, and when."""
    way_out = heard.leaving
    at = heard.page_receipt[who] + CHOSEN_MS + way_out.late_ms[who]
    # Who leaves at the end of the simulated time has not answered yet.
    return way_out.opened[who] & (way_out.answers[who] < 1) & (at + SAID_MS < a.END_MS), at


def _showings(heard: Hearing, who: Array, uninstalls: Array, showings: Array) -> Columns:
    way_out, at, n = heard.leaving, heard.page_receipt[who], len(who)
    answered, chosen = answered_on_page(heard, who)
    opened = way_out.opened[who]
    offered = answered & ~way_out.held_out[who] & (way_out.reason[who] == a.REASONS.index(DEAR))
    taken = offered & way_out.takes_offer[who]
    return {
        "id": showings,
        "uninstall_id": uninstalls,
        "survey": ["exit"] * n,
        "survey_version": [SURVEY.version] * n,
        "locale": names(a.LOCALES, heard.people.locale[who]),
        "reasons": [_in_order(digits) for digits in hexes(way_out.uuid[who])],
        "shown_at": at + SHOWN_MS,
        "opened_at": optional(at + OPENED_MS, opened),
        "held_out": way_out.held_out[who].astype(int),
        "offer": names((DEAR,), 0 * who, offered),
        "offered_at": optional(chosen + OFFERED_MS - CHOSEN_MS, offered),
        "offer_taken_at": optional(chosen + TAKEN_MS - CHOSEN_MS, taken),
    }


def _in_order(digits: str) -> str:
    return json.dumps([reason.id for reason in SURVEY.in_order_for(UUID(digits))])


def words_of(lives: Lives, who: int) -> str | None:
    """Return what somebody writes, in the language of their copy."""
    number = float(lives.leaving.words[who])
    if number == NOBODY:
        return None
    language = list(a.LOCALES)[lives.people.locale[who]].partition("-")[0]
    texts = a.WORDS[language]
    return texts[int(number * len(texts))]


def said_of(lives: Lives, who: int) -> tuple[str, str | None, int | None, str | None]:
    """Return the reason, comment, score and address that somebody gives."""
    way_out = lives.leaving
    comment, score = words_of(lives, who), int(way_out.score[who])
    email = f"someone-{who}@mail.example" if comment and way_out.address[who] else None
    reason = a.REASONS[way_out.reason[who]]
    return reason, comment, None if score == NOBODY else score, email


def _installer_answers(heard: Hearing, who: Array, uninstalls: Array, ids: Array) -> Columns:
    n = len(who)
    said = [said_of(heard.lives, one) for one in who.tolist()]
    return {
        "installation_id": ids[who],
        "uninstall_id": uninstalls,
        "showing_id": [None] * n,
        "channel": ["installer"] * n,
        "received_at": heard.agent_receipt[who],
        "reason": [reason for reason, _, _, _ in said],
        "comment": [comment for _, comment, _, _ in said],
        "score": [score for _, _, score, _ in said],
        "follow_up": [None] * n,
        "email": [None] * n,
    }


def _page_answers(
    heard: Hearing, who: Array, uninstalls: Array, showings: Array, ids: Array
) -> Columns:
    """Return the click, and in a row of its own what was said after it."""
    answered, at = answered_on_page(heard, who)
    columns = {name: list[object]() for name in _ANSWER}
    columns_chosen = (who, ids[who], uninstalls, showings, at)
    chosen = zip(*(column[answered].tolist() for column in columns_chosen), strict=True)
    for one, owner, uninstall, showing, clicked in chosen:
        reason, comment, score, email = said_of(heard.lives, one)
        given: list[tuple[object, ...]] = [(clicked, reason, None, None, None)]
        if comment is not None or score is not None:
            given.append((clicked + SAID_MS - CHOSEN_MS, None, comment, score, email))
        for received, *fields in given:
            row = (owner, uninstall, showing, "page", received, *fields[:3], None, fields[3])
            for name, value in zip(_ANSWER, row, strict=True):
                columns[name].append(value)
    return dict(columns)


_ANSWER = (
    "installation_id", "uninstall_id", "showing_id", "channel", "received_at",
    "reason", "comment", "score", "follow_up", "email",
)  # fmt: skip
