"""Section 4: how long they stay."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "survival.installations": N_(
        "Installations whose lives were under observation, whether they left or not."
    ),
    "survival.installed": N_(
        "The share still installed after so many days of life, by Kaplan-Meier: P(T > t), with "
        "copies that are still there counted for as long as they were observed."
    ),
    "survival.installed_lost": N_("Uninstalls among these installations."),
    "survival.installed_median": N_(
        "The day of life by which half had uninstalled, by the same curve."
    ),
    "survival.installed_mean": N_(
        "The mean number of days installed, of the first days up to the horizon: the area under "
        "the curve."
    ),
    "survival.installed_log_rank": N_(
        "How far the uninstalls of versions, by the version at install, are from those that one "
        "and the same curve for all would bring: the log-rank test's statistic."
    ),
    "survival.installed_p": N_(
        "How often chance alone would set curves at least this far apart, were all versions alike."
    ),
    "survival.in_use": N_(
        "The share neither uninstalled nor stopped after so many days, by Kaplan-Meier; a stop is "
        "the first time without a launch for T days, and stands on its last day."
    ),
    "survival.in_use_lost": N_("Uninstalls and first stops among these, whichever came first."),
    "survival.in_use_median": N_(
        "The day by which half had uninstalled or stopped, by the same curve."
    ),
    "survival.in_use_mean": N_(
        "The mean number of days in use, of the first days up to the horizon: the area under the "
        "curve."
    ),
    "survival.in_use_log_rank": N_(
        "How far the losses of groups by early launches are from those that one and the same curve "
        "for all would bring: the log-rank test's statistic."
    ),
    "survival.in_use_p": N_(
        "How often chance alone would set curves at least this far apart, were all groups alike."
    ),
    "survival.uninstalled": N_(
        "The share that had uninstalled by that day of life without stopping before, by "
        "Aalen-Johansen: with that of the stopped and of those in use it makes the whole."
    ),
    "survival.uninstalled_lost": N_("Uninstalls of installations that had not stopped before."),
    "survival.stopped": N_(
        "The share that had stopped by that day of life, by Aalen-Johansen, even if they launched "
        "again later."
    ),
    "survival.stopped_lost": N_("First stops of installations."),
    "survival.clock_wrong": N_("Left out: the machine's clock is off by more than a day."),
    "survival.unknown_install": N_(
        "Left out: nobody knows when their life, or the counting of it, began."
    ),
}
