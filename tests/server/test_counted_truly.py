"""What the store counts of random copies is what counting them one by one gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server import by_hand
from tests.server.by_hand import Known, Rule, day_uses, known, month_of, stays, tally
from tests.server.copies import LONGEST_DAYS, Copy, Hour, instant, label, messages, populations
from tests.server.messages import NOW, after
from tests.server.risk import risk_table, risk_tables
from tests.server.test_queries import World, launched

from exitpoll_server.counts import Counts, DayActivity, RiskTable
from exitpoll_server.counts.activity import Activity
from exitpoll_server.questions import EXIT
from exitpoll_server.store import Product, Said, Store

RULE = Rule(window=10, good=2, stopped_after=12 * 24)
THRESHOLD_DAYS = RULE.stopped_after // 24
NEVER = 10**6

some = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""Every example has a product of its own, so that one file serves all of them."""

hours = st.integers(0, LONGEST_DAYS * 24)


@pytest.fixture
def world(store: Store, product: Product) -> World:
    short = replace(product, window_days=RULE.window, good_days=RULE.good)
    store.change_product(short)
    return World(store, short)


@dataclass
class Told:
    """A population, told to the store."""

    world: World
    copies: tuple[Copy, ...]

    def count(self, as_of: Hour, start: Hour | None = None, end: Hour | None = None) -> Counts:
        return self.world.count(
            instant(as_of),
            start=None if start is None else instant(start),
            end=None if end is None else instant(end),
            days=THRESHOLD_DAYS,
        )


def tell(world: World, copies: tuple[Copy, ...]) -> Told:
    """Tell all of it to a new product, in the order in which it was heard."""
    world = world.another()
    world.product = replace(world.product, window_days=RULE.window, good_days=RULE.good)
    heard = [one for copy in copies for one in messages(copy)]
    # Sorting keeps the order of a copy's own messages.
    world.tell(*sorted(heard, key=lambda one: one.received_at))
    for copy in copies:
        _answer(world, copy)
    return Told(world, copies)


def _answer(world: World, copy: Copy) -> None:
    left, store = copy.left, world.store
    if left is None or left.opened is None:
        return
    uninstall = store.uninstall_number(world.product, UUID(int=copy.who))
    assert uninstall is not None
    person = store.asked(uninstall)
    assert person is not None
    opened = instant(left.opened)
    showing = store.show(
        person, EXIT, locale="en", reasons=left.order, held_out=False, now=opened
    ).id
    store.opened(showing, opened)
    for one in left.answers:
        said = Said(reason=one.reason, comment=one.comment, score=one.score)
        store.answer(uninstall=uninstall, showing=showing, said=said, now=instant(one.at))


# -- how long they stay ----------------------------------------------------------------------


@some
@given(populations(), hours)
def test_who_was_at_risk(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """Entries, exits, ties, stops and censoring of both tables, and who is left out of them."""
    found = tell(world, copies).count(as_of).survival
    everyone = known(copies, as_of)
    for table, competing in ((found.uninstalls, False), (found.competing, True)):
        observed = stays(everyone, RULE.stopped_after, competing=competing)
        assert table == risk_table(stay for _, stay in observed)
    curves = [one for one in everyone if one.in_curves]
    assert found.clock_wrong == sum(one.copy.clock_wrong for one in curves)
    in_table = {id(one) for one, _ in stays(everyone, RULE.stopped_after, competing=False)}
    assert found.unknown_install == sum(
        not one.copy.clock_wrong and id(one) not in in_table and _began_unknown(one)
        for one in curves
    )


@some
@given(populations(), hours)
def test_until_when_there_were_enough(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """The first moments with fewer than ten, and with nobody, under observation, late entry too."""
    crowd = tuple(
        replace(one, who=100 * turn + one.who, customer=one.customer and f"{one.customer}-{turn}")
        for turn in range(1, 6)
        for one in copies
    )
    found = tell(world, crowd).count(as_of).survival.uninstalls
    observed = stays(known(crowd, as_of), RULE.stopped_after, competing=False)
    assert found == risk_table(stay for _, stay in observed)


def _began_unknown(one: Known) -> bool:
    if one.copy.origin == "new":
        return one.installed is None and not one.signs
    return one.installed is None or one.copy.counted_since is None


@some
@given(populations(), hours)
def test_groups_that_are_compared(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """By the version at install and by the launches before the landmark: all on the same days."""
    found = tell(world, copies).count(as_of).survival
    observed = stays(known(copies, as_of), RULE.stopped_after, competing=False)
    by_version: dict[str | None, list[Any]] = {}
    for one, stay in observed:
        by_version.setdefault(one.copy.installed_version, []).append(stay)
    names = sorted(by_version, key=lambda name: (-len(by_version[name]), name or ""))
    tables = risk_tables(*(by_version[name] for name in names))
    assert dict(found.by_version) == dict(zip(names, tables, strict=True))
    assert [table.n for _, table in found.by_version] == [len(by_version[name]) for name in names]
    assert found.landmark == _landmark(known(copies, as_of), found.landmark_day)


def _landmark(everyone: list[Known], day: int) -> tuple[tuple[str, RiskTable], ...]:
    bands: dict[str, list[Any]] = {"0": [], "1": [], "2–6": [], "7+": []}
    for one, stay in stays(everyone, RULE.stopped_after, competing=True):
        if stay.exit <= day or stay.entry:
            continue
        begun = one.installed if one.installed is not None else one.signs[0]
        early = range(begun // 24, begun // 24 + day)
        launches = sum(use.launches for at, use in one.days.items() if at in early)
        band = "7+" if launches > 6 else "2–6" if launches > 1 else str(launches)
        bands[band].append(stay._replace(exit=(stay.exit * 24 - day * 24) / 24))
    filled = {name: group for name, group in bands.items() if group}
    return tuple(zip(filled, risk_tables(*filled.values()), strict=True))


# -- how it is used --------------------------------------------------------------------------


@some
@given(populations(), hours)
def test_days_and_months(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """Who began and who was active, day by day and month by month."""
    found = tell(world, copies).count(as_of).activity
    everyone = known(copies, as_of)
    seen = [one for one in everyone if not one.upgraded]
    end = -(-as_of // 24)
    used = Counter(day for _, day, _ in day_uses(everyone) if day < end)
    began = Counter(min(one.began // 24, end - 1) for one in seen)
    days = range(min([*used, *began], default=end), end) if seen else range(0)
    assert found.days == tuple(
        DayActivity(day=label(day), installed=began[day], active=used[day]) for day in days
    )
    assert [_as_tuple(one) for one in found.months] == _months(everyone, days, as_of)


def _as_tuple(one: Any) -> tuple[Any, ...]:
    came = (one.active, one.new, one.returning, one.resurrecting, one.dormant)
    return (one.month, one.complete, *came, one.active_days, one.days)


def _months(everyone: list[Known], days: range, as_of: Hour) -> list[tuple[Any, ...]]:
    rows = []
    before: set[int] = set()
    for month in sorted({month_of(day) for day in days}):
        mine = [day for day in days if month_of(day) == month]
        ended = [day for day in mine if day < as_of // 24]
        active = {one.copy.who for one, day, _ in day_uses(everyone) if day in mine}
        new = sum(month_of(one.began // 24) == month for one in everyone if not one.upgraded)
        old = {one.copy.who for one in everyone if month_of(one.began // 24) < month}
        uses = sum(day in ended for _, day, _ in day_uses(everyone))
        following = date(month[0] + month[1] // 12, month[1] % 12 + 1, 1)
        complete = following <= label(as_of // 24)
        came = (len(active & before), len((active & old) - before), len(before - active))
        rows.append((date(*month, 1), complete, len(active), new, *came, uses, len(ended)))
        before = active
    return rows


@some
@given(populations(), hours)
def test_retention_and_regularity(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """Day N of those for whom it is complete; launches of six months, and of the six before."""
    found = tell(world, copies).count(as_of).activity
    everyone = known(copies, as_of)
    for row in found.retention:
        installed = active = later = 0
        for one in everyone:
            begun = one.installed if one.installed is not None else one.began
            day = begun // 24 + row.day
            wanted = one.followed and one.copy.origin == "new" and not one.copy.clock_wrong
            if wanted and day < as_of // 24:
                installed += 1
                active += day in one.days
                later += any(used >= day for used in one.days)
        assert (row.installed, row.active, row.active_later) == (installed, active, later)
    this = _number(month_of(as_of // 24))
    expected = Counter[tuple[int, ...]]()
    for one in everyone:
        monthly = Counter[int]()
        for day, use in one.days.items():
            monthly[this - _number(month_of(day))] += use.launches
        halves = [[monthly[ago] for ago in ages] for ages in (range(7, 13), range(1, 7))]
        sums = tuple(f for half in halves for f in (sum(half), sum(n * n for n in half)))
        expected[sums] += any(sums)
    assert (
        Counter(
            {(g.before_total, g.before_squares, g.total, g.squares): g.n for g in found.regularity}
        )
        == +expected
    )


def _number(month: tuple[int, int]) -> int:
    return month[0] * 12 + month[1]


@some
@given(populations(), hours)
def test_health(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """The class now and a window ago, what became of each, and the day before each left."""
    found = tell(world, copies).count(as_of)
    ago, end = as_of - 24 * RULE.window, -(-as_of // 24)
    followed = [one for one in known(copies, as_of) if one.followed]
    assert Counter(
        {
            (g.before, g.now, g.launched_since, g.uninstalled_since): g.n
            for g in found.activity.health
        }
    ) == tally(
        followed,
        lambda one: (
            by_hand.health(one, ago, RULE),
            by_hand.health(one, as_of, RULE),
            any(end - RULE.window <= day < end for day in one.days),
            one.gone and one.left_at > ago,
        ),
    )
    gone = {one.copy.who: one for one in known(copies, as_of) if one.gone}
    assert {line.installation_id.int for line in found.lines} == gone.keys()
    for line in found.lines:
        one = gone[line.installation_id.int]
        assert line.health == by_hand.health(one, one.left_at - 24, RULE)
        assert line.tenure_days == one.tenure
        assert line.launches == one.launches


@some
@given(populations(), hours)
def test_rates_and_arrivals(world: World, copies: tuple[Copy, ...], as_of: Hour) -> None:
    """Uninstalls by the version used last, days of use by the version of each, and how late."""
    found = tell(world, copies).count(as_of).activity
    everyone = known(copies, as_of)
    end = -(-as_of // 24)
    uses, left = Counter[Any](), Counter[Any]()
    for one, day, use in day_uses(everyone):
        if one.followed and day < end:
            uses[use.version, _monday(label(day))] += 1
    for one in everyone:
        if one.gone and not one.known_by_leaving:
            before = [day for day in one.days if day < end]
            last = one.days[max(before)].version if before else one.facts.get("version")
            left[last, _monday(label(one.left_at // 24))] += 1
    assert {(r.version, r.week): (r.uninstalls, r.active_days) for r in found.rates} == {
        kind: (left[kind], uses[kind]) for kind in {*uses, *left}
    }
    assert {(a.day, a.delay): a.n for a in found.arrivals} == Counter(
        (label(day), max(0, use.heard // 24 - day))
        for _, day, use in day_uses(everyone)
        if day < end
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# -- side by side ----------------------------------------------------------------------------


@some
@given(populations(), hours, hours, hours)
def test_segments(
    world: World, copies: tuple[Copy, ...], as_of: Hour, one_end: Hour, other_end: Hour
) -> None:
    """Each value of each dimension, in a window; and every dimension adds up to the same."""
    start, end = sorted((one_end, other_end))
    counts = tell(world, copies).count(as_of, start, end)
    everyone = known(copies, as_of)
    for dimension in {segment.dimension for segment in counts.segments}:
        value = _value_of(dimension)
        found = {s.value: _sizes(s) for s in counts.segments if s.dimension == dimension}
        expected = {
            name: _segment([one for one in everyone if value(one) == name], as_of, start, end)
            for name in {value(one) for one in everyone}
        }
        assert found == {name: sizes for name, sizes in expected.items() if any(sizes)}


def _value_of(dimension: str) -> Callable[[Known], str | None]:
    kind, _, name = dimension.rpartition(":")
    if kind == "attribute":
        return lambda one: (one.facts.get("attributes") or {}).get(name)
    return lambda one: one.facts.get(name)


def _sizes(segment: Any) -> tuple[int, ...]:
    left = (segment.uninstalls, segment.answered, segment.commented)
    return (segment.installations, segment.stopped, *left, segment.active_days)


def _segment(mine: list[Known], as_of: Hour, start: Hour, end: Hour) -> tuple[int, ...]:
    left = [one for one in mine if one.in_window(start, end) and not one.known_by_leaving]
    return (
        sum(one.followed for one in mine),
        sum(
            one.followed and not one.gone and as_of - one.last >= RULE.stopped_after for one in mine
        ),
        len(left),
        sum(one.answered for one in left),
        sum(one.said("comment") is not None for one in left),
        sum(start <= 24 * day + 12 < end and day < -(-as_of // 24) for _, day, _ in day_uses(mine)),
    )


@some
@given(populations(), hours, st.none() | st.tuples(hours, hours))
def test_two_windows(
    world: World, copies: tuple[Copy, ...], as_of: Hour, window: tuple[Hour, Hour] | None
) -> None:
    """The window and the one before it, or four weeks and four; once all had time to answer."""
    asked = None if window is None or window[0] == window[1] else sorted(window)
    start, end = asked or (as_of - 7 * 24 - 28 * 24, as_of - 7 * 24)
    found = tell(world, copies).count(as_of, *(asked or ())).compared
    everyone = known(copies, as_of)
    before = start - (end - start)
    if end > as_of - 7 * 24 or before < min((one.began for one in everyone), default=NEVER):
        assert found is None
        return
    assert found is not None
    for span, (since, until) in zip(found, ((start, end), (before, start)), strict=True):
        _is_the_span(span, everyone, since, until)


def _is_the_span(span: Any, everyone: list[Known], since: Hour, until: Hour) -> None:
    left = [one for one in everyone if one.in_window(since, until)]
    wholly = [
        use for _, day, use in day_uses(everyone) if since <= 24 * day and 24 * day + 24 <= until
    ]
    assert (span.start, span.end) == (instant(since), instant(until))
    assert span.installed == sum(since <= one.began < until for one in everyone if not one.upgraded)
    assert span.uninstalls == len(left)
    assert span.answered == sum(one.answered for one in left)
    assert span.active_days == len(wholly)
    reasons = Counter(one.said("reason") for one in left)
    del reasons[None]
    assert dict(span.reasons) == reasons
    gone = Counter(one.facts.get("version") for one in left)
    used = Counter[str | None](use.version for use in wholly)
    assert {name: (n, days) for name, n, days in span.versions} == {
        name: (gone[name], used[name]) for name in {*gone, *used}
    }


# -- why they left ---------------------------------------------------------------------------


@some
@given(populations(), hours, hours)
def test_reasons(world: World, copies: tuple[Copy, ...], as_of: Hour, start: Hour) -> None:
    """What was shown and chosen and where it stood, margins of all who left, moments, tenures."""
    counts = tell(world, copies).count(as_of, start)
    left = [one for one in known(copies, as_of) if one.in_window(start, NEVER)]
    assert Counter({(c.shown, c.chosen, c.position): c.n for c in counts.reasons.choices}) == tally(
        (one for one in left if one.page_open), _choice
    )
    assert Counter(
        {(p.answered, p.reason, p.margins): p.n for p in counts.reasons.profiles}
    ) == tally(left, lambda one: (one.answered, one.said("reason"), _margins(one)))
    assert counts.tenures == tuple(
        sorted(Counter(int(one.tenure) for one in left if one.tenure is not None).items())
    )
    for found in counts.reasons.moments:
        mine = [getattr(one, found.name) for one in left if one.answered == found.answered]
        numbers = [float(number) for number in mine if number is not None]
        assert found.n == len(numbers)
        assert found.total == pytest.approx(sum(numbers))
        assert found.squares == pytest.approx(sum(n * n for n in numbers))


def _choice(one: Known) -> tuple[Any, ...]:
    assert one.left is not None
    chosen = one.said("reason")
    position = None if chosen is None else one.left.order.index(chosen) + 1
    return tuple(sorted(one.left.order)), chosen, position


TENURES = {1 / 24: "under an hour", 1: "under a day", 7: "under a week", 30: "under a month"}
LAUNCHES = {1: "0", 2: "1", 6: "2–5", 21: "6–20", 101: "21–100", NEVER: "over 100"}


def _margins(one: Known) -> tuple[str | None, ...]:
    tenures = {**TENURES, 90: "under 3 months", 365: "under a year", NEVER: "a year or longer"}
    locale = one.facts.get("locale")
    return (
        _band(one.tenure, tenures),
        _band(one.launches, LAUNCHES),
        one.facts.get("version"),
        one.facts.get("os"),
        None if locale is None else locale[:2],
        one.facts.get("edition"),
    )


def _band(value: float | None, bands: dict[Any, str]) -> str | None:
    if value is None:
        return None
    return next(name for below, name in bands.items() if value < below)


# -- the whole of it -------------------------------------------------------------------------


@some
@given(populations(), hours)
def test_later_data_changes_no_earlier_use(
    world: World, copies: tuple[Copy, ...], as_of: Hour
) -> None:
    """Segments and use as of an hour are those counted then, before anything later came."""
    in_time, whole = tell(world, _until(copies, as_of)), tell(world, copies)
    then, now = in_time.count(as_of), whole.count(as_of)
    assert then.segments == now.segments
    assert _but_launches(then.activity) == _but_launches(now.activity)


def _until(copies: tuple[Copy, ...], as_of: Hour) -> tuple[Copy, ...]:
    """Return the copies as far as they were heard of by an hour."""
    found = []
    for copy in copies:
        left = copy.left if copy.left is not None and copy.left.heard <= as_of else None
        if left is not None:
            is_open = left.opened is not None and left.opened <= as_of
            answers = tuple(one for one in left.answers if one.at <= as_of)
            left = replace(left, opened=left.opened if is_open else None, answers=answers)
        told = tuple(one for one in copy.told if one.at <= as_of)
        withdrew = copy.withdrew if copy.withdrew is not None and copy.withdrew <= as_of else None
        found.append(replace(copy, told=told, left=left, withdrew=withdrew))
    return tuple(found)


def _but_launches(activity: Activity) -> Activity:
    """Return use without the launches of a day: of those, what is known today counts."""
    return replace(activity, regularity=())


def _editions(counts: Counts) -> dict[str | None, int]:
    return {s.value: s.installations for s in counts.segments if s.dimension == "edition"}


def test_what_was_stated_later_was_not_known(world: World) -> None:
    """A copy that states its edition for the first time had none in a report of the day before."""
    world.tell(launched(1, NOW), launched(1, after(days=2), seq=2, edition="paid"))
    world.tell(launched(1, after(days=4), seq=3, edition="pro"))
    assert _editions(world.count(after(days=1))) == {None: 1}
    assert _editions(world.count(after(days=3))) == {"paid": 1}
    assert _editions(world.count()) == {"pro": 1}


def test_what_was_said_earlier_and_heard_later_changes_nothing(world: World) -> None:
    """A ping that another one overtook only fills what nobody had said, in every report."""
    overtaken = {"sent_at": NOW, "edition": "trial", "channel": "beta"}
    world.tell(launched(1, after(days=1), seq=2, edition="paid"))
    world.tell(launched(1, after(days=2), seq=1, **overtaken))
    world.tell(launched(1, after(days=4), seq=3, edition="pro"))
    then = world.count(after(days=3))
    assert _editions(then) == {"paid": 1}
    channels = {s.value: s.installations for s in then.segments if s.dimension == "channel"}
    assert channels == {"beta": 1}
