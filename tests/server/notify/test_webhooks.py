"""Webhooks: signed as documented, told once, tried again, logged, and erased."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, after, arrival, leaving, ping, shown_exit
from tests.server.notify.conftest import Hands
from tests.server.notify.receivers import Receiver

from exitpoll_agent import wire
from exitpoll_server.config import Config
from exitpoll_server.notify import Jobs, payloads, retries
from exitpoll_server.questions import Kind as QuestionKind
from exitpoll_server.store import Excluded, Product, Said, Store, Webhook

PAGE = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text("utf-8")

HOURS_OF_TRYING = 25.35


@pytest.fixture
def jobs(store: Store, settings: Config, hands: Hands) -> Jobs:
    assert hands.now == NOW
    return Jobs(store, settings)


@pytest.fixture
def webhook(store: Store, product: Product, receiver: Receiver, hands: Hands) -> Webhook:
    events = ["uninstall", "response", "alarm", "health"]
    return store.notices.add_webhook(product, url=receiver.url, events=events, now=hands.now)


def work(jobs: Jobs) -> None:
    """Do every job now, whenever it was done last."""
    for job in jobs.all:
        jobs.do(job)


def leave(
    store: Store, product: Product, who: int = 1, heard_at: datetime = NOW, **fields: Any
) -> None:
    """Let somebody uninstall, with an answer."""
    how = {
        "uninstall_id": UUID(int=who + 1_000),
        "answers": wire.Answers(reason="too-slow", comment=f"comment of {who}", score=3),
    }
    known: dict[str, Any] = {"installation_id": UUID(int=who), "version": "2.1", **fields}
    store.merge(product, [arrival(leaving(uninstall=how, **known), heard_at)])


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in receiver.told]


def documented() -> dict[str, dict[str, Any]]:
    examples = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    return {one["event"]: one for one in examples}


def verifier() -> Callable[[str, dict[str, str], bytes], bool]:
    """Return the function of the page, as whoever copies it has it."""
    [snippet] = re.findall(r"<!-- run: verify -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    room: dict[str, Any] = {}
    exec(snippet, room)  # noqa: S102 - of our own page
    found: Callable[[str, dict[str, str], bytes], bool] = room["is_from_exitpoll"]
    return found


def test_an_uninstall_and_its_answer_are_told(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """Each once, with the fields of the documented examples and the values that came."""
    leave(store, product, locale="ru-RU", customer="c1")
    for _ in range(3):
        work(jobs)
    left, answered = told(receiver)
    assert webhook.enabled
    assert set(left) == set(documented()["uninstall"])
    assert set(answered) == set(documented()["response"])
    assert (left["event"], left["version"], left["customer"]) == ("uninstall", "2.1", "c1")
    assert left["at"] == "2026-11-20T12:00:00Z"
    assert left["installation_id"] == str(UUID(int=1))
    assert (answered["reason"], answered["comment"]) == ("too-slow", "comment of 1")
    assert answered["uninstall_id"] == left["uninstall_id"]
    assert not answered["wants_answer"]
    assert left["product"] == "Sample"


def test_the_signature_is_as_documented(
    store: Store,
    product: Product,
    webhook: Webhook,
    receiver: Receiver,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page's function takes a message, and none that was altered, is old or another's."""
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 60)
    leave(store, product)
    work(jobs)
    verify = verifier()
    for one in receiver.told:
        assert verify(webhook.secret, one.headers, one.body)
        assert json.loads(one.body)["id"] == one.headers["webhook-id"]
        assert not verify(webhook.secret, one.headers, one.body + b" ")
        assert not verify("whsec_" + "A" * 43 + "=", one.headers, one.body)
        late = {**one.headers, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}
        assert not verify(webhook.secret, late, one.body)
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 301)
    assert not verify(webhook.secret, receiver.told[0].headers, receiver.told[0].body)


def test_the_address_of_a_person_is_not_passed_on(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """That somebody waits for an answer is told, and not where."""
    leave(store, product)
    work(jobs)
    number = store.uninstall_number(product, UUID(int=1))
    assert number
    showing = shown_exit(store, number, NOW)
    said = Said(comment="call me", email="anna@example.org")
    store.answer(uninstall=number, showing=showing, said=said, now=NOW)
    work(jobs)
    assert webhook.enabled
    assert told(receiver)[-1]["wants_answer"]
    assert not any(b"anna@" in one.body for one in receiver.told)


def open_page(
    store: Store, product: Product, kind: QuestionKind, who: int | None = None, version: str = "2.1"
) -> UUID:
    """Open a page while the product is in use, by a link that names a copy or none."""
    return store.begin_feedback(
        product,
        store.survey(product, kind),
        installation_id=None if who is None else UUID(int=who),
        version=version,
        locale="en",
        now=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "both"),
    [
        ("nps", ({"score": 9}, {"comment": "quick"})),
        ("checkin", ({"reason": "well"}, {"comment": "quick"})),
        ("feedback", ({"comment": "quick"}, {"follow_up": "still"})),
    ],
)
def test_what_is_said_while_in_use_is_told(  # noqa: PLR0913 - fixtures, and what is said
    store: Store,
    product: Product,
    webhook: Webhook,
    receiver: Receiver,
    jobs: Jobs,
    kind: QuestionKind,
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Of every survey, with its name; each thing once, as it was said, however often it is sent."""
    page = open_page(store, product, kind, who=1)
    clicked, then = both
    for said in (clicked, clicked, {**clicked, **then}, then):
        store.give_feedback(page, Said(**said), NOW)
    for _ in range(2):
        work(jobs)
    assert webhook.enabled
    first, second = told(receiver)
    assert set(first) == set(documented()["response"])
    assert (first["event"], first["survey"], first["page_id"]) == ("response", kind, str(page))
    assert (first["installation_id"], first["uninstall_id"]) == (str(UUID(int=1)), None)
    assert (first["version"], first["locale"]) == ("2.1", "en")
    for said, one in zip(both, (first, second), strict=True):
        for name in ("reason", "score", "comment", "follow_up"):
            assert one[name] == said.get(name)
    assert first["id"] != second["id"]


def test_of_a_page_while_in_use_no_address_is_passed_on(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """Of nobody in particular there is no id, and an address is told as a wish."""
    page = open_page(store, product, "nps")
    store.give_feedback(page, Said(score=2), NOW)
    store.give_feedback(page, Said(email="anna@example.org"), NOW)
    work(jobs)
    assert webhook.enabled
    assert [one["wants_answer"] for one in told(receiver)] == [False, True]
    assert [one["installation_id"] for one in told(receiver)] == [None, None]
    assert not any(b"anna@" in one.body for one in receiver.told)


def test_pages_of_whom_nothing_is_told(
    store: Store, product: Product, receiver: Receiver, jobs: Jobs, hands: Hands
) -> None:
    """Who is left out, by copy, version or time, and who was heard before anybody listened."""
    early = open_page(store, product, "nps")
    store.give_feedback(early, Said(score=1), NOW)
    store.notices.add_webhook(product, url=receiver.url, events=["response"], now=hands.now)
    uninstalls = store.notices.add_webhook(
        product, url=receiver.url, events=["uninstall"], now=hands.now
    )
    store.merge(product, [arrival(ping(installation_id=UUID(int=3)), after(days=-9))])
    for which in (
        Excluded(installation_id=UUID(int=1)),
        Excluded(version="6.6"),
        Excluded(start=after(hours=-1), end=after(hours=1)),
    ):
        store.keeping.leave_out(product, which, note=None, now=NOW)
    out = [
        open_page(store, product, "nps", who=1),
        open_page(store, product, "nps", version="6.6"),
        open_page(store, product, "nps"),
    ]
    for page in out:
        store.give_feedback(page, Said(score=2), NOW)
    known = open_page(store, product, "nps", who=3)
    store.give_feedback(known, Said(score=3), NOW)
    work(jobs)
    assert uninstalls.enabled
    # The copy itself is none of the quarantine: it was heard of before.
    assert [one["score"] for one in told(receiver)] == [3]


def test_an_erasure_takes_what_was_said_while_in_use(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs, look: Look
) -> None:
    """Neither what waits nor what was told keeps an erased copy's words."""
    for who in (1, 2):
        page = open_page(store, product, "feedback", who=who)
        store.give_feedback(page, Said(comment=f"comment of {who}"), NOW)
    assert webhook.enabled
    store.erase(product, UUID(int=1), NOW)
    assert len(look("SELECT 1 FROM deliveries")) == 1
    work(jobs)
    assert [one["comment"] for one in told(receiver)] == ["comment of 2"]


def test_of_two_who_send_the_same_at_once_one_is_told(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """A button that is pressed twice, by whichever process it comes in."""
    page = open_page(store, product, "nps", who=1)
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda _: store.give_feedback(page, Said(score=4), NOW), range(24)):
            pass
    work(jobs)
    assert webhook.enabled
    assert [one["score"] for one in told(receiver)] == [4]


def test_what_is_no_news_is_not_told(
    store: Store, product: Product, receiver: Receiver, jobs: Jobs, hands: Hands
) -> None:
    """What came before, rehearsals, quarantine, other products, and what was not asked for."""
    leave(store, product, who=1)
    store.notices.add_webhook(product, url=receiver.url, events=["uninstall"], now=hands.now)
    other = store.create_product(name="Other", stopped_after_days=7, trial_days=None, now=NOW)
    leave(store, other, who=2)
    leave(store, product, who=3, test=True)
    abuse = after(hours=1)
    store.quarantine(product, start=abuse, end=after(hours=2), note=None, now=NOW)
    leave(store, product, who=4, heard_at=abuse)
    work(jobs)
    assert told(receiver) == []


def test_a_failure_is_tried_again_for_about_a_day(
    store: Store,
    product: Product,
    webhook: Webhook,
    receiver: Receiver,
    jobs: Jobs,
    hands: Hands,
) -> None:
    """At growing intervals, with the same id and a new signature; then it is given up."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    receiver.answers = [(500, {})] * 20
    waits = []
    while True:
        work(jobs)
        [one] = store.notices.log(product)
        if one.next_at is None:
            break
        waits.append((one.next_at - hands.now).total_seconds())
        hands.now = one.next_at
        hands.move(seconds=-1)
        before = len(receiver.told)
        work(jobs)
        assert len(receiver.told) == before
        hands.move(seconds=1)
    assert len(receiver.told) == retries.ATTEMPTS
    assert waits == sorted(waits)
    assert HOURS_OF_TRYING <= sum(waits) / 3600 <= HOURS_OF_TRYING * 1.1
    assert (one.status, one.error) == (500, "the receiver answered 500")
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 1
    assert len({told.headers["webhook-signature"] for told in receiver.told}) == retries.ATTEMPTS
    said = re.findall(r"After (.*), each up to a tenth", PAGE)
    assert said == ["1, 5 and 15 minutes, 1, 2, 4, 8 and 10 hours"]


def test_what_failed_arrives_when_the_receiver_is_back(
    store: Store,
    product: Product,
    webhook: Webhook,
    receiver: Receiver,
    jobs: Jobs,
    hands: Hands,
) -> None:
    """The log tells of the failure while it lasts, and of the arrival afterwards."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    receiver.answers = [(503, {})]
    work(jobs)
    hands.move(minutes=2)
    work(jobs)
    [one] = store.notices.log(product)
    assert (one.status, one.error, one.attempts, one.next_at) == (204, None, 2, None)
    assert one.delivered_at == hands.now


def test_gone_switches_it_off(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs, hands: Hands
) -> None:
    """A receiver that answers 410 is told nothing more, and the owner sees why."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    receiver.answers = [(410, {})]
    work(jobs)
    leave(store, product)
    hands.move(days=2)
    work(jobs)
    assert len(receiver.told) == 1
    assert [one.enabled for one in store.notices.webhooks(product)] == [False]
    [change, *_] = store.people.changes(product.id)
    assert (change.action, change.account) == ("webhook.disabled", None)
    # Switched on again it hears of what is still to come.
    [off] = store.notices.webhooks(product)
    store.notices.switch_webhook(off, enabled=True)
    leave(store, product, who=2)
    work(jobs)
    assert {one["installation_id"] for one in told(receiver)[1:]} == {str(UUID(int=2))}


def test_sent_again_it_has_the_same_id(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """Whoever asks for a message once more gets it under its name."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    work(jobs)
    [one] = store.notices.log(product)
    assert store.notices.again(product, one.id, NOW)
    work(jobs)
    first, second = receiver.told
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_slow_receiver_keeps_no_other_waiting(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs, hands: Hands
) -> None:
    """After a failure a receiver's other messages wait for the next round, and nobody else's."""
    broken = store.notices.add_webhook(
        product, url="https://nowhere.example.com", events=["uninstall"], now=hands.now
    )
    for _ in range(3):
        store.notices.queue(broken, payloads.test(product, NOW), NOW)
        store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    work(jobs)
    assert len(receiver.told) == 3
    log = [one for one in store.notices.log(product) if one.webhook_id == broken.id]
    assert sorted(one.attempts for one in log) == [0, 0, 1]
    assert {one.error for one in log} == {None, "this name stands for no address"}


def test_an_erasure_takes_what_waits_and_what_was_told(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs, look: Look
) -> None:
    """No payload keeps an erased copy's id or words; others' stay."""
    leave(store, product, who=1)
    work(jobs)
    leave(store, product, who=2)
    number = store.uninstall_number(product, UUID(int=1))
    assert number
    store.answer(
        uninstall=number,
        showing=shown_exit(store, number, NOW),
        said=Said(comment="more of 1"),
        now=NOW,
    )
    jobs.do(jobs.all[0])
    assert len(look("SELECT 1 FROM deliveries")) == 5
    store.erase(product, UUID(int=1), NOW)
    left = [str(row["payload"]) for row in look("SELECT payload FROM deliveries")]
    assert len(left) == 2
    assert not [one for one in left if "of 1" in one or str(UUID(int=1)) in one]
    before = len(receiver.told)
    work(jobs)
    assert len(receiver.told) == before + 2
    assert webhook.enabled


def test_an_erased_number_given_out_anew_is_news(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """SQLite gives the number of the last row out again: who gets it is told all the same."""
    leave(store, product, who=1)
    work(jobs)
    store.erase(product, UUID(int=1), NOW)
    leave(store, product, who=2)
    work(jobs)
    assert webhook.enabled
    assert [one["installation_id"] for one in told(receiver)][2:] == [str(UUID(int=2))] * 2


def test_so_is_the_number_of_a_rehearsal(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """Who tries the integration out, and cleans up, silences nobody."""
    leave(store, product, who=1, test=True)
    work(jobs)
    store.erase_rehearsals(product, UUID(int=1))
    leave(store, product, who=2)
    work(jobs)
    assert webhook.enabled
    assert [one["installation_id"] for one in told(receiver)] == [str(UUID(int=2))] * 2


def test_what_is_over_is_forgotten_after_a_month(
    store: Store, product: Product, webhook: Webhook, jobs: Jobs, hands: Hands
) -> None:
    """Payloads hold what people wrote: the log is no archive."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    work(jobs)
    hands.move(days=29)
    work(jobs)
    assert len(store.notices.log(product)) == 1
    hands.move(days=2)
    work(jobs)
    assert store.notices.log(product) == []


def test_a_server_that_died_in_the_last_attempt_ends_it(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs, hands: Hands
) -> None:
    """Claimed and never answered for: tried again at its time, and not for ever."""
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    for _ in range(retries.ATTEMPTS):
        [one] = store.notices.log(product)
        assert store.notices.claim(one, hands.now)
    work(jobs)
    [one] = store.notices.log(product)
    assert (one.next_at, receiver.told) == (None, [])


def test_messages_that_change_nothing_are_no_news(
    store: Store, product: Product, webhook: Webhook, receiver: Receiver, jobs: Jobs
) -> None:
    """An uninstall that comes twice, and pings, tell nobody anything."""
    leave(store, product)
    leave(store, product)
    store.merge(product, [arrival(ping(1, installation_id=INSTALLATION))])
    work(jobs)
    leave(store, product)
    work(jobs)
    assert len(receiver.told) == 2
    assert webhook.enabled
