"""Why they left: reasons with their bounds, whether those who spoke resemble the others, offers."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import pictures, words
from exitpoll_server.render.blocks.block import Block, Drawn, Row, share_of
from exitpoll_server.report import ENOUGH_ANSWERS, Report
from exitpoll_server.report.bias import CategoryGap, NumberGap
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.offers import Offer
from exitpoll_server.report.reasons import Reason

NOT_ADJUSTED = {
    "too_few": "Not adjusted for known differences: fewer than 30 gave a reason.",
    "unreached": "Not adjusted for known differences: too many of those who left are like nobody "
    "who gave a reason.",
    "too_uneven": "Not adjusted for known differences: a few answers would have to speak for "
    "nearly everybody.",
    "does_not_converge": "Not adjusted for known differences: those who answered are too unlike "
    "those who left.",
}
ORDER = {
    "first_more": "The reason shown first is chosen more often than chance would have it.",
    "first_less": "The reason shown first is chosen less often than chance would have it.",
}
NUMBERS = {"tenure": "days of having it", "launches": "launches"}
CATEGORIES = {"version": "version", "os": "system", "locale": "language", "edition": "edition"}


def why(report: Report) -> list[Block]:
    """Return the blocks about reasons."""
    return [_bounds(report), _bias(report), *_offers(report)]


def _bounds(report: Report) -> Block:
    title = "How sure the reasons are"
    if report.small:
        return Block(name="reasons", title=title, waits=f"from {ENOUGH_ANSWERS} answers on")
    found = report.reasons
    given = [one for one in found.reasons if one.given.numerator]
    sentences = [
        "Of all who left, silent ones included, at least and at most so many left for a reason."
    ]
    if found.not_adjusted is not None:
        sentences.append(NOT_ADJUSTED[found.not_adjusted])
    if found.order.verdict in ORDER:
        sentences.append(ORDER[found.order.verdict])
    picture = pictures.reasons.Reasons(
        title="Reasons: given, adjusted for known differences, and between which bounds",
        reasons=tuple(_drawn(one, report) for one in given),
    )
    return Block(
        name="reasons",
        title=title,
        sentences=tuple(sentences),
        pictures=(Drawn(partial(pictures.reasons.draw, picture), pictures.reasons.rows(picture)),),
        rows=tuple(
            Row(words.reason(one.id, report.labels), one.given, _said(one)) for one in given
        ),
    )


def _drawn(one: Reason, report: Report) -> pictures.reasons.Reason:
    low, high = one.at_least.value, one.at_most.value
    return pictures.reasons.Reason(
        label=words.reason(one.id, report.labels),
        share=share_of(one.given),
        adjusted=one.adjusted.value,
        bounds=None if low is None or high is None else (low, high),
    )


def _said(one: Reason) -> str:
    said = f"{words.share(one.given)} of the reasons given"
    if one.adjusted.value is not None:
        said += f"; {words.percent(one.adjusted.value)} adjusted for known differences"
    low, high = words.share(one.at_least), words.share(one.at_most)
    return f"{said}; of all who left at least {low}, at most {high}"


def _bias(report: Report) -> Block:
    title = "Do those who answered resemble those who left quietly?"
    numbers, categories = report.bias.numbers, report.bias.categories
    if all(one.not_compared for one in numbers) and all(one.not_compared for one in categories):
        return Block(name="bias", title=title, waits="from 10 who answered and 10 who did not")
    flagged = [NUMBERS[one.name] for one in numbers if one.flagged]
    flagged += [CATEGORIES[one.name] for one in categories if one.flagged]
    sentence = "No known difference between them is more than slight."
    if flagged:
        sentence = f"They differ in {', '.join(flagged)}: what they say is not what all would say."
    rows = [_number(one) for one in numbers if not one.not_compared]
    rows += [_category(one) for one in categories if not one.not_compared]
    return Block(name="bias", title=title, sentences=(sentence,), rows=tuple(rows))


def _number(one: NumberGap) -> Row:
    said = (
        f"{one.answered.value or 0:,.1f} on average of those who answered, "
        f"{one.quiet.value or 0:,.1f} of the others"
    )
    return Row(NUMBERS[one.name].capitalize(), one.gap, said)


def _category(one: CategoryGap) -> Row:
    kind = "differs" if one.flagged else "hardly differs"
    return Row(CATEGORIES[one.name].capitalize(), one.association, kind)


def _offers(report: Report) -> list[Block]:
    whole = report.offers.in_all
    if whole is None:
        return []
    rows = [row for one in (whole, *report.offers.by_reason) for row in _offer(one, report)]
    return [Block(name="offers", title="What offers did", rows=tuple(rows))]


def _offer(one: Offer, report: Report) -> list[Row]:
    name = "All offers" if one.reason is None else words.reason(one.reason, report.labels)
    rows = [
        Row(f"{name}: came back, offered", one.offered),
        Row(f"{name}: came back, held out", one.held_out),
    ]
    if one.effect.value is not None:
        rows.append(Row(f"{name}: what the offer did", one.effect, _points(one.effect)))
    return rows


def _points(effect: Figure) -> str:
    """Say a difference of two shares."""
    low, high = (100 * (end or 0) for end in (effect.low, effect.high))
    said = f"{100 * (effect.value or 0):+.1f} points"
    return f"{said} (at least {low:+.1f}, at most {high:+.1f})"
