"""Why they left: reasons with their bounds, whether those who spoke resemble the others, offers."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import behind, pictures, words
from exitpoll_server.render.blocks.block import Block, Drawn, Row, number, share_of, version
from exitpoll_server.report import ENOUGH_ANSWERS, Report
from exitpoll_server.report.bias import CategoryGap, NumberGap
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.offers import Offer
from exitpoll_server.report.reasons import Reason, Reasons

NOT_ADJUSTED = {
    "too_few": "fewer than 30 gave a reason.",
    "unreached": "{unreached:,} of {everybody:,} who left are like nobody who gave a reason.",
    "too_uneven": "a few answers would have to speak for nearly everybody.",
    "does_not_converge": "those who answered are too unlike those who left.",
}
ORDER = {"first_more": "more often", "first_less": "less often"}
NOT_COMPARED = {
    "nobody_held_out": "Nobody was held out: what the offer did cannot be told.",
    "nobody_offered": "Nobody was offered anything: what the offer would do cannot be told.",
    "too_few": "Too few to tell what the offer did: 10 offered and 10 held out are needed.",
}
MOST_VALUES = 5
"""Of a category, the most frequent: the table of all figures has the rest."""
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
    sentences += _adjusting(found) + _first_place(found)
    picture = pictures.reasons.Reasons(
        title="Reasons: given, adjusted for known differences, and between which bounds",
        reasons=tuple(_drawn(one, report) for one in given),
    )
    return Block(
        name="reasons",
        title=title,
        sentences=tuple(sentences),
        pictures=(Drawn(partial(pictures.reasons.draw, picture), pictures.reasons.rows(picture)),),
        rows=tuple(_row(one, report) for one in given),
        folded=True,
    )


def _adjusting(found: Reasons) -> list[str]:
    if found.not_adjusted is None:
        return []
    why = NOT_ADJUSTED[found.not_adjusted].format(
        unreached=found.unreached.numerator, everybody=found.unreached.denominator
    )
    return [f"Not adjusted for known differences: {why}"]


def _first_place(found: Reasons) -> list[str]:
    """Say what standing first did, where it did anything."""
    often = ORDER.get(found.order.verdict)
    if often is None:
        return []
    first = found.order.positions[0]
    said = (
        f"The reason shown first is chosen {often} than chance would have it: "
        f"{words.share(first.chosen)}, by chance {words.percent(first.by_chance.value or 0)}."
    )
    return [said]


def _row(one: Reason, report: Report) -> Row:
    more = [
        (f"{words.share(one.share)} of those shown it", one.share),
        (
            f"{words.share(one.by_uninstaller)} of those asked by the uninstaller",
            one.by_uninstaller,
        ),
        (f"{words.share(one.adjusted)} adjusted for known differences", one.adjusted),
        (f"at least {words.share(one.at_least)} of all who left", one.at_least),
        (f"at most {words.share(one.at_most)} of all who left", one.at_most),
    ]
    return Row(
        words.reason(one.id, report.labels),
        one.given,
        _said(one),
        drawn=True,
        more=tuple((said, figure) for said, figure in more if figure.value is not None),
        behind=behind.reason(report, one.id, one.given),
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
    means = (("of those who answered", one.answered), ("of the others", one.quiet))
    more = tuple((f"{number(mean)} {who}", mean) for who, mean in means)
    return Row(NUMBERS[one.name].capitalize(), one.gap, said, more=more)


def _category(one: CategoryGap) -> Row:
    kind = "differs" if one.flagged else "hardly differs"
    more = tuple(
        (f"{version(value.value)}: {words.share(value.answered)} answered", value.answered)
        for value in one.values[:MOST_VALUES]
    )
    return Row(CATEGORIES[one.name].capitalize(), one.association, kind, more=more)


def _offers(report: Report) -> list[Block]:
    whole = report.offers.in_all
    if whole is None:
        return []
    by_reason = report.offers.by_reason
    # Where one reason alone carries an offer, both are the same.
    shown = (whole, *by_reason) if len(by_reason) > 1 else by_reason
    rows = [row for one in shown for row in _offer(one, report)]
    why = () if whole.not_compared is None else (NOT_COMPARED[whole.not_compared],)
    return [Block(name="offers", title="What offers did", sentences=why, rows=tuple(rows))]


def _offer(one: Offer, report: Report) -> list[Row]:
    name = "All offers" if one.reason is None else words.reason(one.reason, report.labels)
    rows = [
        Row(f"{name}: offered, and back in 30 days", one.offered),
        Row(f"{name}: held out, and back in 30 days", one.held_out),
    ]
    if one.effect.value is not None:
        rows.append(Row(f"{name}: what the offer did", one.effect, _points(one.effect)))
    return rows


def _points(effect: Figure) -> str:
    """Say a difference of two shares."""
    low, high = (100 * (end or 0) for end in (effect.low, effect.high))
    said = f"{100 * (effect.value or 0):+.1f} points"
    return f"{said} (at least {low:+.1f}, at most {high:+.1f})"
