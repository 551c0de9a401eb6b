"""Cost-by-start tables against figures worked out by hand.

COSTS: a visit 800, an hour down 80, an hour of life 160, a failure 8000.
"""

from __future__ import annotations

from typing import Any

import pytest

from analytics.maintenance.domain.crew import Crew
from analytics.maintenance.domain.occupancy import Workshop
from analytics.maintenance.domain.problem import Deadline, Frozen, RiskCurve, Weights
from analytics.maintenance.domain.tables import CostTable, Kind, bay_classes, dense, kind_of
from tests.analytics.maintenance.builders import COSTS, asset, bays, curve, needs, people, problem, spans, task

LATE_RISK = curve(0, 0, 0, 0, 1, 8, 8, 8)
"""Nothing until slot 4, then an eighth, then certain."""
EARLY_RISK = curve(0, 1, 2, 4, 8, 8)


def table(risk: RiskCurve = LATE_RISK, move_minor: int = 0, previous: Any = (), **fields: Any) -> CostTable:
    weights = Weights(move_minor=move_minor)
    source = problem(4, [asset("a", risk)], [task("a", **fields)], weights=weights, previous=previous)
    return Workshop(source).tables[0]


def options(found: Kind) -> list[tuple[int, int, int]]:
    """Start, end and overtime of each option."""
    return list(zip(found.start.tolist(), found.end.tolist(), found.overtime.tolist(), strict=True))


def test_dense_curve_and_remaining_life() -> None:
    """Survival 1, 7/8, 6/8, 4/8, 0, 0: trapezoids from the end, on top of what lies beyond."""
    found = dense(EARLY_RISK)
    assert found.failed.tolist() == [0, 0.125, 0.25, 0.5, 1, 1]
    assert found.life.tolist() == [2.625, 1.6875, 0.875, 0.25, 0, 0]
    assert dense(curve(0, 8, beyond=3.5)).life.tolist() == [4.0, 3.5]


def test_dense_curve_is_straight_between_coarse_values() -> None:
    coarse = curve(0, 4, 8).model_copy(update={"step_slots": 2})
    assert dense(coarse).failed.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert dense(coarse).life.tolist() == [2, 1.125, 0.5, 0.125, 0]


def test_costs_by_start() -> None:
    """Visit 800 + one hour down 80 + life 160 * (4.375, 3.375, 2.375, 1.375)."""
    found = table()
    assert found.kind.start.tolist() == [0, 1, 2, 3]
    assert found.kind.end.tolist() == [1, 2, 3, 4]
    assert found.cost.tolist() == [1580, 1420, 1260, 1100]
    assert found.removal.tolist() == [0, 1, 2, 3]
    assert found.option_terms(3) == {
        "failure": 0, "visit": 800, "downtime": 80, "life": 220, "lateness": 0, "moved": 0,
    }  # fmt: skip


def test_leaving_out_stands_still_before_the_risk_and_waits_for_the_first_slot_after_the_horizon() -> None:
    """Removal at 3, visit over [4, 5): 800 + 2 * 80 + 220; flying on to 4 costs 1000 + 7/8 * 880 + 70."""
    later = table().later
    assert (later.slot, later.removal, later.cost, later.breach) == (4, 3, 1180, 0)


def test_standing_still_where_flying_on_costs_more() -> None:
    """From slot 1 on an hour in service costs 1000 of expected failure: removal at 0, 80 for each hour of waiting."""
    found = table(EARLY_RISK)
    assert found.removal.tolist() == [0, 0, 0, 0]
    assert found.cost.tolist() == [1300, 1380, 1460, 1540]
    assert sum(found.option_terms(1, standing=False).values()) == 2040  # 1000 + 7/8 * 880 + 270


def test_release_and_length_limit_the_options() -> None:
    found = table(work_slots=2, release=1)
    assert found.kind.start.tolist() == [0, 1, 2]
    assert found.allowed.tolist() == [False, True, True]


def test_a_priced_deadline_costs_each_hour_late() -> None:
    found = table(deadline=Deadline(slot=2, late_minor_per_h=50))
    assert found.term("lateness").tolist() == [0, 0, 50, 100]
    assert found.breach.tolist() == [0, 0, 0, 0]
    assert found.later.terms["lateness"] == 150  # until slot 5, the end of the cheapest later visit


def test_a_hard_deadline_is_broken_by_slots_and_costs_nothing() -> None:
    found = table(deadline=Deadline(slot=2))
    assert found.breach.tolist() == [0, 0, 1, 2]
    assert found.term("lateness").tolist() == [0, 0, 0, 0]
    assert found.later.breach == 3


def test_a_frozen_visit_is_broken_by_how_far_it_moves() -> None:
    found = table(frozen=Frozen(start=1, bay="b1"))
    assert found.breach.tolist() == [1, 0, 1, 2]
    assert found.later.breach == 5


def test_moving_a_visit_of_the_plan_before_has_a_price() -> None:
    found = table(move_minor=7, previous=[{"task": "v-a", "start": 2, "bay": "b1"}])
    assert found.term("moved").tolist() == [7, 7, 0, 7]
    assert found.later.terms["moved"] == 7


def test_weights_scale_their_terms() -> None:
    """At slot 4 of a longer horizon: failure 1/8 * 8000 * 2, downtime 7/8 * 80 / 2, life 160 * 0.4375 * 3."""
    source = problem(
        5,
        [asset("a", curve(0, 0, 0, 0, 1, 8, 8, 8))],
        [task("a")],
        weights=Weights(failure_percent=200, life_percent=300, downtime_percent=50),
    )
    found = Workshop(source).tables[0]
    assert found.terms(found.kind.start[4:], found.kind.start[4:], found.kind.end[4:])[:, 0].tolist() == [
        2000, 700, 35, 210, 0, 0,
    ]  # fmt: skip


def test_all_parts_of_a_failure_count() -> None:
    costs = COSTS.model_copy(
        update={
            "secondary_damage_minor": 1000,
            "credit_minor": 200,
            "unscheduled_downtime_h": 3,
            "unscheduled_downtime_minor_per_h": 10,
        }
    )
    assert costs.failure_minor == 9230


def test_each_term_is_rounded_to_minor_units() -> None:
    """Half-hour slots: 81 * 0.5 = 40.5 and 161 * 0.5 * 0.4375 = 35.21875; halves go to the even neighbour."""
    costs = COSTS.model_copy(update={"downtime_minor_per_h": 81, "life_minor_per_h": 161})
    source = problem(5, [asset("a", LATE_RISK, costs)], [task("a")])
    half = source.model_copy(update={"grid": source.grid.model_copy(update={"slot_s": 1800})})
    found = Workshop(half).tables[0]
    at = found.kind.start[3:4]
    assert found.terms(at, at, at + 1)[:, 0].tolist() == [0, 800, 40, 111, 0, 0]  # life 1.375 * 80.5 = 110.6875


def test_work_rests_while_nobody_is_rostered() -> None:
    """Shifts over [0, 2) and [4, 6): three slots of work from slot 0 end with slot 4, from slot 1 with slot 5."""
    source = problem(
        6,
        [asset("a", curve(*[0] * 7))],
        [task("a", work_slots=3, needs=needs(a=1))],
        **people("a", regular=spans((0, 2), (4, 6))),
    )
    assert options(Workshop(source).tables[0].kind) == [(0, 5, 0), (1, 6, 0)]


def test_overtime_is_an_option_of_its_own_where_it_makes_a_difference() -> None:
    """Overtime in slot 2: from slot 0 nothing changes for two slots of work, from 1 and 2 it does."""
    source = problem(
        5,
        [asset("a", curve(*[0] * 6))],
        [task("a", work_slots=2, needs=needs(a=1))],
        **people("a", regular=spans((0, 2), (4, 5)), overtime=spans((2, 3))),
    )
    assert options(Workshop(source).tables[0].kind) == [(0, 2, 0), (1, 5, 0), (1, 3, 1), (2, 5, 1)]


def test_more_people_than_ever_are_there_leave_no_option() -> None:
    wanted = needs(a=2)
    source = problem(4, [asset("a", LATE_RISK)], [task("a", needs=wanted)], **people("a", regular=spans((0, 4))))
    assert len(kind_of(source, Crew(source), 1, wanted).start) == 0


def test_bays_that_are_alike_are_one_class() -> None:
    closed = [*bays(3), {"id": "b4", "name": "Bay 4", "closed": spans((1, 3))}]
    source = problem(4, [asset("a", LATE_RISK)], [task("a", frozen=Frozen(start=0, bay="b2"))], bays=closed)
    assert [(one.bays, one.capacity.tolist()) for one in bay_classes(source)] == [
        ((0, 2), [2, 2, 2, 2]),
        ((1,), [1, 1, 1, 1]),
        ((3,), [1, 0, 0, 1]),
    ]


@pytest.mark.parametrize("deadline", [4, 9])
def test_a_deadline_after_the_visits_changes_nothing(deadline: int) -> None:
    assert table(deadline=Deadline(slot=deadline, late_minor_per_h=50)).cost.tolist() == [1580, 1420, 1260, 1100]
