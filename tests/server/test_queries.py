"""What the store counts, on a real database filled the way messages fill it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from itertools import count, pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.messages import NOW, after, arrival, leaving, ping, shown_exit

from exitpoll_agent import wire
from exitpoll_server import report as reports
from exitpoll_server.counts import Counts, Departure, DepartureGroup, KnownFrom, When, Window
from exitpoll_server.store import Arrival, Channel, Product, Said, Store, tables
from exitpoll_server.store.engine import write_transaction

DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
LATER = after(days=365)

several = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""Every example has a product of its own, so that one file serves all of them."""

_names = count()


@dataclass
class World:
    """A product, what is told of it, and what is counted."""

    store: Store
    product: Product

    def another(self) -> World:
        """Return an empty world on the same database."""
        return World(
            self.store,
            self.store.create_product(
                name=f"Another {next(_names)}",
                stopped_after_days=self.product.stopped_after_days,
                trial_days=self.product.trial_days,
                now=NOW,
            ),
        )

    def tell(self, *arrivals: Arrival) -> World:
        self.store.merge(self.product, arrivals)
        return self

    def showing(self, who: int, at: datetime) -> tuple[int, int]:
        """Render the survey for an installation; return its uninstall and the showing."""
        uninstall = self.store.uninstall_number(self.product, UUID(int=who))
        assert uninstall is not None
        return uninstall, shown_exit(self.store, uninstall, at)

    def say(self, who: int, at: datetime, **answers: Any) -> None:
        uninstall, showing = self.showing(who, at)
        self.store.answer(uninstall=uninstall, showing=showing, said=Said(**answers), now=at)

    def count(
        self,
        as_of: datetime = LATER,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        days: int = 40,
    ) -> Counts:
        def counted() -> Counts:
            return self.store.counts(
                self.product,
                Window(as_of=as_of, start=start, end=end),
                stopped_after_days=days,
                most_lines=1000,
            )

        kept = counted()
        # What was summed up before says what the tables say.
        with write_transaction(self.store._engine) as connection:  # noqa: SLF001 - to forget all
            connection.execute(tables.lives.delete())
        assert counted() == kept
        return kept

    def left(self, as_of: datetime = LATER, **window: Any) -> int:
        """Return how many uninstalls are counted."""
        return sum(group.n for group in self.count(as_of, **window).departures)

    def only(self, as_of: datetime = LATER) -> DepartureGroup:
        """Return the one uninstall that is counted."""
        (group,) = self.count(as_of).departures
        assert group.n == 1
        return group

    def line(self, as_of: datetime = LATER) -> Departure:
        (line,) = self.count(as_of).lines
        return line

    def levels(self, as_of: datetime = LATER, days: int = 40) -> dict[str, int | None]:
        """Return the levels of the iceberg."""
        levels = reports.make(self.count(as_of, days=days)).iceberg
        names = ("seen", "active", "stopped", "uninstalled")
        return {name: getattr(levels, name).numerator for name in names}


@pytest.fixture
def world(store: Store, product: Product) -> World:
    return World(store, product)


def leaves(
    who: int = 1,
    at: datetime = NOW,
    *,
    heard: datetime | None = None,
    channel: Channel = "agent",
    seq: int = 900,
    uninstall: dict[str, Any] | None = None,
    **fields: Any,
) -> Arrival:
    """Return that an installation was uninstalled, heard at once unless told otherwise."""
    heard = heard or at
    envelope = {"installation_id": UUID(int=who), "counter": UUID(int=who), "sent_at": heard}
    how = {"uninstall_id": UUID(int=who), "at": at, **(uninstall or {})}
    return arrival(leaving(seq, uninstall=how, **{**envelope, **fields}), heard, channel)


def launched(who: int = 1, at: datetime = NOW, *, seq: int = 1, **fields: Any) -> Arrival:
    """Return that an installation was launched once on this day, heard at once."""
    envelope = {
        "installation_id": UUID(int=who),
        "counter": UUID(int=who),
        "sent_at": at,
        "days": (wire.DayCount(day=at.date(), version="1.0", launches=1),),
    }
    return arrival(ping(seq, **{**envelope, **fields}), at)


def installed(who: int, at: datetime, **fields: Any) -> Arrival:
    """Return the first sign of an installation: nothing launched yet."""
    return launched(who, at, installed_at=at, days=(), **fields)


# -- which uninstalls count ------------------------------------------------------------------


def test_a_window_holds_its_first_instant_and_not_its_last(world: World) -> None:
    """The window is [from, to): an uninstall at `to` belongs to the next window."""
    start, end = NOW, after(days=7)
    world.tell(leaves(1, start - MS), leaves(2, start), leaves(3, end - MS), leaves(4, end))
    assert world.left(start=start, end=end) == 2
    assert world.left(start=end) == 1
    assert world.left(end=start) == 1


def test_an_uninstall_at_as_of_counts(world: World) -> None:
    """`as_of` is inclusive, to the millisecond."""
    world.tell(leaves(1, NOW))
    assert world.left(NOW) == 1
    assert world.left(NOW - MS) == 0


def test_what_was_not_received_yet_was_not_known(world: World) -> None:
    """An uninstall received after `as_of` is not there, whenever it happened."""
    world.tell(leaves(1, NOW, heard=after(days=3), uninstall={"at": NOW}))
    assert world.left(after(days=3) - MS) == 0
    assert world.left(after(days=3)) == 1


def test_a_later_ping_withdraws_from_its_receipt_on(world: World) -> None:
    """A withdrawn uninstall is gone from then on, and a report of an earlier day still has it."""
    again = after(days=50)
    world.tell(leaves(1, NOW), launched(1, again, seq=901))
    assert world.left(again - MS) == 1
    assert world.count(again - MS).reclassified.withdrawn == 0
    assert world.left(again) == 0
    assert world.count(again).reclassified.withdrawn == 1


def test_an_older_ping_withdraws_nothing(world: World) -> None:
    """A ping sent before the uninstall and heard after it disproves nothing."""
    world.tell(leaves(1, NOW), launched(1, after(hours=2), seq=899, sent_at=after(hours=-1)))
    assert world.left() == 1


def test_rehearsals_never_count(world: World) -> None:
    """Messages with `test` reach no figure, even with the id of a real installation."""
    world.tell(launched(1, NOW, test=True), leaves(1, after(days=1), test=True))
    nothing = world.count()
    assert nothing.departures == ()
    assert nothing.stays.groups == ()
    world.tell(launched(1, NOW))
    assert world.left() == 0
    assert world.levels()["seen"] == 1


def test_one_uninstall_a_lifetime(world: World) -> None:
    """Of two uninstalls of one copy the first that stands is counted, in its own window."""
    again = leaves(1, after(days=2), channel="import", uninstall={"uninstall_id": UUID(int=77)})
    world.tell(leaves(1, NOW, channel="import"), again)
    assert world.left() == 1
    assert world.line().at == NOW
    assert world.left(start=after(days=1)) == 0


def test_another_product_is_not_counted(world: World) -> None:
    """Reports of two products share nothing, not even an installation's id."""
    world.another().tell(launched(1), leaves(1))
    assert world.left() == 0
    assert world.levels()["seen"] == 0


# -- what people said ------------------------------------------------------------------------


def test_the_last_answer_to_each_question_counts(world: World) -> None:
    """Each field is the last non-empty one: a later comment does not undo a reason."""
    world.tell(leaves(1))
    world.say(1, after(minutes=1), reason="other", score=3)
    world.say(1, after(minutes=2), reason="switched")
    world.say(1, after(minutes=3), comment="found something better")
    line = world.line()
    assert (line.reason, line.comment, line.score) == ("switched", "found something better", 3)


def test_answers_count_for_seven_days(world: World) -> None:
    """An answer at exactly seven days counts; a millisecond later it is counted apart."""
    world.tell(leaves(1))
    world.say(1, NOW + 7 * DAY, reason="other")
    world.say(1, NOW + 7 * DAY + MS, reason="switched", comment="much later")
    assert world.line().reason == "other"
    assert world.line().comment is None
    assert world.count().reclassified.late_answers == 1


def test_an_answer_is_not_known_before_it_is_given(world: World) -> None:
    """A report as of an earlier instant does not know what was said later."""
    world.tell(leaves(1))
    world.say(1, after(hours=2), reason="other")
    assert world.only(after(hours=2) - MS).reason is None
    assert not world.only(after(hours=2) - MS).answered
    assert world.only(after(hours=2)).answered


def test_who_left_within_seven_days_may_still_answer(world: World) -> None:
    """Younger than seven days is marked, and seven days old is not."""
    world.tell(leaves(1))
    assert world.only(NOW + 7 * DAY - MS).may_still_answer
    assert not world.only(NOW + 7 * DAY).may_still_answer


@pytest.mark.parametrize("answers", [{"reason": "other"}, {"comment": "hm"}, {"score": 0}])
def test_any_of_the_three_is_an_answer(world: World, answers: dict[str, Any]) -> None:
    """A reason, a comment or a score (0 included) each make an answer."""
    world.tell(leaves(1))
    world.say(1, NOW, **answers)
    assert world.only().answered
    assert world.only().asked


def test_answers_given_to_the_installer_come_with_the_event(world: World) -> None:
    """What the uninstaller's own page asked and heard needs no browser."""
    said = {"asked": "installer", "answers": wire.Answers(reason="other", comment="too slow")}
    world.tell(leaves(1, uninstall=said))
    assert world.line().reason == "other"
    assert world.only().commented


# -- how it was known, and who was asked -----------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "known_from"),
    [
        (["agent"], "agent"),
        (["agent", "browser"], "both"),
        (["browser", "agent"], "both"),
        (["browser"], "browser"),
        (["browser", "link"], "browser"),
        (["link"], "link"),
        (["import"], "import"),
    ],
)
def test_known_from(world: World, channels: list[Channel], known_from: KnownFrom) -> None:
    """The channels that told of an uninstall are told apart; several of them make one."""
    world.tell(*(leaves(1, channel=channel) for channel in channels))
    assert world.only().known_from == known_from


def test_known_from_says_what_was_known_then(world: World) -> None:
    """A channel that reports later does not change the report of an earlier day."""
    world.tell(leaves(1, channel="browser"), leaves(1, heard=after(days=2)))
    assert world.only(after(days=1)).known_from == "browser"
    assert world.only(after(days=2)).known_from == "both"


@pytest.mark.parametrize(
    "cause", ["unattended", "no_session", "elevated", "no_display", "policy", "consent", "ci"]
)
def test_why_nobody_could_be_asked(world: World, cause: str) -> None:
    """Each cause is kept; whoever answered after all could be asked."""
    world.tell(leaves(1, uninstall={"not_asked": cause}))
    assert world.only().not_asked == cause
    assert not world.only().asked
    world.say(1, after(hours=1), reason="other")
    assert world.only().not_asked is None
    assert world.only().asked
    assert world.line().not_asked is None


def test_asked_is_only_who_had_the_page_open(world: World) -> None:
    """Opening a page in the background is no question: only the page itself knows."""
    world.tell(leaves(1, uninstall={"asked": "page"}))
    _, showing = world.showing(1, after(minutes=1))
    assert not world.only().asked
    world.store.opened(showing, after(minutes=2))
    assert not world.only(after(minutes=2) - MS).asked
    assert world.only(after(minutes=2)).asked
    assert not world.only().answered


def test_asked_by_the_installer(world: World) -> None:
    """The installer's own page is a question, answered or not."""
    world.tell(leaves(1, uninstall={"asked": "installer"}))
    assert world.only().asked
    assert not world.only().answered


# -- when they left --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenure", "when"),
    [
        (timedelta(0), "first_hour"),
        (timedelta(hours=1) - MS, "first_hour"),
        (timedelta(hours=1), "first_day"),
        (DAY - MS, "first_day"),
        (DAY, "first_week"),
        (7 * DAY - MS, "first_week"),
        (7 * DAY, "in_trial"),
        (27 * DAY - MS, "in_trial"),
        (27 * DAY, "trial_end"),
        (33 * DAY, "trial_end"),
        (33 * DAY + MS, "later"),
    ],
)
def test_when_they_left(world: World, tenure: timedelta, when: When) -> None:
    """Each class at its exact boundaries; the trial lasts 30 days."""
    begun = NOW - tenure
    world.tell(installed(1, begun, launches_total=3), leaves(1, NOW, launches_total=3))
    assert world.only().when == when


@pytest.mark.parametrize(("days", "when"), [(7, "later"), (30, "later"), (6.9, "first_week")])
def test_when_they_left_without_a_trial(store: Store, days: float, when: When) -> None:
    """Where no trial is set, everything after the first week is "later"."""
    free = store.create_product(name="Free", stopped_after_days=40, trial_days=None, now=NOW)
    begun = NOW - timedelta(days=days)
    world = World(store, free).tell(installed(1, begun), leaves(1, NOW, launches_total=1))
    assert world.only().when == when


def test_never_launched_comes_before_every_other_class(world: World) -> None:
    """Zero launches is "never launched", however long it was installed."""
    world.tell(installed(1, NOW - 60 * DAY), leaves(1, NOW, launches_total=0))
    assert world.only().when == "never_launched"


def test_when_is_unknown_where_nothing_is_known(world: World) -> None:
    """A link that says neither install nor launches is in no class, not in the first hour."""
    world.tell(leaves(1, NOW, channel="link", counter=None))
    assert world.only().when == "unknown"
    assert world.line().tenure_days is None
    assert world.line().launches is None


def test_tenure_is_counted_from_the_install(world: World) -> None:
    """Install to uninstall, in fractional days, whatever was launched since."""
    world.tell(
        installed(1, NOW - 10 * DAY),
        launched(1, NOW - 4 * DAY, seq=2, installed_at=NOW - 10 * DAY),
        leaves(1, NOW + DAY / 2),
    )
    assert world.line().tenure_days == pytest.approx(10.5)


def test_tenure_without_an_install_starts_at_the_first_launch(world: World) -> None:
    """Where nobody knows the install, the first day of use stands for it."""
    world.tell(launched(1, NOW - 3 * DAY), launched(1, NOW - 2 * DAY, seq=2), leaves(1))
    assert world.line().tenure_days == pytest.approx(3)


def test_launches_are_the_sum_over_counters(world: World) -> None:
    """Two people's profiles add up; what an agent says of its total includes what was lost."""
    yesterday = wire.DayCount(day=(NOW - DAY).date(), version="1.0", launches=4)
    world.tell(
        launched(1, NOW - DAY, days=(yesterday,), launches_total=9),
        launched(1, NOW - DAY, counter=UUID(int=50), days=(yesterday,)),
        leaves(1),
    )
    assert world.line().launches == 13


# -- the clock -------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_a_little_wrong_is_taken_as_it_is(world: World, minutes: int) -> None:
    """Up to five minutes an agent's instants stay as labelled, though never in the future."""
    off = timedelta(minutes=minutes)
    world.tell(leaves(1, NOW + off, heard=NOW, sent_at=NOW + off))
    assert world.line().at == NOW + min(off, timedelta(0))


@pytest.mark.parametrize("wrong", [timedelta(minutes=-6), timedelta(days=400), -900 * DAY])
def test_a_wrong_clock_is_corrected(world: World, wrong: timedelta) -> None:
    """Beyond five minutes both the install and the uninstall are read by our clock."""
    begun, gone = NOW - 10 * DAY, NOW
    world.tell(
        launched(1, begun, sent_at=begun + wrong, installed_at=begun + wrong, days=()),
        leaves(1, gone + wrong, heard=gone, sent_at=gone + wrong, installed_at=begun + wrong),
    )
    line = world.line()
    assert line.at == gone
    assert line.tenure_days == pytest.approx(10)


def test_nothing_happened_later_than_it_was_heard(world: World) -> None:
    """An instant after its own receipt is read as its receipt."""
    world.tell(leaves(1, after(days=2), heard=NOW, sent_at=NOW))
    assert world.line().at == NOW
    assert world.left(NOW) == 1


# -- consent ---------------------------------------------------------------------------------


def known_by_leaving(who: int, **steps: int) -> Arrival:
    fields: dict[str, Any] = {"consent": "exit", "counter": None}
    return leaves(who, uninstall=steps, **fields)


def test_consent_exit_counts_as_an_uninstall_and_not_as_a_stay(world: World) -> None:
    """Known only by leaving: in section 1, left out of section 2 and counted there."""
    world.tell(known_by_leaving(1, tenure_step=1, launches_step=2), launched(2, NOW))
    found = world.count()
    assert [g.known_by_leaving for g in found.departures] == [True]
    assert found.stays.known_by_leaving == 1
    assert sum(g.n for g in found.stays.groups) == 1


@pytest.mark.parametrize(
    ("tenure_step", "launches_step", "when"),
    [
        (0, 1, "first_hour"),
        (1, 10, "first_day"),
        (24, 1, "first_week"),
        (168, 1, "unknown"),
        (0, 0, "never_launched"),
        (8760, 0, "never_launched"),
    ],
)
def test_coarse_steps_class_what_they_can(
    world: World, tenure_step: int, launches_step: int, when: When
) -> None:
    """A step says only its lower end: beyond a week the trial cannot be told apart."""
    world.tell(known_by_leaving(1, tenure_step=tenure_step, launches_step=launches_step))
    assert world.only().when == when


def test_a_long_coarse_step_without_a_trial_is_later(store: Store) -> None:
    """Where no trial is set, the step from a week on has one meaning."""
    free = store.create_product(name="Free", stopped_after_days=40, trial_days=None, now=NOW)
    world = World(store, free).tell(known_by_leaving(1, tenure_step=168, launches_step=1))
    assert world.only().when == "later"


def test_withdrawn_consent_censors_and_is_no_stopping(world: World) -> None:
    """From that instant on it is neither active nor stopped; before it was active."""
    gone = after(days=10)
    world.tell(
        launched(1, NOW), launched(1, gone, seq=2, consent="none", days=()), launched(2, NOW)
    )
    assert world.count(gone - MS).stays.censored == 0
    assert world.levels(gone - MS, days=5) == {
        "seen": 2,
        "active": 0,
        "stopped": 2,
        "uninstalled": 0,
    }
    assert world.count(gone).stays.censored == 1
    assert world.levels(gone, days=5)["seen"] == 1


# -- upgrades and reinstalls -----------------------------------------------------------------


def customers(who: int, at: datetime, customer: str = "c", os: str = "windows-11") -> Arrival:
    """Return that a customer's copy was installed."""
    return installed(who, at, customer=customer, os=os)


def leaves_customer(who: int, at: datetime, customer: str = "c", os: str = "windows-11") -> Arrival:
    return leaves(who, at, customer=customer, os=os)


@pytest.mark.parametrize(
    ("minutes", "left", "upgrades", "reinstalls"),
    [
        (1, 0, 1, 0),
        (60, 0, 1, 0),
        (61, 1, 0, 1),
        (30 * 24 * 60, 1, 0, 1),
        (30 * 24 * 60 + 1, 1, 0, 0),
        (0, 1, 0, 0),
        (-5, 1, 0, 0),
    ],
)
def test_a_return_is_an_upgrade_within_the_hour_and_a_reinstall_within_30_days(
    world: World, minutes: int, left: int, upgrades: int, reinstalls: int
) -> None:
    """Only a copy first installed after the uninstall is its return."""
    back = after(minutes=minutes)
    world.tell(leaves_customer(1, NOW), customers(2, back))
    again = world.count().reclassified
    assert (world.left(), again.upgrades, again.reinstalls) == (left, upgrades, reinstalls)
    assert sum(g.n for g in world.count().stays.groups) == 1 + left


def test_a_return_not_heard_of_yet_links_nothing(world: World) -> None:
    """Until the new copy is heard of, the uninstall counts."""
    world.tell(leaves_customer(1, NOW), customers(2, after(minutes=5)))
    assert world.left(after(minutes=5) - MS) == 1
    assert world.left(after(minutes=5)) == 0


@pytest.mark.parametrize("different", [{"customer": "d"}, {"os": "macos-15"}])
def test_another_customer_or_system_is_no_return(world: World, different: dict[str, str]) -> None:
    """Same customer and same system, or there is no link."""
    world.tell(leaves_customer(1, NOW), customers(2, after(minutes=5), **different))
    assert world.left() == 1
    assert world.count().reclassified.upgrades == 0


def test_no_customer_is_no_link(world: World) -> None:
    """Two copies of nobody known are not each other's return."""
    world.tell(leaves(1, NOW, os="windows-11"), installed(2, after(minutes=5), os="windows-11"))
    assert world.left() == 1


def test_one_return_answers_for_one_uninstall(world: World) -> None:
    """Two seats uninstalled and one installed again: one of them is still gone."""
    world.tell(
        leaves_customer(1, NOW),
        leaves_customer(2, after(minutes=1)),
        customers(3, after(minutes=30)),
    )
    assert world.left() == 1
    assert world.count().reclassified.upgrades == 1


def test_an_upgrade_is_not_lost_to_an_older_uninstall(world: World) -> None:
    """A seat given up last week does not take the return of the seat upgraded today."""
    world.tell(
        leaves_customer(1, after(days=-7)),
        leaves_customer(2, NOW),
        customers(3, after(minutes=5)),
    )
    again = world.count().reclassified
    assert (world.left(), again.upgrades, again.reinstalls) == (1, 1, 0)
    assert world.line().at == after(days=-7)


def test_reclassified_are_counted_in_their_own_window(world: World) -> None:
    """Upgrades and reinstalls belong to the window in which the copy was uninstalled."""
    world.tell(leaves_customer(1, NOW), customers(2, after(minutes=5)))
    assert world.count(start=NOW).reclassified.upgrades == 1
    assert world.count(end=NOW).reclassified.upgrades == 0


# -- the iceberg -----------------------------------------------------------------------------


def test_stopped_at_exactly_the_threshold(world: World) -> None:
    """`as_of` - last launch >= T is stopped, a millisecond less is active."""
    world.tell(launched(1, NOW), launched(2, NOW - 100 * DAY))
    assert world.levels(NOW + 40 * DAY - MS)["stopped"] == 1
    assert world.levels(NOW + 40 * DAY)["stopped"] == 2


def test_a_launch_after_stopping_makes_it_active_again(world: World) -> None:
    """Stopped now is reversible, and the return is a false alarm."""
    world.tell(launched(1, NOW), launched(1, after(days=50), seq=2))
    before, then = world.levels(after(days=49)), world.levels(after(days=51))
    assert (before["stopped"], then["stopped"], then["active"]) == (1, 0, 1)
    alarm = reports.make(world.count(after(days=51))).iceberg.false_alarm
    assert (alarm.numerator, alarm.denominator) == (1, 1)


def test_an_uninstalled_copy_is_neither_active_nor_stopped(world: World) -> None:
    """However long it was unused before: uninstalled wins."""
    world.tell(launched(1, NOW), leaves(1, after(days=60)))
    assert world.levels(after(days=90)) == {
        "seen": 1,
        "active": 0,
        "stopped": 0,
        "uninstalled": 1,
    }


@pytest.mark.parametrize(("late", "ever_stopped"), [(timedelta(0), 0), (MS, 1)])
def test_on_a_tie_the_uninstall_wins(world: World, late: timedelta, ever_stopped: int) -> None:
    """Uninstalled exactly T after the last launch never stopped; a millisecond later it had."""
    world.tell(launched(1, NOW), leaves(1, NOW + 40 * DAY + late))
    alarm = reports.make(world.count()).iceberg.false_alarm
    assert alarm.denominator == ever_stopped


def test_a_day_of_no_launches_is_a_day_of_use(world: World) -> None:
    """A tray program that merely ran that day has not stopped."""
    ran = wire.DayCount(day=after(days=39).date(), version="1.0", launches=0)
    world.tell(launched(1, NOW), launched(1, after(days=39), seq=2, days=(ran,)))
    assert world.levels(after(days=60))["active"] == 1


def test_before_counting_began_there_was_no_silence(world: World) -> None:
    """An update brought the agent to an old copy: its years uncounted are no false alarm."""
    known: dict[str, Any] = {
        "origin": "upgrade",
        "installed_at": NOW - 900 * DAY,
        "counted_since": NOW,
    }
    world.tell(launched(1, NOW, **known), launched(1, after(days=2), seq=2, **known))
    levels = reports.make(world.count(after(days=3))).iceberg
    assert levels.false_alarm.denominator == 0
    assert levels.known_on == after(days=40)


def test_a_copy_whose_install_nobody_knows_is_no_return(world: World) -> None:
    """An update brings the agent to a second seat: it was there before the first one left."""
    old = launched(2, after(minutes=5), origin="upgrade", customer="c", os="windows-11")
    world.tell(leaves_customer(1, NOW), old)
    assert world.left() == 1
    assert world.count().reclassified.upgrades == 0


def test_tenure_knows_no_later_launch(world: World) -> None:
    """A copy known from its uninstall alone has no tenure, whatever it did afterwards."""
    world.tell(leaves(1, NOW), launched(1, after(days=3), seq=901))
    assert world.line(after(days=2)).tenure_days is None


def test_undated_launches_are_no_day_of_use(world: World) -> None:
    """A label in 1999 or in the year 2030 is no day: the silence goes on."""
    wild = (
        wire.DayCount(day=date(1999, 12, 31), version="1.0", launches=1),
        wire.DayCount(day=date(2030, 1, 1), version="1.0", launches=1),
    )
    world.tell(launched(1, NOW), launched(1, after(days=39), seq=2, days=wild))
    assert world.levels(after(days=40))["stopped"] == 1
    assert world.count(after(days=40)).stays.first_seen == NOW


def test_a_copy_that_was_never_launched(world: World) -> None:
    """Seen from its install, and stopped when T days after it nothing was launched."""
    world.tell(installed(1, NOW), installed(2, NOW - 90 * DAY))
    assert world.levels(after(days=39))["active"] == 1
    assert world.levels(after(days=40))["stopped"] == 2


def test_an_early_product_says_when_stopping_can_be_known(world: World) -> None:
    """Until T days have gone by nobody can have stopped: "too early", and from which day on."""
    world.tell(launched(1, NOW), launched(2, after(days=3)))
    early = reports.make(world.count(after(days=39))).iceberg
    assert early.known_on == after(days=40)
    assert early.stopped.value is None
    assert early.stopped.numerator is None
    assert early.still_installed.numerator == 2
    assert reports.make(world.count(after(days=40))).iceberg.known_on is None


def test_a_day_of_use_is_not_before_the_install_nor_after_its_receipt(world: World) -> None:
    """Noon of a day, moved to the install where that is later, to the receipt where earlier."""
    evening = datetime(2026, 11, 20, 20, tzinfo=timezone.utc)
    morning = datetime(2026, 11, 20, 6, tzinfo=timezone.utc)
    world.tell(launched(1, evening, installed_at=evening), launched(2, morning))
    world.tell(installed(3, morning - 90 * DAY))
    assert world.levels(evening + 40 * DAY - MS)["active"] == 1
    assert world.levels(morning + 40 * DAY - MS)["active"] == 2


# -- promises over random lives --------------------------------------------------------------

BEGIN = datetime(2026, 9, 1, tzinfo=timezone.utc)
END = BEGIN + timedelta(days=120)


@st.composite
def lives(draw: st.DrawFn) -> list[Arrival]:
    """Return what is heard of a few copies, in the order in which it happened."""
    heard: list[Arrival] = []
    for who in range(1, draw(st.integers(1, 5)) + 1):
        heard += draw(_life(who))
    return sorted(heard, key=lambda a: (a.received_at, a.message.installation_id, a.message.seq))


@st.composite
def _life(draw: st.DrawFn, who: int) -> list[Arrival]:
    hours = st.integers(0, 100 * 24)
    begun = BEGIN + timedelta(hours=draw(hours))
    facts: dict[str, Any] = {
        "installed_at": draw(st.sampled_from([begun, None])),
        "customer": draw(st.sampled_from([None, "c", "d"])),
        "os": "windows-11",
        "version": draw(st.sampled_from(["1.0", "2.0"])),
    }
    uses = sorted(draw(st.lists(st.integers(0, 80 * 24), max_size=6, unique=True)))
    heard, total, a_day = [], 0, Counter[date]()
    for seq, hour in enumerate(uses, start=1):
        at, total = begun + timedelta(hours=hour), total + 1
        a_day[at.date()] += 1
        row = wire.DayCount(day=at.date(), version="1.0", launches=a_day[at.date()])
        heard.append(launched(who, at, seq=seq, days=(row,), launches_total=total, **facts))
    if draw(st.booleans()):
        after_use = draw(st.sampled_from([0, *uses]))
        gone = begun + timedelta(hours=after_use, minutes=draw(st.sampled_from([1, 59, 60, 5000])))
        seq = sum(hour <= (gone - begun) / timedelta(hours=1) for hour in uses)
        # Between two pings of its counter: later ones withdraw it.
        heard = [replace(a, message=replace(a.message, seq=2 * a.message.seq)) for a in heard]
        heard += draw(_leaving(who, gone, seq=2 * seq + 1, total=seq, facts=facts))
    return heard


@st.composite
def _leaving(
    draw: st.DrawFn, who: int, gone: datetime, seq: int, total: int, facts: dict[str, Any]
) -> list[Arrival]:
    answers = draw(
        st.sampled_from(
            [None, wire.Answers(reason="other"), wire.Answers(reason="switched", comment="so slow")]
        )
    )
    how: dict[str, Any] = {
        "asked": "installer" if answers else draw(st.sampled_from(["no", "installer"])),
        "not_asked": None if answers else draw(st.sampled_from([None, "unattended", "policy"])),
    }
    if how["asked"] == "installer":
        how["not_asked"] = None
    ways: list[list[Channel]] = [["agent"], ["browser"], ["agent", "browser"]]
    channels = draw(st.sampled_from(ways))
    heard = []
    for channel in channels:
        late = timedelta(hours=draw(st.sampled_from([0, 1, 100])))
        said = {**how, "answers": answers if channel == "agent" else None}
        heard.append(
            leaves(
                who,
                gone,
                heard=gone + late,
                channel=channel,
                seq=seq,
                uninstall=said,
                launches_total=total,
                **facts,
            )
        )
    return heard


def _alike(groups: tuple[DepartureGroup, ...]) -> Counter[DepartureGroup]:
    """Return how many uninstalls of each kind there are."""
    return Counter({replace(group, n=0): group.n for group in groups})


@several
@given(lives(), st.integers(0, 120 * 24), st.integers(0, 120 * 24), st.integers(0, 120 * 24))
def test_windows_add_up(world: World, heard: list[Arrival], a: int, b: int, c: int) -> None:
    """[a, b) and [b, c) together are [a, c), in every step and in everything counted apart."""
    world = world.another().tell(*heard)
    cuts = [BEGIN + timedelta(hours=hours) for hours in sorted((a, b, c))]
    whole = world.count(END, start=cuts[0], end=cuts[2])
    parts = [world.count(END, start=start, end=end) for start, end in pairwise(cuts)]
    together = sum((_alike(part.departures) for part in parts), Counter[DepartureGroup]())
    assert together == _alike(whole.departures)
    for name in ("withdrawn", "upgrades", "reinstalls", "late_answers"):
        split = sum(getattr(part.reclassified, name) for part in parts)
        assert split == getattr(whole.reclassified, name)
    steps = [[s.of_uninstalls.numerator or 0 for s in _steps(part)] for part in (*parts, whole)]
    assert [x + y for x, y in zip(steps[0], steps[1], strict=True)] == steps[2]


def _steps(counts: Counts) -> tuple[Any, ...]:
    return reports.make(counts).uninstalls.steps


@several
@given(st.data(), lives())
def test_the_order_of_arrival_never_matters(
    world: World, data: st.DataObject, heard: list[Arrival]
) -> None:
    """Whatever order messages are merged in, and in what portions, the counts are the same."""
    in_time = world.another().tell(*heard)
    shuffled = world.another()
    anyhow = data.draw(st.permutations(heard))
    cut = data.draw(st.integers(0, len(heard)))
    shuffled.tell(*anyhow[:cut]).tell(*anyhow[cut:])
    assert _comparable(shuffled.count()) == _comparable(in_time.count())


def _comparable(counts: Counts) -> Counts:
    """Return counts without the product's name, and lines of one instant in any order."""

    def in_order(lines: tuple[Departure, ...]) -> tuple[Departure, ...]:
        return tuple(sorted(lines, key=lambda line: (line.at, repr(line))))

    return replace(
        counts, product="", lines=in_order(counts.lines), comments=in_order(counts.comments)
    )


@several
@given(lives(), st.integers(0, 120 * 24))
def test_later_data_never_changes_an_earlier_report(
    world: World, heard: list[Arrival], hours: int
) -> None:
    """What is received after `as_of` changes no figure as of then."""
    world, as_of = world.another(), BEGIN + timedelta(hours=hours)
    # What an agent says of its total is kept without its day; see the next test.
    heard = [replace(a, message=replace(a.message, launches_total=100)) for a in heard]
    world.tell(*(a for a in heard if a.received_at <= as_of))
    before = world.count(as_of)
    world.tell(*(a for a in heard if a.received_at > as_of))
    assert _comparable(world.count(as_of)) == _comparable(before)


def test_later_launches_never_change_an_earlier_line(world: World) -> None:
    """A copy launched again after its uninstall had no launches when it left."""
    world.tell(installed(1, NOW), leaves(1, after(hours=1), launches_total=0))
    world.tell(launched(1, after(hours=2), seq=901, launches_total=1))
    assert world.line(after(hours=1)).launches == 0
    assert world.only(after(hours=1)).when == "never_launched"


@several
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 119), min_size=1, max_size=6),  # days of use
            st.none() | st.integers(0, 40 * 24),  # hours from the last launch to leaving
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 60),
)
def test_false_alarms_against_a_plain_model(
    world: World, copies: list[tuple[list[int], int | None]], days: int
) -> None:
    """The rate of false alarms and the proposed threshold are what counting by hand gives."""
    world = world.another()
    heard: list[Arrival] = []
    silences: list[tuple[list[timedelta], timedelta]] = []
    for who, (used, leaving_after) in enumerate(copies, start=1):
        signs = [BEGIN + timedelta(days=day, hours=12) for day in sorted(set(used))]
        heard += (launched(who, at, seq=n) for n, at in enumerate(signs, start=1))
        last, open_until = signs[-1], END
        if leaving_after is not None and last + timedelta(hours=leaving_after) <= END:
            open_until = last + timedelta(hours=leaving_after) - MS  # a tie is no stopping
            heard.append(leaves(who, last + timedelta(hours=leaving_after)))
        silences.append(([b - a for a, b in pairwise(signs)], open_until - last))
    world.tell(*heard)

    def alarms(threshold: int) -> tuple[int, int]:
        long = threshold * DAY
        returned = sum(any(gap >= long for gap in closed) for closed, _ in silences)
        ever = sum(any(gap >= long for gap in (*closed, last)) for closed, last in silences)
        return returned, ever

    found = reports.make(world.count(END, days=days)).iceberg
    assert (found.false_alarm.numerator, found.false_alarm.denominator) == alarms(days)
    proposed = None
    for threshold in range(1, 200):
        returned, ever = alarms(threshold)
        if ever < 30:
            break
        if returned / ever <= 0.10:
            proposed = threshold
            break
    assert found.proposed_threshold.value == proposed


def test_a_threshold_is_proposed_from_enough_stops(world: World) -> None:
    """30 copies used for five days in a row: from two days on nobody launched again."""
    copies = range(1, 31)
    world.tell(*(launched(who, NOW + n * DAY, seq=n + 1) for who in copies for n in range(5)))
    proposed = reports.make(world.count(after(days=60))).iceberg.proposed_threshold
    assert proposed.value == 2
    assert (proposed.numerator, proposed.denominator) == (0, 30)
