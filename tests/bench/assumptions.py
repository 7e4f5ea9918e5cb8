"""What the simulator assumes: every number has a name and a sentence. None was measured on people.

They are chosen so that each section of a report has something to show, in amounts that a vendor of
desktop software would not find strange. A launch here is what the store keeps one row of: one
counter's day on one version, however often the product was started on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from exitpoll_server.store.instants import DAY_MS, to_day, to_ms

AS_OF = datetime(2026, 11, 20, tzinfo=timezone.utc)
"""The instant at which the simulated world ends: nothing was heard later."""

DAYS = 730
"""Two years of installs."""

END_MS = to_ms(AS_OF)
START_DAY = to_day(date(2026, 11, 20)) - DAYS
CREATED_AT = AS_OF - timedelta(days=DAYS)

GROWTH = 0.7
"""The rate of new installs grows by this a year, exponentially: it doubles in a year."""

INSTALLS_BY_WEEKDAY = (1.15, 1.2, 1.15, 1.1, 0.95, 0.7, 0.75)
"""Monday first: people try new programs on working days, somewhat."""

LAUNCHES_AN_INSTALLATION = 50
"""Of the installations that are heard of, about: so many launches are made by so many of them."""
HEARD_OF = 0.93
"""The share of all installs that a server hears of at all, about."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """How one kind of people uses the product, and leaves it."""

    share: float
    """Of all installs."""
    stays_days: float
    """Scale of the Weibull distribution of the time until they lose interest."""
    shape: float
    """Its shape: below 1, most leave early and the others stay."""
    active: float
    """On which share of working days they use it, at first."""
    fades_days: float
    """After so many days they use it e times less often."""
    launches: float
    """Starts a day of use, beyond the first, on average (geometric)."""
    weekend: float
    """How much of a working day's use there is on a Saturday or Sunday."""
    never: float
    """The share that installs and never starts it."""
    uninstalls: float
    """The share that uninstalls in the end; the others stop without a word."""
    pays: float
    """The share that buys."""
    answers: float
    """The share that answers, of those who are asked. It differs, so that raking has work to do."""


PEOPLE: Mapping[str, Person] = {
    "tries once": Person(
        share=0.32, stays_days=0.6, shape=0.6, active=0.5, fades_days=3, launches=0.3,
        weekend=0.9, never=0.12, uninstalls=0.55, pays=0.0, answers=0.12,
    ),
    "trial": Person(
        share=0.26, stays_days=16, shape=0.9, active=0.5, fades_days=25, launches=1.0,
        weekend=0.6, never=0.02, uninstalls=0.6, pays=0.0, answers=0.3,
    ),
    "regular": Person(
        share=0.23, stays_days=520, shape=0.8, active=0.65, fades_days=500, launches=1.2,
        weekend=0.5, never=0.0, uninstalls=0.45, pays=0.35, answers=0.42,
    ),
    "daily": Person(
        share=0.20, stays_days=950, shape=0.9, active=0.95, fades_days=2500, launches=2.2,
        weekend=0.4, never=0.0, uninstalls=0.4, pays=0.75, answers=0.55,
    ),
}  # fmt: skip
NAMES = tuple(PEOPLE)
REGULAR = NAMES.index("regular")

TRIAL_DAYS = 30
AT_TRIAL_END = 0.4
"""Of the trial users, those who lose interest only when the trial ends."""
TRIAL_END_SPREAD_DAYS = 2.0
BUYS_AFTER_DAYS = (3, 40)
"""Who pays does so between these days of life."""
FREE = 0.2
"""The share that installs the free edition, not the trial."""
SEATS = 3
"""Paying installations a customer, on average."""
PAY = sum(person.share * person.pays for person in PEOPLE.values())
"""The share of all that pays, so that there are as many customers as their seats need."""
REINSTALLS = 0.1
"""Of the customers' installations that are uninstalled, those that another install follows."""
IS_UPGRADE = 0.3
"""Of these returns, those within the hour: an upgrade that uninstalled first."""

PAUSES = 0.2
"""Of the regular users, those who make one long pause and return: stops that were none."""
PAUSE_DAYS = (30, 120)

RELEASE_DAYS = 42
"""A version every six weeks."""
FIRST_RELEASE = START_DAY - 2 * RELEASE_DAYS
VERSIONS = tuple(f"{1 + n // 8}.{n % 8}.0" for n in range(-(-DAYS // RELEASE_DAYS) + 3))
ADOPTED_AFTER_DAYS = 7.0
"""Half of the installations have a new version after so many days (lognormal)."""
ADOPTION_SPREAD = 1.0
NEVER_UPDATES = 0.08
HURTS = 11
"""The number of the version that hurts: it lacks what its forerunner had."""
LEAVES_FOR_IT = 0.15
"""The share of those who get it and lose interest because of it …"""
LEAVES_WITHIN_DAYS = 5.0
"""… after so many days, on average (exponential)."""
UNINSTALLS_FOR_IT = 0.85
"""Who leaves because of it uninstalls more often than others."""

SECOND_PERSON = 0.04
"""Machines on which a second person uses the same copy: a second counter."""
SECOND_USES = 0.35
"""On which share of the first one's days they use it too."""

OFFLINE = 0.06
"""Installations that are without a network for one stretch of their life: late arrivals."""
OFFLINE_DAYS = (7, 36)

BLOCKED = 0.03
"""Agents that a firewall lets nothing through: known only from the browser, if they leave."""
LINK_ONLY = 0.02
"""Copies without an agent, known only by the plain link, if they leave."""
CONSENT_EXIT = 0.04
"""Copies under consent `exit`: known only by leaving."""
WITHDRAWS = 0.03
"""Of those who would stop without a word, those who withdraw their consent first."""
REGRETS = 0.02
"""Copies that say that they are uninstalled and are launched again: cancelled, repaired."""

UNINSTALLS_AT_ONCE = 0.6
"""Of those who uninstall, those who do so right after the last use; the others tidy up later."""
AT_ONCE_MINUTES = 15.0
TIDY_UP_DAYS = 6.0

WAYS: Mapping[str, float] = {
    "page": 0.48,  # agent and browser
    "page not opened": 0.14,
    "installer": 0.12,
    "unattended": 0.1,
    "no_session": 0.04,
    "policy": 0.03,
    "browser": 0.09,  # the agent's own request did not come through
}
"""How an uninstall with an agent is heard of."""
PAGE_LOADS = 0.93
"""Of the pages that are fetched, those that say themselves that they are open."""
INSTALLER_ANSWERS = 0.7
"""Who is asked by the uninstaller answers so much less often than on the page."""
COMMENTS = 0.4
"""Of those who give a reason, those who add words."""
SCORES = 0.25
"""Of those who give a reason, those who add a number from 0 to 10."""
LEAVES_ADDRESS = 0.05
"""Of those who comment on the page, those who leave an address."""
ANSWERS_LATE = 0.02
"""Of the answers, those that come more than a week later."""
HELD_OUT = 0.2
"""Of those who are shown the survey, those who see no offer."""
TAKES_OFFER = 0.2
"""Of those who see an offer, those who follow its link."""

REASONS = (
    "missing-feature", "too-difficult", "did-not-work", "too-expensive", "switched",
    "no-longer-needed", "other",
)  # fmt: skip
REASONS_BY_KIND: Mapping[str, tuple[float, ...]] = {
    "tries once": (0.2, 0.32, 0.2, 0.05, 0.03, 0.12, 0.08),
    "trial": (0.22, 0.15, 0.13, 0.28, 0.08, 0.08, 0.06),
    "regular": (0.2, 0.06, 0.16, 0.18, 0.2, 0.12, 0.08),
    "daily": (0.16, 0.03, 0.22, 0.14, 0.3, 0.1, 0.05),
}
"""Who tries once finds it difficult, who tried for a month finds it dear, who knew it switches."""
REASONS_OF_HURT = (0.72, 0.05, 0.12, 0.03, 0.05, 0.0, 0.03)
"""Who left because of the version that hurts misses something."""

CLOCK_SECONDS = 20.0
"""How far a good clock is off (standard deviation)."""
CLOCK_OFF = 0.02
"""Clocks that are off by minutes or hours: up to 20 hours either way."""
CLOCK_OFF_MS = (6 * 60_000, 20 * 3_600_000)
CLOCK_WRONG = 0.003
"""Clocks that are off by more than a day: up to a year either way."""
CLOCK_WRONG_MS = (DAY_MS + 3_600_000, 365 * DAY_MS)
UNDER_WAY_MS = (80, 900)
"""How long a message takes."""

ORIGINS: Mapping[str, float] = {"new": 0.9, "upgrade": 0.06, "unknown": 0.04}
OLDER_DAYS = (30, 800)
"""How long before the agent a product was installed that got it by an update."""

CHANNELS: Mapping[str, float] = {"stable": 0.9, "beta": 0.1}
SOURCES: Mapping[str, float] = {
    "download.example": 0.55, "store.example": 0.25, "partner.example": 0.15, "other": 0.05,
}  # fmt: skip
OSES: Mapping[str, float] = {
    "windows-11": 0.5, "windows-10": 0.27, "macos-15": 0.12, "debian-13": 0.05,
    "ubuntu-26.04": 0.06,
}  # fmt: skip
ARCHES: Mapping[str, float] = {"x86_64": 0.86, "aarch64": 0.14}
LOCALES: Mapping[str, float] = {
    "en-US": 0.34, "en-GB": 0.1, "de-DE": 0.13, "fr-FR": 0.1, "es-ES": 0.08, "ru-RU": 0.08,
    "ja-JP": 0.06, "pt-BR": 0.06, "pl-PL": 0.03, "zh-CN": 0.02,
}  # fmt: skip
EDITIONS = ("trial", "free", "paid")
PLANS: Mapping[str, float] = {"home": 0.6, "pro": 0.3, "team": 0.1}
"""The attribute `plan`."""
THEMES: Mapping[str, float] = {"light": 0.55, "dark": 0.45}
"""The attribute `theme`."""
AGENT = "1.0.0"

MILESTONE = "first-export"
REACHES_MILESTONE = 0.6
"""Of those who use it on two days or more."""
MILESTONE_WITHIN = 5
"""Days of use by when they do."""

ASKED_IN_USE = 0.05
"""Installations with two days of use or more that were asked for a score while in use."""
ANSWERS_IN_USE = 0.5
SCORE_BY_KIND: Mapping[str, float] = {
    "tries once": 5.0, "trial": 6.5, "regular": 7.8, "daily": 8.8,
}  # fmt: skip
"""The middle of the scores that a kind gives in use; on leaving, three less."""
SCORE_SPREAD = 1.8

WORDS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "It could not open my old files any more.",
        "Too many menus, I never found the export.",
        "Great program, but I only needed it once.",
        "crashes on every start since the last update",
        "no comment",
        "too expensive for what I do with it",
    ),
    "de": ("Viel zu teuer für gelegentliche Nutzung.", "Der Import fehlt seit dem Update.", "nein"),
    "fr": ("trop cher", "Je ne trouve plus l'impression par lots.", "Rien à redire, plus besoin."),
    "es": ("Muy lento con archivos grandes.", "demasiado caro", "Me cambié a otro programa."),
    "ru": ("слишком дорого", "После обновления пропал пакетный режим.", "не знаю"),
    "ja": ("動作が遅すぎる", "必要な機能がなくなりました", "特になし"),
    "pt": ("Não consegui importar os meus projetos.", "muito caro"),
    "pl": ("Zawiesza się przy starcie.", "za drogo"),
    "zh": ("太贵了", "更新之后不能导出"),
}
"""What people write, by language; some of it says nothing."""
