"""The whole loop: a launch counted by an agent ends as a figure in the report."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.e2e.conftest import Played
from tests.e2e.story import AS_OF, CRASH_COMMENT, FILLER_COMMENT, PRODUCT, SVG_COMMENT


def parts(listed: list[dict[str, Any]]) -> dict[str, tuple[int, int | None]]:
    return {p["name"]: (p["figure"]["numerator"], p["figure"]["denominator"]) for p in listed}


def test_the_funnel_counts_everybody_who_left_and_only_them(played: Played) -> None:
    """Eight of fourteen left; Farah cancelled, Noor updated, Emil, Ivan, Jana and Kofi did not."""
    steps = played.report["uninstalls"]["steps"]
    counted = {
        s["name"]: (s["of_uninstalls"]["numerator"], s["of_previous"]["denominator"]) for s in steps
    }
    assert counted == {
        "uninstalled": (8, None),  # Ada Boris Chen Dora Goran Hana Lena Mira
        "could_be_asked": (7, 8),  # not Dora
        "asked": (7, 7),
        "answered": (6, 7),  # not Chen
        "gave_reason": (6, 6),
        "commented": (3, 6),  # Ada Goran Lena
        "substantive": (2, 3),  # not Lena
    }
    assert {s["of_uninstalls"]["denominator"] for s in steps[1:]} == {8}


def test_who_could_not_be_asked_is_counted_by_cause(played: Played) -> None:
    """Dora's copy was removed unattended, and the report says that it was."""
    assert parts(played.report["uninstalls"]["not_asked"]) == {"unattended": (1, 8)}


def test_each_uninstall_is_known_from_the_channels_that_told_of_it(played: Played) -> None:
    """The agent, the browser and both are one uninstall each; a plain link is labelled so."""
    assert parts(played.report["uninstalls"]["known_from"]) == {
        "agent": (2, 8),  # Dora Lena
        "both": (4, 8),  # Ada Boris Chen Mira
        "browser": (1, 8),  # Goran
        "link": (1, 8),  # Hana
    }


def test_when_they_left_is_told_with_the_reasons_of_that_time(played: Played) -> None:
    """Each moment of the product's life has its leavers and their reasons."""
    moments = played.report["uninstalls"]["when"]
    assert parts(moments) == {
        "never_launched": (1, 8),  # Lena
        "first_week": (2, 8),  # Boris Mira
        "in_trial": (3, 8),  # Ada Chen Goran
        "trial_end": (1, 8),  # Dora
        "unknown": (1, 8),  # Hana: a link says nothing of the install
    }
    assert {m["name"]: parts(m["reasons"]) for m in moments} == {
        "never_launched": {"other": (1, 1)},
        "first_week": {"too-difficult": (1, 2), "too-expensive": (1, 2)},
        "in_trial": {"did-not-work": (1, 2), "missing-feature": (1, 2)},
        "trial_end": {},
        "unknown": {"no-longer-needed": (1, 1)},
    }


def test_what_was_withdrawn_and_reclassified_is_counted_apart(played: Played) -> None:
    """Farah's uninstall is withdrawn, Noor's is an upgrade, Mira is known by leaving only."""
    uninstalls = played.report["uninstalls"]
    apart = {
        name: uninstalls[name]["numerator"]
        for name in (
            "withdrawn",
            "upgrades",
            "reinstalls",
            "late_answers",
            "known_by_leaving",
            "may_still_answer",
            "comment_without_reason",
        )
    }
    assert apart == {
        "withdrawn": 1,
        "upgrades": 1,
        "reinstalls": 0,
        "late_answers": 0,
        "known_by_leaving": 1,
        "may_still_answer": 0,
        "comment_without_reason": 0,
    }
    per_100 = uninstalls["per_100_installations"]
    assert (per_100["numerator"], per_100["denominator"]) == (2, 14)


def test_the_iceberg_shows_who_merely_stopped(played: Played) -> None:
    """Jana stopped, five still use it, seven are known to have left: that is everybody seen."""
    iceberg = played.report["iceberg"]
    levels = {
        name: (iceberg[name]["numerator"], iceberg[name]["denominator"])
        for name in (
            "seen",
            "active",
            "stopped",
            "still_installed",
            "uninstalled",
            "answered",
            "left_quietly",
            "known_by_leaving",
            "censored",
            "false_alarm",
        )
    }
    assert levels == {
        "seen": (13, None),  # everybody but Mira; Noor's two copies are one
        "active": (5, 13),  # Emil Farah Ivan Kofi Noor
        "stopped": (1, 13),  # Jana
        "still_installed": (6, 13),
        "uninstalled": (7, 13),  # Ada Boris Chen Dora Goran Hana Lena
        "answered": (5, 13),
        "left_quietly": (2, 13),  # Chen Dora
        "known_by_leaving": (1, None),  # Mira
        "censored": (0, None),
        "false_alarm": (0, 1),
    }
    assert iceberg["known_on"] is None
    assert parts(iceberg["known_from"]) == {"browser": (1, None), "link": (1, None)}


def test_with_few_answers_every_uninstall_is_a_line(played: Played) -> None:
    """Day, tenure, launches, version and reason of each stand in the report, the latest first."""
    assert played.report["small"] is True
    lines = [
        (
            line["at"][:10],
            None if line["tenure_days"] is None else round(line["tenure_days"], 2),
            line["launches"],
            line["version"],
            line["locale"],
            line["reason"],
        )
        for line in played.report["lines"]
    ]
    assert lines == [
        ("2026-09-30", 28.75, 1, "1.0.0", "en-US", None),  # Dora
        ("2026-09-21", 20.38, 3, "1.0.0", "en-US", None),  # Chen
        ("2026-09-18", 17.38, 3, "1.0.0", "en-US", "did-not-work"),  # Goran
        ("2026-09-15", 14.38, 4, "1.0.0", "en-US", "missing-feature"),  # Ada
        ("2026-09-11", None, None, "0.9.1", "ja-JP", "no-longer-needed"),  # Hana
        ("2026-09-10", None, 2, "1.0.0", "en-US", "too-difficult"),  # Mira, in coarse steps
        ("2026-09-06", 0.02, 0, "1.0.0", "en-US", "other"),  # Lena
        ("2026-09-04", 2.38, 4, "1.0.0", "ru-RU", "too-expensive"),  # Boris
    ]


def test_every_comment_is_there_in_full(played: Played) -> None:
    """What people typed is in the report as they typed it, filler included."""
    assert [c["comment"] for c in played.report["comments"]] == [
        CRASH_COMMENT,
        SVG_COMMENT,
        FILLER_COMMENT,
    ]


def test_every_launch_was_counted_once(played: Played) -> None:
    """What each agent counted is what the story had people do, days at sea included."""
    counted = {name: one.status().get("launches_total") for name, one in played.cast.people.items()}
    assert counted == {
        "Ada": 4,
        "Boris": 4,
        "Chen": 3,
        "Dora": 1,
        "Emil": 5,
        "Farah": 4,
        "Goran": 3,
        "Ivan": 12,
        "Jana": 3,
        "Kofi": 6,
        "Lena": 0,
        "Mira": 2,
        "Noor": 2,
        "Noor anew": 2,
    }


def test_days_without_a_network_arrive_with_the_first_contact(played: Played) -> None:
    """Ivan's five days at sea are at the server, each on its own day."""
    ivan = played.cast.people["Ivan"].status()["installation_id"]
    assert played.world.stored(
        "SELECT date(l.day * 86400, 'unixepoch'), l.launches FROM launches l"
        " JOIN installations i ON i.id = l.installation_id WHERE i.uuid = ? ORDER BY 1",
        UUID(ivan).hex,
    ) == [
        ("2026-09-01", 2),
        ("2026-09-02", 2),
        ("2026-09-03", 2),
        ("2026-09-05", 2),
        ("2026-09-08", 2),
        ("2026-09-13", 1),
        ("2026-10-16", 1),
    ]


def test_an_earlier_report_says_what_was_known_then(played: Played) -> None:
    """On 8 September at 18:06 Farah had left, and nobody knew yet that she had cancelled."""
    text = played.world.exitpoll(
        "report", "--product", PRODUCT, "--as-of", "2026-09-08T18:06Z", "--format", "text"
    )
    assert "3 people uninstalled" in text  # Boris Lena Farah


def test_a_window_holds_only_its_own_uninstalls(played: Played) -> None:
    """From 10 to 20 September four people left: Mira, Hana, Ada and Goran."""
    text = played.world.exitpoll(
        "report", "--product", PRODUCT, "--as-of", AS_OF.isoformat(),
        "--from", "2026-09-10", "--to", "2026-09-20",
    )  # fmt: skip
    assert "4 people uninstalled" in text
