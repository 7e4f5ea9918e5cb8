"""Launch counts: what is counted, what is due, what a confirmation confirms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from exitpoll_agent import counter, wire
from exitpoll_agent.counter import Counter
from exitpoll_agent.rows import Row

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
TODAY = NOW.date()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HERE = uuid4()


def fresh() -> Counter:
    return Counter(counter=uuid4(), installation_id=HERE, counted_since=NOW)


def sent(counts: Counter, version: str = "1.0") -> wire.Ping:
    """Return the ping that would carry these counts."""
    return wire.Ping(
        installation_id=counts.installation_id,
        counter=counts.counter,
        seq=counts.seq,
        sent_at=NOW,
        consent="full",
        version=version,
        days=counts.unconfirmed(),
    )


def pinged(counts: Counter, now: datetime = NOW, **policy: object) -> Counter:
    """Return the counter after a ping of all it has was confirmed."""
    begun = counts.begun(now)
    return begun.confirmed(sent(begun), wire.policy_from(policy), now)


def leaving(at: datetime, asked: wire.Asked = "page") -> wire.Leaving:
    return wire.Leaving(uninstall_id=uuid4(), at=at, asked=asked)


def row(day: date, version: str, launches: int) -> wire.DayCount:
    return wire.DayCount(day=day, version=version, launches=launches)


# -- counting ------------------------------------------------------------------------------


def test_launches_are_counted_by_day_and_version() -> None:
    """Each UTC day and version has a row; the total and the two days span them."""
    counts = fresh().counted("1.0", NOW).counted("1.0", NOW + HOUR).counted("1.1", NOW + HOUR)
    counts = counts.counted("1.1", NOW + DAY)
    assert counts.unconfirmed() == (
        row(TODAY, "1.0", 2),
        row(TODAY, "1.1", 1),
        row(TODAY + DAY, "1.1", 1),
    )
    assert counts.launches_total == 4
    assert (counts.first_launch_day, counts.last_launch_day) == (TODAY, TODAY + DAY)


def test_a_row_never_exceeds_what_the_server_takes() -> None:
    """A program that starts itself for ever costs one full row, not a refused message."""
    counts = replace(
        fresh(),
        rows=(Row(day=TODAY, version="1.0", launches=wire.MAX_LAUNCHES_A_ROW),),
    )
    assert counts.counted("1.0", NOW).unconfirmed() == (row(TODAY, "1.0", 10_000),)


# -- confirming ----------------------------------------------------------------------------


def test_a_confirmation_confirms_a_count_not_a_row() -> None:
    """A row that grew while the ping was under way stays unconfirmed, as a whole."""
    begun = fresh().counted("1.0", NOW).begun(NOW)
    grown = begun.counted("1.0", NOW)
    confirmed = grown.confirmed(sent(begun), wire.Policy(), NOW)
    assert confirmed.unconfirmed() == (row(TODAY, "1.0", 2),)
    assert pinged(confirmed).unconfirmed() == ()


def test_a_late_confirmation_takes_nothing_back() -> None:
    """Answers that overtake each other leave the highest confirmed count."""
    first = fresh().counted("1.0", NOW).begun(NOW)
    second = first.counted("1.0", NOW).begun(NOW)
    confirmed = second.confirmed(sent(second), wire.Policy(), NOW)
    assert confirmed.confirmed(sent(first), wire.Policy(), NOW).unconfirmed() == ()


def test_confirmed_rows_are_kept_for_35_days() -> None:
    """What was confirmed is forgotten 35 days later, unconfirmed rows never."""
    counts = pinged(fresh().counted("1.0", NOW)).counted("1.1", NOW)
    on_day_34 = counts.counted("2.0", NOW + 34 * DAY)
    on_day_35 = counts.counted("2.0", NOW + 35 * DAY)
    assert [kept.version for kept in on_day_34.rows] == ["1.0", "1.1", "2.0"]
    assert [kept.version for kept in on_day_35.rows] == ["1.1", "2.0"]


def test_a_restored_server_is_told_again() -> None:
    """Rows since policy.resend_since are sent once more, each time the policy says a new day."""
    counts = fresh()
    for day in range(3):
        counts = pinged(counts.counted("1.0", NOW + day * DAY), NOW + day * DAY)
    since = TODAY + DAY
    asked = pinged(counts, NOW + 2 * DAY, resend_since=since.isoformat())
    assert asked.unconfirmed() == (row(since, "1.0", 1), row(since + DAY, "1.0", 1))
    again = pinged(asked, NOW + 2 * DAY, resend_since=since.isoformat())
    assert again.unconfirmed() == ()
    earlier = pinged(again, NOW + 2 * DAY, resend_since=TODAY.isoformat())
    assert len(earlier.unconfirmed()) == 3


def test_what_brought_the_wish_need_not_be_sent_again() -> None:
    """The counts of the ping whose answer asks for a resend have already arrived."""
    asked = pinged(fresh().counted("1.0", NOW), resend_since="2020-01-01")
    assert asked.unconfirmed() == ()


def test_every_message_has_a_seq_of_its_own() -> None:
    """Seq grows strictly, over pings and uninstall events alike."""
    first = fresh().counted("1.0", NOW).begun(NOW)
    second = first.left(leaving(NOW), NOW)
    third = second.counted("1.0", NOW).begun(NOW)
    assert (first.seq, second.seq, third.seq) == (1, 2, 3)


# -- due -----------------------------------------------------------------------------------


def test_the_first_launch_of_a_day_is_due() -> None:
    """A ping is due once a UTC day, whatever the interval."""
    counts = pinged(fresh().counted("1.0", NOW), interval_hours=48)
    assert not counts.is_due("1.0", NOW + 14 * HOUR)
    assert counts.is_due("1.0", NOW + 15 * HOUR)


def test_a_changed_version_is_due() -> None:
    """An update is told at once: it is how an upgrade differs from an uninstall."""
    counts = pinged(fresh().counted("1.0", NOW))
    assert counts.is_due("1.1", NOW)


def test_unsent_launches_are_due_after_the_interval() -> None:
    """Within a day the policy's interval says when further launches are sent."""
    counts = pinged(fresh().counted("1.0", NOW), interval_hours=2)
    assert not counts.is_due("1.0", NOW + 3 * HOUR)
    counts = counts.counted("1.0", NOW + HOUR)
    assert not counts.is_due("1.0", NOW + HOUR)
    assert counts.is_due("1.0", NOW + 2 * HOUR)


def test_a_clock_that_was_put_back_does_not_silence() -> None:
    """Counts that a wrong clock confirmed in the future do not stop the pings of the present."""
    counts = pinged(fresh().counted("1.0", NOW), NOW + HOUR).counted("1.0", NOW)
    assert counts.is_due("1.0", NOW)
    mute = replace(counts, backoff_until=NOW + 400 * DAY)
    assert mute.is_due("1.0", NOW)


def test_collection_switched_off_is_not_due() -> None:
    """Where the policy switched collection off nothing is sent, whatever happens."""
    counts = pinged(fresh().counted("1.0", NOW), collection=False)
    assert not counts.counted("2.0", NOW + 9 * DAY).is_due("2.0", NOW + 9 * DAY)


def test_collection_switched_off_is_asked_about_again() -> None:
    """After a month the server may be asked, and then not for another; a wrong clock asks once."""
    counts = pinged(fresh().counted("1.0", NOW), collection=False)
    assert not counts.is_due("1.0", NOW + 30 * DAY - HOUR)
    assert counts.is_due("1.0", NOW + 30 * DAY)
    again = pinged(counts, NOW + 30 * DAY, collection=False)
    assert not again.is_due("1.0", NOW + 59 * DAY)
    assert again.is_due("1.0", NOW)
    assert not pinged(again, NOW, collection=False).is_due("1.0", NOW + DAY)


def test_an_absurd_interval_is_survived() -> None:
    """A policy with an enormous number neither overflows nor silences."""
    counts = pinged(fresh().counted("1.0", NOW), interval_hours=10**30).counted("1.0", NOW)
    assert not counts.is_due("1.0", NOW + HOUR)
    assert counts.is_due("1.0", NOW + DAY)


def test_one_process_at_a_time_sends() -> None:
    """While one start is sending the others do not; if it dies, they do after a minute."""
    begun = fresh().counted("1.0", NOW).begun(NOW)
    assert not begun.is_due("1.0", NOW)
    assert begun.is_due("1.0", NOW + counter.ONE_UPLOAD)


def test_a_failure_backs_off_with_jitter() -> None:
    """The pause is anywhere up to a quarter of an hour, doubling up to a day."""
    ceilings = [timedelta(minutes=15 * 2**n) for n in range(6)] + [DAY] * 5
    counts = fresh()
    for ceiling in ceilings:
        pauses = [counts.postponed(NOW, None).backoff_until for _ in range(60)]
        waits = [until - NOW for until in pauses if until is not None]
        assert timedelta(0) <= min(waits) <= ceiling / 2 < max(waits) <= min(ceiling, DAY)
        counts = counts.postponed(NOW, None)


@pytest.mark.parametrize(
    ("asked", "waits"), [(6 * HOUR, 6 * HOUR), (timedelta(days=900), timedelta(days=7))]
)
def test_retry_after_is_honoured(asked: timedelta, waits: timedelta) -> None:
    """The agent waits as long as the server asks for, but no longer than a week."""
    counts = fresh().counted("1.0", NOW).postponed(NOW, asked)
    assert not counts.is_due("1.0", NOW + waits - timedelta(seconds=1))
    assert counts.is_due("1.0", NOW + waits)


def test_a_refusal_backs_off_for_a_day() -> None:
    """What was refused is counted on, and tried again only a day later."""
    counts = fresh().counted("1.0", NOW).refused(NOW)
    assert not counts.counted("1.1", NOW).is_due("1.1", NOW + DAY - HOUR)
    assert counts.is_due("1.0", NOW + DAY)


def test_a_failed_ping_is_due_when_the_pause_is_over() -> None:
    """A ping that failed is tried again the same day, though another one was confirmed on it."""
    counts = pinged(fresh().counted("1.0", NOW)).postponed(NOW, HOUR)
    assert not counts.is_due("1.0", NOW + HOUR / 2)
    assert counts.is_due("1.0", NOW + HOUR)


# -- leaving -------------------------------------------------------------------------------


def test_a_repeated_uninstall_is_the_same_one() -> None:
    """Without a launch in between, the second uninstall keeps the id and instant of the first."""
    first = fresh().counted("1.0", NOW).left(leaving(NOW), NOW)
    second = first.left(leaving(NOW + HOUR), NOW + HOUR)
    third = second.counted("1.0", NOW + HOUR).left(leaving(NOW + 2 * HOUR), NOW + 2 * HOUR)
    assert first.uninstalled is not None
    assert second.uninstalled is not None
    assert third.uninstalled is not None
    assert second.uninstalled.leaving.uninstall_id == first.uninstalled.leaving.uninstall_id
    assert second.uninstalled.leaving.at == NOW
    assert third.uninstalled.leaving.uninstall_id != first.uninstalled.leaving.uninstall_id


def test_a_repetition_that_asks_nobody_keeps_the_answers() -> None:
    """The last step of an uninstaller tells again what was said when the person was asked."""
    answered = wire.Leaving(
        uninstall_id=uuid4(), at=NOW, asked="installer", answers=wire.Answers(reason="price")
    )
    first = fresh().left(answered, NOW)
    again = first.left(leaving(NOW + HOUR, asked="no"), NOW + HOUR)
    assert again.uninstalled is not None
    assert again.uninstalled.leaving == answered
    assert again.uninstalled.seq == first.seq + 1


def test_a_launch_after_an_uninstall_is_due_until_it_is_confirmed() -> None:
    """Whoever stayed is told at once; only a ping sent after the event withdraws it."""
    before = fresh().counted("1.0", NOW).begun(NOW)
    left = before.left(leaving(NOW), NOW)
    told = left.confirmed(sent(left), wire.Policy(), NOW)
    assert told.is_due("1.0", NOW)
    overtaken = told.confirmed(sent(before), wire.Policy(), NOW)
    assert overtaken.is_due("1.0", NOW)
    assert not pinged(overtaken).is_due("1.0", NOW)
