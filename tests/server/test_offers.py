"""Offers: who came back, with and without seeing one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from exitpoll_server.counts import OfferGroup
from exitpoll_server.report.offers import Offer, Offers, offers


def people(
    returned: int, stayed: int, *, held_out: bool = False, reason: str = "dear"
) -> list[OfferGroup]:
    return [
        OfferGroup(reason=reason, held_out=held_out, returned=came, n=n)
        for came, n in ((True, returned), (False, stayed))
        if n
    ]


def in_all(made: Offers) -> Offer:
    assert made.in_all is not None
    return made.in_all


def test_the_effect_has_newcombes_interval() -> None:
    """30 of 100 came back with the offer, 5 of 50 without: 20 points, as statsmodels has it."""
    offer = in_all(offers([*people(30, 70), *people(5, 45, held_out=True)]))
    assert (offer.offered.numerator, offer.offered.denominator) == (30, 100)
    assert (offer.held_out.numerator, offer.held_out.denominator) == (5, 50)
    assert offer.effect.value == pytest.approx(0.2)
    expected = confint_proportions_2indep(30, 100, 5, 50, method="newcomb", compare="diff")
    assert (offer.effect.low, offer.effect.high) == pytest.approx(expected)
    assert offer.not_compared is None


@pytest.mark.parametrize(
    ("seen", "kept_from", "why"),
    [
        ((3, 97), (0, 0), "nobody_held_out"),
        ((0, 0), (3, 97), "nobody_offered"),
        ((3, 97), (1, 8), "too_few"),
        ((1, 8), (3, 97), "too_few"),
        ((1, 9), (1, 9), None),
    ],
)
def test_only_counts_where_there_is_nobody_to_compare_with(
    seen: tuple[int, int], kept_from: tuple[int, int], why: str | None
) -> None:
    """Below ten in either group no effect is told, and the counts stand."""
    offer = in_all(offers([*people(*seen), *people(*kept_from, held_out=True)]))
    assert offer.not_compared == why
    assert (offer.effect.value is None) is (why is not None)
    assert offer.offered.denominator == sum(seen)
    assert offer.held_out.denominator == sum(kept_from)


def test_each_reason_has_its_own_offer() -> None:
    """The most chosen first; all of them together are their sum."""
    made = offers([*people(1, 20, reason="slow"), *people(4, 60), *people(2, 8, held_out=True)])
    assert [offer.reason for offer in made.by_reason] == ["dear", "slow"]
    assert in_all(made).offered.numerator == 5
    assert in_all(made).reason is None
    assert made.by_reason[1].not_compared == "nobody_held_out"


def test_no_offers_or_too_early() -> None:
    """Without anybody 30 days ago there is nothing to tell, and no 0."""
    assert offers([]) == Offers(None, ())


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans()), max_size=60))
def test_order_and_grouping_change_nothing(everybody: list[tuple[str, bool, bool]]) -> None:
    """People one by one are the same as counted in groups, in any order."""

    def group(kind: tuple[str, bool, bool], n: int) -> OfferGroup:
        return OfferGroup(reason=kind[0], held_out=kind[1], returned=kind[2], n=n)

    singly = [group(kind, 1) for kind in everybody]
    grouped = [group(kind, everybody.count(kind)) for kind in sorted(set(everybody))]
    assert offers(singly) == offers(grouped)
