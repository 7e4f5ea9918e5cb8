"""Sections 5 to 9, segments and 11: how the product is used, and by whom."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "retention.on_day": N_(
        "Used on the UTC day so many days after the install, of the installations for which that "
        "day has ended."
    ),
    "retention.on_day_or_later": N_(
        "Used on that day or on any later one, of the same installations."
    ),
    "retention.active": N_("Installations used on any day of the calendar month."),
    "retention.new": N_("Installations first seen in the month."),
    "retention.returning": N_(
        "Used in the month, of the installations used in the month before; as long as the month "
        "is still running, only their number so far."
    ),
    "retention.resurrecting": N_(
        "Used in the month and not in the month before, and first seen earlier: they came back."
    ),
    "retention.dormant": N_(
        "Not used in the month, of the installations used in the month before; known when the "
        "month is over."
    ),
    "retention.stickiness": N_(
        "Mean number of installations used on a day of the month, as a share of those used on any "
        "of its days; 1 if all were used every day. Days that have not ended are left out."
    ),
    "health.seen": N_("Installations whose use is known, by their class now."),
    "health.now": N_(
        "Installations by how they are doing, the first that fits: uninstalled; stopped (no launch "
        "for T days); new (younger than a window of W days); poor (not used in the last window); "
        "good (used on at least G of its days and on more than half as many as in the window "
        "before, and successful, where the product says what success is); else medium."
    ),
    "health.no_launch": N_(
        "Of those who were of this class a window ago, the share not used on any day since."
    ),
    "health.uninstalled_next": N_(
        "Of those who were of this class a window ago, the share uninstalled since."
    ),
    "health.lost": N_(
        "Of those who were of this class a window ago, the share uninstalled or not used since."
    ),
    "health.before": N_("Installations of this class a window ago; or not installed yet."),
    "health.moved": N_("Of those who were of one class a window ago, the share in each class now."),
    "scores.scores": N_("People with a score, of whom the latest counts."),
    "scores.promoters": N_("Gave 9 or 10 of 10."),
    "scores.passives": N_("Gave 7 or 8 of 10."),
    "scores.detractors": N_("Gave 0 to 6 of 10."),
    "scores.nps": N_(
        "Net promoter score: the share of promoters minus the share of detractors, times 100, with "
        "a normal interval; shown from 30 scores. Those who leave and those who stay are never "
        "mixed."
    ),
    "alarms.rate": N_(
        "Uninstalls of a version in a week for every 1,000 days on which an installation used it. "
        "An uninstall belongs to the version of the last launch."
    ),
    "alarms.expected": N_(
        "The uninstalls that these days of use would bring at the rate of the version's own eight "
        "weeks before; where the version is younger than that, of all other versions in the same "
        "eight weeks. The numerator and the denominator are the reference's."
    ),
    "alarms.z": N_(
        "By how many standard deviations the uninstalls exceed the expected ones, the reference's "
        "own uncertainty and its ups and downs included. Above 2.81, and from five uninstalls in "
        "the week, it is an alarm."
    ),
    "arriving.complete": N_(
        "The share of a day's use that has arrived so many whole days later, as far as earlier "
        "days tell; after 45 days all of it has."
    ),
    "arriving.expected": N_(
        "The installations used on a day, once all of it has arrived: those heard of so far, "
        "divided by the share that has arrived."
    ),
    "segments.uninstalled": N_(
        "Uninstalls in the window, of the installations seen, with this value; tables are ordered "
        "by this share after 20 installations at the whole's rate are added to each segment."
    ),
    "segments.stopped": N_(
        "Of the installations seen, those not uninstalled and not used for T days."
    ),
    "segments.answered": N_("Of the uninstalls, those who gave any answer within seven days."),
    "segments.commented": N_("Of the uninstalls, those who wrote a comment."),
    "segments.per_active_days": N_(
        "Uninstalls for every 1,000 days on which an installation was used, in the window."
    ),
    "segments.p": N_(
        "How often chance alone would set this segment at least as far apart from the rest: exact, "
        "two-sided, mid-p."
    ),
    "segments.q": N_(
        "The same with all segments of all tables taken into account (Benjamini-Hochberg): of the "
        "segments below 0.10 at most a tenth are expected to stand out by chance."
    ),
    "customers.used": N_("Installations launched in the last six complete calendar months."),
    "customers.regularity": N_(
        "By how much the number of launches varies from month to month over the last six complete "
        "ones, as a share of its mean: at most half X, at most the whole Y, else Z."
    ),
    "customers.before": N_(
        "Installations of this class of regularity over the six months before; or not launched "
        "in them."
    ),
    "customers.moved": N_(
        "Of those of one class over the six months before, the share in each class now."
    ),
    "customers.lifetime_value": N_(
        "Revenue of a month times the mean time to the loss in months, up to the horizon; nothing "
        "is extrapolated beyond it."
    ),
}
