"""Sentences: every code has one, and the figures in it are those of the plan."""

from __future__ import annotations

from typing import get_args

import pytest

from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.plan import (
    Alternative,
    BestStart,
    Deferral,
    DeferralReason,
    Holder,
    Obstacle,
    Visit,
    VisitCode,
    VisitReason,
)
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.wording import Speaker, amount, listed
from tenants.kernel.calendars import UnknownZoneError
from tenants.kernel.money import UnknownCurrencyError
from tests.analytics.maintenance.builders import ORIGIN, asset, bays, curve, fleet, problem, task

TERMS = {"failure": 4650012, "visit": 800, "downtime": 0, "life": 2130000, "lateness": 0, "moved": 0, "overtime": 9600}


def two(**fields: object) -> SchedulingProblem:
    risk = curve(*[0] * 5)
    return problem(
        4,
        [asset("a", risk), asset("b", risk)],
        [task("a"), task("b")],
        bays=bays(2),
        **{"time_zone": "Europe/Berlin", **fields},
    )


def visit(codes: tuple[VisitCode, ...], **fields: object) -> Visit:
    reason = VisitReason(
        codes=codes,
        best=BestStart(start_slot=0, end_slot=1, overtime=False, cost_minor=100),
        waiting_minor=12345,
        **{
            "obstacles": (),
            "saved_minor": {codes[-1]: 4567800},
            "alternatives": (),
            "left_out_extra_minor": None,
            **fields,
        },
    )
    return Visit(
        task="v-a",
        asset="a",
        bay="b2",
        start_slot=2,
        end_slot=27,
        removal_slot=1,
        start=ORIGIN,
        end=ORIGIN,
        removal=ORIGIN,
        overtime=False,
        failure_probability=0.0314,
        cost_minor=sum(TERMS.values()),
        terms=TERMS,
        crew=(),
        reason=reason,
    )


def test_what_when_where_and_how_much() -> None:
    sentences = Speaker(two()).visit(visit(("at_its_best",)))
    assert sentences == (
        "A is visited from Tue 1 Sep 2026 08:00 to Wed 2 Sep 2026 09:00 in Bay 2.",
        (
            "It is expected to cost 67,904 EUR: a 3.1 % chance to have failed by then (46,500 EUR), 21,300 EUR of "
            "remaining life given up, 8 EUR for the visit, 0 EUR out of service and 96 EUR of overtime."
        ),
        "This is its best start even with every bay and everybody free.",
    )


@pytest.mark.parametrize("code", get_args(VisitCode))
def test_every_code_has_its_sentence(code: VisitCode) -> None:
    sentence = Speaker(two()).visit(visit((code,)))[2]
    assert sentence.endswith(".")
    if code in {"pulled_by_deadline", "kept_in_place", "works_in_overtime", "stands_still"}:
        assert "45,678 EUR" in sentence
    if code in {"best_start_taken", "best_start_dearer"}:
        assert "123 EUR" in sentence
        assert "Tue 1 Sep 2026 06:00" in sentence


def test_who_holds_the_bays() -> None:
    holder = Holder(task="v-b", start=1, end=26)
    taken = (
        Obstacle(kind="bay", bay="b1", slot=2, holders=(holder,), needed=1, available=0),
        Obstacle(kind="bay", bay="b2", slot=3, holders=(), needed=1, available=0),
        Obstacle(kind="crew", skills=("mechanic",), slot=2, holders=(holder,), needed=2, available=0),
    )
    assert Speaker(two()).visit(visit(("best_start_taken",), obstacles=taken))[2] == (
        "Its best start, Tue 1 Sep 2026 06:00, was not free: Bay 1 is busy with B from Tue 1 Sep 2026 07:00 until "
        "Wed 2 Sep 2026 08:00 and Bay 2 is closed at Tue 1 Sep 2026 09:00; that costs 123 EUR."
    )


def test_of_many_bays_those_that_are_free_first_are_told() -> None:
    taken = [
        Obstacle(
            kind="bay",
            bay="b1" if end % 2 else "b2",
            slot=0,
            holders=(Holder(task="v-b", start=0, end=end),),
            needed=1,
            available=0,
        )
        for end in (9, 3, 5, 7, 4, 6)
    ]
    clause = Speaker(two()).obstacles(taken)
    assert [clause.index(f"until Tue 1 Sep 2026 {6 + end:02}:00") for end in (3, 4, 5, 6)] == sorted(
        clause.index(f"until Tue 1 Sep 2026 {6 + end:02}:00") for end in (3, 4, 5, 6)
    )
    assert clause.endswith(" and 2 more bays for longer")


def test_who_holds_the_people() -> None:
    holder = Holder(task="v-b", start=1, end=26)
    speaker = Speaker(two())
    short = Obstacle(kind="crew", skills=("a", "b"), slot=2, holders=(holder,), needed=2, available=1)
    assert speaker.obstacles([short]) == (
        "2 with a or b needed at Tue 1 Sep 2026 08:00 and 1 free (the others work on B until Wed 2 Sep 2026 08:00)"
    )
    assert speaker.obstacle(short.model_copy(update={"holders": ()})).endswith("and 1 free")


def test_what_else_was_possible() -> None:
    others = tuple(
        Alternative(start_slot=slot, end_slot=slot + 1, overtime=False, extra_minor=extra, terms={})
        for slot, extra in ((26, 10000), (50, 2000000))
    )
    sentences = Speaker(two()).visit(visit(("at_its_best",), alternatives=others, left_out_extra_minor=123456))
    assert sentences[3:] == (
        "The next-best starts are Wed 2 Sep 2026 08:00 (100 EUR more) and Thu 3 Sep 2026 08:00 (20,000 EUR more).",
        "Leaving it out of the plan would cost 1,235 EUR more.",
    )


BEST = BestStart(start_slot=1, end_slot=2, overtime=False, cost_minor=30000)
HELD = Obstacle(kind="bay", bay="b1", slot=1, holders=(Holder(task="v-b", start=0, end=3),), needed=1, available=0)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            DeferralReason(code="later_is_cheaper", best=BEST, extra_minor=100),
            "Its cheapest visit is later: the best start before then, Tue 1 Sep 2026 07:00, would cost 100 EUR more.",
        ),
        (
            DeferralReason(code="no_room", best=BEST, extra_minor=10000, obstacles=(HELD,)),
            (
                "Its best start, Tue 1 Sep 2026 07:00, is not free (Bay 1 is busy with B from Tue 1 Sep 2026 06:00 "
                "until Tue 1 Sep 2026 09:00), and the best free start would cost 100 EUR more than leaving it out."
            ),
        ),
        (
            DeferralReason(code="no_room", best=BEST),
            (
                "Its best start, Tue 1 Sep 2026 07:00, is not free (it would need people in overtime), and no other "
                "start is free."
            ),
        ),
        (
            DeferralReason(code="no_start", short_skill="a", short_people=3, most_people=2),
            "It needs 3 with a at once; at most 2 are ever rostered.",
        ),
        (
            DeferralReason(code="no_start", work_slots=30, roster_slots=4),
            "Its work takes 1 day 6 h; its people are rostered together for 4 h before then.",
        ),
        (DeferralReason(code="no_start", work_slots=3, roster_slots=4), "No bay is open for as long as it takes."),
    ],
)
def test_why_an_asset_gets_no_visit(reason: DeferralReason, expected: str) -> None:
    deferral = Deferral(
        task="v-a",
        asset="a",
        later_slot=6,
        later=ORIGIN,
        removal_slot=2,
        failure_probability=0.25,
        cost_minor=20000,
        terms={},
        reason=reason,
    )
    assert Speaker(two()).deferral(deferral) == (
        "A gets no visit before Tue 1 Sep 2026 10:00.",
        expected,
        (
            "It has a 25.0 % chance to have failed by then; with its cheapest visit after that, at "
            "Tue 1 Sep 2026 12:00, it is expected to cost 200 EUR."
        ),
        "It is taken out of service at Tue 1 Sep 2026 08:00, as flying on would cost more.",
    )


def test_a_whole_plan_can_be_told() -> None:
    source = fleet(8, days=20)
    plan = solve_plan(source, Control(Effort(seconds=60))).plan
    speaker = Speaker(source)
    assert all(len(speaker.visit(one)) >= 4 for one in plan.visits)
    assert all(len(speaker.deferral(one)) >= 3 for one in plan.deferrals)


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(4650012, "EUR", "46,500 EUR"), (4650012, "JPY", "4,650,012 JPY"), (-151, "EUR", "-2 EUR"), (9, "KWD", "0 KWD")],
)
def test_amounts_in_major_units(minor: int, currency: str, expected: str) -> None:
    assert amount(minor, currency) == expected


@pytest.mark.parametrize(("slots", "expected"), [(0, "0 h"), (24, "1 day"), (49, "2 days 1 h"), (5, "5 h")])
def test_lengths(slots: int, expected: str) -> None:
    assert Speaker(two()).length(slots) == expected


def test_lists() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_refuses_zones_and_currencies_that_are_none() -> None:
    with pytest.raises(UnknownZoneError):
        Speaker(two(time_zone="Berlin"))
    with pytest.raises(UnknownCurrencyError):
        Speaker(two(currency="ABC"))
