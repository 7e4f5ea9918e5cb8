"""Two ways out, against the bone-marrow transplants of a textbook, worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tests.server.risk import Stay, risk_table

from exitpoll_server.report.aalen_johansen import aalen_johansen
from exitpoll_server.report.kaplan_meier import kaplan_meier

NEAR = 1e-9

RELAPSED = (55, 74, 104, 109, 110, 122, 129, 192, 230, 383, 609, 662)
DIED = (1, 86, 107, 122, 172, 194, 276, 332, 418, 466, 487, 526)
"""Died in remission: so they could not relapse any more."""
FOLLOWED = (226, 530, 996, 1111, 1167, 1182, 1199, 1330, 1377, 1433, 1462, 1496, 1602, 2081)
"""Days after the transplant of the 38 with acute lymphoblastic leukaemia, of 137 in all, in
J. P. Klein, M. L. Moeschberger, "Survival analysis", 2003, section 1.3. The other 99 are left out:
a table of 38 can be followed by hand."""

AT_RISK = (
    # The first 14 are lost while everybody is followed; on day 122 two at once.
    *((1, 38), (55, 37), (74, 36), (86, 35), (104, 34), (107, 33), (109, 32), (110, 31), (122, 30)),
    *((129, 28), (172, 27), (192, 26), (194, 25)),
    # One is followed no further than day 226: 23 go on.
    *((230, 23), (276, 22), (332, 21), (383, 20), (418, 19), (466, 18), (487, 17), (526, 16)),
    # Another no further than day 530: 14 go on.
    *((609, 14), (662, 13)),
)

LEFT_226 = Fraction(24, 38)
"""14 of 38 are lost by then."""
ONE_OF_23 = LEFT_226 / 23
"""What one of the 23 stands for, once the one of day 226 is shared out among them: 12/437."""
ONE_OF_14 = 15 * ONE_OF_23 / 14
"""Eight of the 23 are lost by day 526, and the share of 15 is carried by 14 from day 530 on."""

BY_HAND = (
    # Day, relapsed by then, died by then.
    (54, Fraction(0), Fraction(1, 38)),
    (110, Fraction(5, 38), Fraction(3, 38)),
    (122, Fraction(6, 38), Fraction(4, 38)),
    (194, Fraction(8, 38), Fraction(6, 38)),
    (230, Fraction(8, 38) + ONE_OF_23, Fraction(6, 38)),
    (332, Fraction(8, 38) + ONE_OF_23, Fraction(6, 38) + 2 * ONE_OF_23),
    (526, Fraction(8, 38) + 2 * ONE_OF_23, Fraction(6, 38) + 6 * ONE_OF_23),
    (609, Fraction(8, 38) + 2 * ONE_OF_23 + ONE_OF_14, Fraction(6, 38) + 6 * ONE_OF_23),
    (2081, Fraction(8, 38) + 2 * ONE_OF_23 + 2 * ONE_OF_14, Fraction(6, 38) + 6 * ONE_OF_23),
)
"""Whoever is followed no further leaves their share to those who are: counting with that needs no
product over days, and so is another way to the same numbers."""

PATIENTS = [
    *(Stay(0, day, "uninstalled") for day in RELAPSED),
    *(Stay(0, day, "stopped") for day in DIED),
    *(Stay(0, day, "censored") for day in FOLLOWED),
]


def test_the_table_is_the_one_worked_by_hand() -> None:
    """On each of 23 days on which somebody is lost, those at risk are as counted on paper."""
    table = risk_table(PATIENTS)
    assert table.n == 38
    assert tuple(zip(table.days, table.at_risk, strict=True)) == AT_RISK


@pytest.mark.parametrize(("day", "relapsed", "died"), BY_HAND)
def test_both_ways_out_are_those_worked_by_hand(
    day: int, relapsed: Fraction, died: Fraction
) -> None:
    """Relapse, death in remission, and who is left, at the first ties and after each censoring."""
    table = risk_table(PATIENTS)
    lost = tuple(r + d for r, d in zip(table.uninstalls, table.stops, strict=True))
    staying = kaplan_meier(table.days, table.at_risk, lost)
    for losses, expected in ((table.uninstalls, relapsed), (table.stops, died)):
        found = aalen_johansen(staying, table.at_risk, losses)
        assert found.share(found.row(day)) == pytest.approx(float(expected), abs=NEAR)
    assert staying.share(staying.row(day)) == pytest.approx(float(1 - relapsed - died), abs=NEAR)


def test_in_numbers() -> None:
    """Of either alone 1 - Kaplan-Meier would say 39.9 % and 41.2 %: too many by the other."""
    relapsed, died = (float(one) for one in BY_HAND[-1][1:])
    assert (relapsed, died) == pytest.approx((0.324289, 0.322654), abs=5e-7)
    table = risk_table(PATIENTS)
    alone = (
        1 - kaplan_meier(table.days, table.at_risk, one).shares[-1]
        for one in (table.uninstalls, table.stops)
    )
    assert tuple(alone) == pytest.approx((0.399112, 0.411742), abs=5e-7)
