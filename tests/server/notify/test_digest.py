"""What is told of figures: the week by mail, an alarm at once, another health; each once."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from tests.server.messages import arrival, leaving, ping, row
from tests.server.notify.conftest import Hands
from tests.server.notify.receivers import Box, Receiver
from tests.server.notify.test_webhooks import documented, work

from exitpoll_agent import wire
from exitpoll_server import report as reports
from exitpoll_server.config import Config
from exitpoll_server.counts import Window
from exitpoll_server.notify import Jobs, texts, watching
from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.figures import share
from exitpoll_server.store import Account, Invitation, Noticed, Product, Store

MONDAY = datetime(2026, 11, 23, tzinfo=timezone.utc)
"""On which the week is sent that began on the 16th."""
START = MONDAY - timedelta(weeks=1)
COPIES = 40
LEFT = 12
"""In the week: far more than in the ten before it."""


@pytest.fixture
def jobs(store: Store, settings: Config, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setattr(store.letters, "overdue", lambda *_: 3)
    return Jobs(store, settings)


@pytest.fixture
def ada(store: Store, hands: Hands) -> Account:
    """Return somebody who looks after the server."""
    hands.now = START
    link = store.people.invite(Invitation(purpose="set-up"), START)
    return store.people.accept(link, email="ada@example.com", name="Ada", password="x", now=START)


def live(store: Store, product: Product) -> None:
    """Let many use a product daily for ten weeks, and some of them leave in the last."""
    first = START - timedelta(weeks=10)
    for who in range(COPIES):
        days = tuple(row(f"{(first + timedelta(days=n)).date()}", version="2.1") for n in range(70))
        known: dict[str, Any] = {
            "installation_id": UUID(int=who + 1),
            "counter": UUID(int=who + 1_001),
            "version": "2.1",
            "installed_at": first,
            "origin": "new",
        }
        store.merge(product, [arrival(ping(1, sent_at=START, days=days, **known), START)])
        week = tuple(row(f"{(START + timedelta(days=n)).date()}", version="2.1") for n in range(3))
        at = START + timedelta(days=3, hours=1)
        store.merge(product, [arrival(ping(2, sent_at=at, days=week, **known), at)])
        if who < LEFT:
            store.merge(product, [arrival(_leaving(who, at, known), at)])


def _leaving(who: int, at: datetime, known: dict[str, Any]) -> wire.UninstallEvent:
    answers = None
    if who < 4:
        comment = f"Starting takes {who} minutes" if who else "no"
        answers = wire.Answers(reason="too-slow", comment=comment)
    how = {"uninstall_id": UUID(int=who + 2_001), "at": at, "answers": answers}
    how["asked"] = "installer" if answers else "no"
    return leaving(3, sent_at=at, uninstall=how, **known)


def report_of(store: Store, product: Product, window: Window) -> Report:
    """Return a report, made as the console makes it."""
    counts = store.counts(
        product,
        window,
        stopped_after_days=product.stopped_after_days,
        most_lines=reports.MOST_LINES,
    )
    return reports.make(counts)


def test_the_digest_says_what_the_report_says(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """Five numbers with their intervals, alarms, substantive comments, overdue answers, a link."""
    store.notices.wish(ada, product, ["digest"], START)
    live(store, product)
    hands.now = MONDAY + timedelta(hours=6)
    work(jobs)
    work(jobs)
    [mail] = box.mails
    text = mail.get_content().replace("\r\n", "\n")
    made = report_of(store, product, Window(as_of=hands.now, start=START, end=MONDAY))
    steps = {step.name: step.of_uninstalls for step in made.uninstalls.steps}
    [judged] = [one for one in made.alarms if one.week == START.date()]
    assert steps["uninstalled"].numerator == LEFT == judged.rate.numerator
    assert texts.weekly_rate(made) == judged.rate
    for figure in (steps["answered"], steps["commented"], made.iceberg.stopped):
        assert figure.denominator
        said = f"{figure.numerator:,} ({words.share(figure)}; {words.interval(figure)})"
        assert said in text
    good = next(part.figure for part in made.health.now if part.name == "good")
    assert f"In good health: {good.numerator} ({words.share(good)}; at least" in text
    rate = judged.rate
    assert rate.value
    assert f"Uninstalled: {LEFT} ({rate.value:.1f} for every 1,000 days of use; at least" in text
    assert "Version 2.1: 12 uninstalls, where 0.0 were to be expected." in text
    written = re.findall(r"^  (Starting takes . minutes|no)$", text, re.MULTILINE)
    assert sorted(written) == [f"Starting takes {who} minutes" for who in (1, 2, 3)]
    assert "3 people wait for an answer longer than they should." in text
    link = f"https://feedback.example.com/console/{product.id}/report?from=2026-11-16&to=2026-11-22"
    assert link in text
    assert mail["Subject"] == "Sample: the week from 2026-11-16"
    assert mail["To"] == "ada@example.com"


def test_everybody_gets_it_in_their_language(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """Who reads the console in Russian has the same numbers in Russian, and no English sentence."""
    store.people.set_language(ada, "ru")
    store.notices.wish(ada, product, ["digest", "alarm"], START)
    live(store, product)
    hands.now = MONDAY + timedelta(hours=6)
    work(jobs)
    work(jobs)
    [mail] = box.mails
    text = mail.get_content()
    assert mail["Subject"] == "Sample: неделя с 2026-11-16"  # noqa: RUF001 - Russian
    assert "Версия 2.1: удалений 12, ожидалось 0,0." in text
    assert "3 человека ждут ответа дольше, чем следует." in text
    theirs = ("Starting", "takes", "minutes", "Sample", "https", "feedback", "example", "com")
    ours = ("console", "report", "from", "to", "notifications", "too", "slow")
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {*theirs, *ours}


def test_the_digest_comes_once_a_week_on_monday_morning(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """Not on the day somebody asks for it, not before six, not again by a server that restarts."""
    hands.now = START + timedelta(days=2)
    store.notices.wish(ada, product, ["digest"], hands.now)
    work(jobs)
    hands.now = MONDAY + timedelta(hours=5, minutes=59)
    work(jobs)
    assert box.mails == []
    for later in (timedelta(hours=6), timedelta(hours=7), timedelta(days=5)):
        hands.now = MONDAY + later
        work(jobs)
        assert len(box.mails) == 1
    hands.now = MONDAY + timedelta(days=9)
    work(jobs)
    assert [mail["Subject"] for mail in box.mails] == [
        "Sample: the week from 2026-11-16",
        "Sample: the week from 2026-11-23",
    ]
    assert "wait for an answer" in box.mails[0].get_content()


def test_who_may_not_read_any_more_gets_nothing(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """Nor who took it back; a mail that waits already is dropped."""
    asked = Invitation(
        purpose="invitation", email="anna@example.com", product_id=product.id, role="support"
    )
    link = store.people.invite(asked, START)
    anna = store.people.accept(link, email="", name="Anna", password="x", now=START)
    for one in (ada, anna):
        store.notices.wish(one, product, ["digest", "alarm"], START)
    box.refuses = True
    hands.now = MONDAY + timedelta(hours=6)
    work(jobs)
    store.people.give_role(anna, product.id, None)
    box.refuses = False
    hands.move(hours=1)
    work(jobs)
    assert [mail["To"] for mail in box.mails] == ["ada@example.com"]
    store.notices.wish(ada, product, [], hands.now)
    hands.move(days=7)
    work(jobs)
    assert len(box.mails) == 1


def test_a_mail_that_was_refused_is_tried_again_as_the_same(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """It arrives when the mail server is back, with the id that it had."""
    store.notices.wish(ada, product, ["digest"], START)
    box.refuses = True
    hands.now = MONDAY + timedelta(hours=6)
    work(jobs)
    box.refuses = False
    work(jobs)
    assert box.mails == []
    hands.move(minutes=2)
    work(jobs)
    work(jobs)
    [mail] = box.mails
    assert re.fullmatch(r"<exitpoll-\d+-digest@feedback\.example\.com>", mail["Message-ID"])


def test_an_alarm_is_told_at_once_and_once(  # noqa: PLR0913 - whoever is told
    store: Store,
    product: Product,
    ada: Account,
    jobs: Jobs,
    hands: Hands,
    box: Box,
    receiver: Receiver,
) -> None:
    """By mail and by webhook, when it begins to speak, whoever looks again."""
    store.notices.wish(ada, product, ["alarm"], START)
    store.notices.add_webhook(product, url=receiver.url, events=["alarm"], now=START)
    live(store, product)
    hands.now = MONDAY - timedelta(hours=1)
    work(jobs)
    assert (box.mails, receiver.told) == ([], [])
    hands.now = MONDAY + timedelta(hours=1)
    for _ in range(3):
        work(jobs)
    [mail] = box.mails
    assert mail["Subject"] == "Sample: an alarm"
    assert "Version 2.1: 12 uninstalls, where 0.0 were to be expected." in mail.get_content()
    [message] = [json.loads(one.body) for one in receiver.told]
    assert set(message) == set(documented()["alarm"])
    assert (message["version"], message["week"]) == ("2.1", "2026-11-16")
    assert message["uninstalls"] == LEFT
    assert set(message["rate"]) == {"value", "low", "high"}


def test_what_spoke_before_anybody_asked_is_no_news(
    store: Store, product: Product, ada: Account, jobs: Jobs, hands: Hands, box: Box
) -> None:
    """The first look only remembers."""
    live(store, product)
    hands.now = MONDAY + timedelta(hours=1)
    store.notices.wish(ada, product, ["alarm"], hands.now)
    work(jobs)
    work(jobs)
    assert box.mails == []
    assert store.notices.noticed(product).alarms == {"2026-11-16 2.1"}


def test_of_two_servers_that_see_the_same_one_tells_it(
    store: Store, product: Product, ada: Account, hands: Hands
) -> None:
    """What one has noted, the other does not queue again, even without any lease."""
    store.notices.wish(ada, product, ["alarm"], START)
    hands.now = MONDAY - timedelta(hours=1)
    live(store, product)
    watching.look(store, product, hands.now)
    before = store.notices.noticed(product)
    after = Noticed(stamp=before.stamp, alarms=frozenset({"x"}), good=1, seen=2)
    for name in ("first", "second"):
        store.notices.notice(
            product, before=before, after=after, news=[], mails_on={name: {}}, now=hands.now
        )
    assert [one.subject for one in store.notices.mails(hands.now, 9)] == ["first"]


def test_another_health_is_told_when_intervals_are_apart(
    store: Store, product: Product, jobs: Jobs, hands: Hands, receiver: Receiver
) -> None:
    """Compared with what was told last: a slow decline is told as well as a fall."""
    hands.now = START
    store.notices.add_webhook(product, url=receiver.url, events=["health"], now=START)
    live(store, product)
    hands.now = START + timedelta(days=3)
    work(jobs)
    good = store.notices.noticed(product)
    assert (good.good, good.seen) == (COPIES, COPIES)
    hands.now = START + timedelta(days=21)
    for _ in range(3):
        work(jobs)
    [message] = [json.loads(one.body) for one in receiver.told]
    assert set(message) == set(documented()["health"])
    assert message["before"]["value"] == 1
    assert message["good"]["value"] < 0.8
    assert message["good"]["high"] < message["before"]["low"]


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((40, 40), (28, 40), True),
        ((20, 40), (18, 40), False),
        ((0, 0), (18, 40), False),
        ((1, 2), (0, 2), False),
    ],
)
def test_intervals_decide(one: tuple[int, int], other: tuple[int, int], *, apart: bool) -> None:
    """Shares of few, or of nobody, are no news."""
    first, second = share(*one, "health.now"), share(*other, "health.now")
    assert watching.are_apart(first, second) == apart
    assert watching.are_apart(second, first) == apart


def test_a_digest_without_anything_is_honest() -> None:
    """A mail on an alarm names an unknown version, and one without a week has no numbers."""
    said = texts.lost(None, 5, 1.04)
    assert said == "Unknown versions: 5 uninstalls, where 1.0 were to be expected."
    mail = texts.alarm("Ink\nwell", date(2026, 11, 16), said, "https://a.example/console/1")
    assert mail.subject == "Ink well: an alarm"
    assert "report?from=2026-11-16&to=2026-11-22" in mail.text
