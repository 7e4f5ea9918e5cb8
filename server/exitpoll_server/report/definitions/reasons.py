"""Sections 3 and 11: reasons, who gave them, offers; and what changed."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "reasons.share": N_(
        "Of those whom the survey's page showed this reason, answered or not, how many chose it. "
        "Whom the uninstaller asked itself is counted apart."
    ),
    "reasons.by_uninstaller": N_(
        "Of those whom the uninstaller asked itself, how many chose this reason. Which reasons it "
        "showed is not known: where not everybody saw this one, the share is too low."
    ),
    "reasons.adjusted": N_(
        "The share among those who chose a reason, adjusted for known differences: they are "
        "weighted (raked) until they are like all who left in tenure, launches, version, system, "
        "language and edition. The interval is Wilson's with the effective number of answers."
    ),
    "reasons.at_least": N_(
        "Of all uninstalls, those who chose this reason: the share if nobody else left for it."
    ),
    "reasons.at_most": N_(
        "Of all uninstalls, those who chose this reason and all who gave none: the share if every "
        "one of these left for it (Manski's bounds)."
    ),
    "reasons.effective_answers": N_(
        "How many answers of equal weight would be as sure as the weighted ones: the squared sum "
        "of the weights over the sum of their squares."
    ),
    "reasons.unreached": N_(
        "Uninstalls with a version, system or other value that nobody who gave a reason has: the "
        "adjusted shares cannot stand for them."
    ),
    "reasons.position": N_(
        "Of those who chose any reason but the one standing last, how many chose the one at this "
        "place."
    ),
    "reasons.position_by_chance": N_(
        "How many would choose the one at this place if the order did not matter, given how many "
        "reasons each was shown."
    ),
    "bias.mean": N_(
        "The mean over those of whom the number is known; tenure in days. The interval is that of "
        "a normal distribution."
    ),
    "bias.gap": N_(
        "The standardised mean difference: the mean of those who answered less that of those who "
        "left quietly, over the root of the mean of both variances. From 0.1 on it is flagged."
    ),
    "bias.answered": N_("Of the uninstalls with this value, how many answered."),
    "bias.association": N_(
        "Cramér's V of answering and this category: 0 where every value answers alike, 1 where the "
        "value decides. Flagged from 0.1 on where the p value is below 0.05."
    ),
    "bias.chi_square": N_(
        "Pearson's chi-square, without Yates's correction, of answered or not by value; what is "
        "not known is a value of its own."
    ),
    "bias.p_value": N_(
        "How often chance alone would make answers differ as much or more between the values."
    ),
    "offers.offered": N_(
        "Of those who saw the offer at least 30 days ago, how many came back within 30 days: a "
        "later launch, or a new installation of the same customer."
    ),
    "offers.held_out": N_(
        "The same of those who chose such a reason and whom chance left without the offer."
    ),
    "offers.effect": N_(
        "The share that came back with the offer less the share without, with Newcombe's interval. "
        "Chance chose who saw it, so the difference is the offer's doing; not told below ten in "
        "either group."
    ),
    "changes.fewest": N_(
        "The uninstalls of this window or the one before, whichever has fewer, of those that each "
        "needs before the two are compared."
    ),
    "changes.rate": N_(
        "Uninstalls for every 1,000 installation-days of use, with the score interval of a Poisson "
        "count."
    ),
    "changes.ratio": N_(
        "The rate now over the rate before. Given both numbers of uninstalls together, the share "
        "now is binomial; the interval is Wilson's of that share."
    ),
    "changes.difference": N_(
        "The share now less the share before, with Newcombe's interval. Told where the interval "
        "excludes no change and, over all reasons, the rate of false discoveries is below 10 % "
        "(Benjamini and Hochberg)."
    ),
}
