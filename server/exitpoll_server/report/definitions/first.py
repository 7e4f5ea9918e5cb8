"""Sections 1 and 2: uninstalls against comments, and the iceberg."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "uninstalls.uninstalled": N_(
        "Uninstalls in the window that no later launch withdrew, one a lifetime of an installation."
    ),
    "uninstalls.could_be_asked": N_(
        "Uninstalls with a person to ask: not unattended, with a session and a display, "
        "allowed by policy and consent."
    ),
    "uninstalls.asked": N_(
        "The survey page was open on the screen, or the uninstaller asked itself."
    ),
    "uninstalls.answered": N_("Gave a reason, a comment or a score within seven days of leaving."),
    "uninstalls.gave_reason": N_("Answered, and chose a reason."),
    "uninstalls.commented": N_("Chose a reason, and wrote a comment."),
    "uninstalls.substantive": N_(
        "Chose a reason and wrote a substantive comment: at least two different words "
        "(or four Chinese, Japanese or Korean characters), mostly letters, no filler."
    ),
    "uninstalls.not_asked": N_("Uninstalls where nobody could be asked, by what stood in the way."),
    "uninstalls.may_still_answer": N_(
        "Uninstalls younger than seven days: their answers may still come."
    ),
    "uninstalls.comment_without_reason": N_(
        "Wrote a comment and chose no reason: shown with the comments, outside the steps."
    ),
    "uninstalls.known_from": N_("Uninstalls by the channel that told of them."),
    "uninstalls.known_by_leaving": N_(
        "Uninstalls under consent “exit”: they count here, and are known only by leaving."
    ),
    "uninstalls.per_100_installations": N_(
        "Substantive comments in the window for every 100 installations seen so far."
    ),
    "uninstalls.when": N_(
        "Uninstalls by how long the product had been installed, as shares of all in the window."
    ),
    "uninstalls.reason_given": N_("Of those who chose a reason, how many chose this one last."),
    "uninstalls.withdrawn": N_(
        "Uninstalls that were none: a later launch of the same copy disproved them, or the person "
        "said on the survey's page that they were only updating."
    ),
    "uninstalls.upgrades": N_(
        "Uninstalls followed within an hour by a new installation of the same customer on the "
        "same system: upgrades, and left out."
    ),
    "uninstalls.reinstalls": N_(
        "Uninstalls followed within 30 days by a new installation of the same customer on the "
        "same system: still counted."
    ),
    "uninstalls.late_answers": N_(
        "Answers later than seven days after leaving: read, and not counted above."
    ),
    "iceberg.seen": N_(
        "Installations heard of up to the report's day: active, stopped, uninstalled."
    ),
    "iceberg.active": N_("Not uninstalled, and used within the last T days."),
    "iceberg.stopped": N_("Not uninstalled, and not used for T days or more."),
    "iceberg.still_installed": N_(
        "Not uninstalled: active or stopped, which is too early to tell."
    ),
    "iceberg.uninstalled": N_("Uninstalls up to the report's day, whatever the window."),
    "iceberg.answered": N_("Uninstalled, and gave any answer within seven days."),
    "iceberg.left_quietly": N_("Uninstalled without an answer."),
    "iceberg.known_from": N_("Of the uninstalled, how many are known only from this channel."),
    "iceberg.known_by_leaving": N_(
        "Left out: under consent “exit” an installation is known only by leaving."
    ),
    "iceberg.censored": N_("Left out: consent was withdrawn, and nothing is known from there on."),
    "iceberg.set_aside": N_(
        "Left out of everything by the vendor: first heard of in a time under quarantine, "
        "or named by id or version."
    ),
    "iceberg.erased": N_(
        "Left out of everything: erased at the person's wish, at any time; only the number is kept."
    ),
    "iceberg.erased_uninstalled": N_("Of the erased, how many had uninstalled."),
    "iceberg.erased_answered": N_("Of the erased, how many had uninstalled and answered."),
    "iceberg.expired": N_(
        "Left out of everything: let go after the time for which the vendor keeps data, at any "
        "time; only the number is kept."
    ),
    "iceberg.expired_uninstalled": N_("Of those let go, how many had uninstalled."),
    "iceberg.expired_answered": N_("Of those let go, how many had uninstalled and answered."),
    "iceberg.false_alarm": N_(
        "Of all installations that were ever unused for T days, the share that launched again."
    ),
    "iceberg.proposed_threshold": N_(
        "The smallest T, in days, at which at most 10 % of those that ever stopped launched again."
    ),
    "comparison.difference": N_(
        "The share in the first column less the one in the second, with Newcombe's interval of two "
        "groups that have nobody in common; unknown where either has fewer than 10."
    ),
}
