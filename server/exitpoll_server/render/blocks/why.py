"""Why they left: reasons with their bounds, whether those who spoke resemble the others, offers."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import behind, pictures, words
from exitpoll_server.render.blocks.block import (
    Block,
    Drawn,
    Row,
    between,
    number,
    share_of,
    version,
)
from exitpoll_server.report import ENOUGH_ANSWERS, Report
from exitpoll_server.report.bias import CategoryGap, NumberGap
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.offers import Offer
from exitpoll_server.report.reasons import Reason, Reasons
from exitpoll_server.speech import N_, _, ngettext, num

NOT_ADJUSTED = {
    "too_few": N_("Not adjusted for known differences: fewer than 30 gave a reason."),
    "unreached": N_(
        "Not adjusted for known differences: %(unreached)s of %(everybody)s who left are like "
        "nobody who gave a reason."
    ),
    "too_uneven": N_(
        "Not adjusted for known differences: a few answers would have to speak for nearly "
        "everybody."
    ),
    "does_not_converge": N_(
        "Not adjusted for known differences: those who answered are too unlike those who left."
    ),
}
ORDER = {
    "first_more": N_(
        "The reason shown first is chosen more often than chance would have it: %(share)s, "
        "by chance %(by_chance)s."
    ),
    "first_less": N_(
        "The reason shown first is chosen less often than chance would have it: %(share)s, "
        "by chance %(by_chance)s."
    ),
}
NOT_COMPARED = {
    "nobody_held_out": N_("Nobody was held out: what the offer did cannot be told."),
    "nobody_offered": N_("Nobody was offered anything: what the offer would do cannot be told."),
    "too_few": N_("Too few to tell what the offer did: 10 offered and 10 held out are needed."),
}
MOST_VALUES = 5
"""Of a category, the most frequent: the table of all figures has the rest."""
NUMBERS = {"tenure": N_("days of having it"), "launches": N_("launches")}
CATEGORIES = {
    "version": N_("version"),
    "os": N_("system"),
    "locale": N_("language"),
    "edition": N_("edition"),
}


def why(report: Report) -> list[Block]:
    """Return the blocks about reasons."""
    return [_bounds(report), _bias(report), *_offers(report)]


def _bounds(report: Report) -> Block:
    title = _("How sure the reasons are")
    if report.small:
        waits = ngettext("from %(num)s answer on", "from %(num)s answers on", ENOUGH_ANSWERS)
        return Block(name="reasons", title=title, waits=waits)
    found = report.reasons
    given = [one for one in found.reasons if one.given.numerator]
    sentences = [
        _("Of all who left, silent ones included, at least and at most so many left for a reason.")
    ]
    sentences += _adjusting(found) + _first_place(found)
    picture = pictures.reasons.Reasons(
        title=_("Reasons: given, adjusted for known differences, and between which bounds"),
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
    said = _(
        NOT_ADJUSTED[found.not_adjusted],
        unreached=num(found.unreached.numerator or 0),
        everybody=num(found.unreached.denominator or 0),
    )
    return [said]


def _first_place(found: Reasons) -> list[str]:
    """Say what standing first did, where it did anything."""
    sentence = ORDER.get(found.order.verdict)
    if sentence is None:
        return []
    first = found.order.positions[0]
    by_chance = words.percent(first.by_chance.value or 0)
    return [_(sentence, share=words.share(first.chosen), by_chance=by_chance)]


def _row(one: Reason, report: Report) -> Row:
    more = [
        (N_("%(share)s of those shown it"), one.share),
        (N_("%(share)s of those asked by the uninstaller"), one.by_uninstaller),
        (N_("%(share)s adjusted for known differences"), one.adjusted),
        (N_("at least %(share)s of all who left"), one.at_least),
        (N_("at most %(share)s of all who left"), one.at_most),
    ]
    return Row(
        words.reason(one.id, report.labels),
        one.given,
        _said(one),
        drawn=True,
        more=tuple(
            (_(sentence, share=words.share(figure)), figure)
            for sentence, figure in more
            if figure.value is not None
        ),
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
    shares = {
        "share": words.share(one.given),
        "low": words.share(one.at_least),
        "high": words.share(one.at_most),
    }
    if one.adjusted.value is None:
        return _(
            "%(share)s of the reasons given; of all who left at least %(low)s, at most %(high)s",
            **shares,
        )
    return _(
        "%(share)s of the reasons given; %(adjusted)s adjusted for known differences; "
        "of all who left at least %(low)s, at most %(high)s",
        adjusted=words.percent(one.adjusted.value),
        **shares,
    )


def _bias(report: Report) -> Block:
    title = _("Do those who answered resemble those who left quietly?")
    numbers, categories = report.bias.numbers, report.bias.categories
    if all(one.not_compared for one in numbers) and all(one.not_compared for one in categories):
        waits = _("from 10 who answered and 10 who did not")
        return Block(name="bias", title=title, waits=waits)
    flagged = [_(NUMBERS[one.name]) for one in numbers if one.flagged]
    flagged += [_(CATEGORIES[one.name]) for one in categories if one.flagged]
    sentence = _("No known difference between them is more than slight.")
    if flagged:
        sentence = _(
            "They differ in %(what)s: what they say is not what all would say.",
            what=", ".join(flagged),
        )
    rows = [_number(one) for one in numbers if not one.not_compared]
    rows += [_category(one) for one in categories if not one.not_compared]
    return Block(name="bias", title=title, sentences=(sentence,), rows=tuple(rows))


def _number(one: NumberGap) -> Row:
    said = _(
        "%(answered)s on average of those who answered, %(quiet)s of the others",
        answered=num(one.answered.value or 0, ",.1f"),
        quiet=num(one.quiet.value or 0, ",.1f"),
    )
    more = (
        (_("%(mean)s of those who answered", mean=number(one.answered)), one.answered),
        (_("%(mean)s of the others", mean=number(one.quiet)), one.quiet),
    )
    return Row(_(NUMBERS[one.name]).capitalize(), one.gap, said, more=more)


def _category(one: CategoryGap) -> Row:
    kind = _("differs") if one.flagged else _("hardly differs")
    more = tuple(
        (
            _(
                "%(value)s: %(share)s answered",
                value=version(value.value),
                share=words.share(value.answered),
            ),
            value.answered,
        )
        for value in one.values[:MOST_VALUES]
    )
    return Row(_(CATEGORIES[one.name]).capitalize(), one.association, kind, more=more)


def _offers(report: Report) -> list[Block]:
    whole = report.offers.in_all
    if whole is None:
        return []
    by_reason = report.offers.by_reason
    # Where one reason alone carries an offer, both are the same.
    shown = (whole, *by_reason) if len(by_reason) > 1 else by_reason
    rows = [row for one in shown for row in _offer(one, report)]
    why = () if whole.not_compared is None else (_(NOT_COMPARED[whole.not_compared]),)
    return [Block(name="offers", title=_("What offers did"), sentences=why, rows=tuple(rows))]


def _offer(one: Offer, report: Report) -> list[Row]:
    name = _("All offers") if one.reason is None else words.reason(one.reason, report.labels)
    rows = [
        Row(_("%(offer)s: offered, and back in 30 days", offer=name), one.offered),
        Row(_("%(offer)s: held out, and back in 30 days", offer=name), one.held_out),
    ]
    if one.effect.value is not None:
        rows.append(
            Row(_("%(offer)s: what the offer did", offer=name), one.effect, _points(one.effect))
        )
    return rows


def _points(effect: Figure) -> str:
    """Say a difference of two shares."""
    ends = (effect.value, effect.low, effect.high)
    n, low, high = (num(100 * (end or 0), "+.1f") for end in ends)
    return between(_("%(n)s points", n=n), low, high)
