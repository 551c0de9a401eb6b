"""Requests that cannot be met: which wish gives way, by how much, because of what, and what would mend it."""

from __future__ import annotations

from typing import Any

from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.plan import Plan
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.domain.problem import Deadline, Frozen
from tests.analytics.maintenance.builders import COSTS, asset, bays, curve, fleet, needs, people, problem, spans, task

SAFE = curve(*[0] * 13)
LATE = (
    "The visit of A ends 4 h after its deadline, Tue 1 Sep 2026 09:00: its work takes 2 h, and from its release until "
    "then its people are rostered together, with a bay open, for 1 h at the most."
)
NOBODY = (
    "A is fixed at Tue 1 Sep 2026 06:00, but it has to move by 3 h: nobody who could begin is rostered then, or the "
    "visit would not end within the horizon."
)
FIX = "Fix A at Tue 1 Sep 2026 09:00, as this plan has it, or free by Tue 1 Sep 2026 06:00 what stands in its way."


def plan_of(*tasks: Any, **fields: Any) -> Plan:
    names = [one.asset for one in tasks]
    source = problem(12, [asset(name, SAFE, COSTS) for name in names], tasks, **fields)
    return solve_plan(source, Control(Effort(seconds=60))).plan


def told(plan: Plan) -> list[tuple[str, str, str, str]]:
    return [(finding.code, finding.place, finding.message, finding.fix) for finding in plan.findings]


def test_all_frozen_in_one_bay_at_once() -> None:
    """Three visits of two hours fixed in bay 1 at 08:00: one stays, one takes the other bay, one moves two hours."""
    frozen = {"work_slots": 2, "frozen": Frozen(start=4, bay="b1")}
    plan = plan_of(task("a", **frozen), task("b", **frozen), task("c", **frozen), bays=bays(2))
    assert (plan.status, plan.breach_slots, plan.least_breach_slots, plan.gap) == ("wishes_broken", 3, 3, 0.0)
    assert len(plan.visits) == 3
    codes = [finding.code for finding in plan.findings]
    assert sorted(codes) == ["maintenance.frozen_bay_taken", "maintenance.frozen_start_impossible"]
    start = next(finding for finding in plan.findings if finding.code.endswith("start_impossible"))
    assert "fixed at Tue 1 Sep 2026 08:00, but it has to move by 2 h: Bay 1 is busy with" in start.message
    bay = next(finding for finding in plan.findings if finding.code.endswith("bay_taken"))
    assert "is fixed in Bay 1 at Tue 1 Sep 2026 08:00 but cannot have it: Bay 1 is busy with" in bay.message
    assert "in another bay, as this plan has it" in bay.fix


def test_a_hard_window_outside_the_crew_calendar() -> None:
    plan = plan_of(
        task("a", work_slots=2, needs=needs(a=1), deadline=Deadline(slot=5)),
        **people("a", regular=spans((4, 5), (8, 12))),
    )
    assert (plan.breach_slots, plan.least_breach_slots) == (4, 4)
    assert told(plan) == [
        (
            "maintenance.deadline_missed",
            "tasks/v-a/deadline",
            LATE,
            "Move the deadline by 4 h to Tue 1 Sep 2026 13:00, or roster a for at least 1 h more before it.",
        )
    ]


def test_two_hard_deadlines_in_one_bay() -> None:
    """Three hours of work each, both due after four: one is two hours late, and the other holds the bay."""
    due = {"work_slots": 3, "deadline": Deadline(slot=4)}
    plan = plan_of(task("a", **due), task("b", **due))
    assert plan.breach_slots == plan.least_breach_slots == 2
    [finding] = plan.findings
    late, first = ("A", "B") if finding.place == "tasks/v-a/deadline" else ("B", "A")
    assert finding.message == (
        f"The visit of {late} ends 2 h after its deadline, Tue 1 Sep 2026 08:00: Bay 1 is busy with {first} from "
        "Tue 1 Sep 2026 04:00 until Tue 1 Sep 2026 07:00."
    )
    assert finding.fix == "Move the deadline by 2 h to Tue 1 Sep 2026 10:00, or free a bay or people before it."


def test_two_hard_deadlines_for_one_person() -> None:
    due = {"work_slots": 3, "deadline": Deadline(slot=4), "needs": needs(a=1)}
    plan = plan_of(task("a", **due), task("b", **due), bays=bays(2), **people("a", regular=spans((0, 12))))
    assert plan.breach_slots == 2
    assert "1 with a needed at Tue 1 Sep 2026 0" in plan.findings[0].message
    assert "and 0 free (the others work on" in plan.findings[0].message


def test_frozen_where_nobody_is() -> None:
    plan = plan_of(task("a", needs=needs(a=1), frozen=Frozen(start=2, bay="b1")), **people("a", regular=spans((5, 12))))
    assert plan.breach_slots == 3
    assert told(plan) == [
        (
            "maintenance.frozen_start_impossible",
            "tasks/v-a/frozen/start",
            NOBODY,
            FIX,
        )
    ]


def test_no_start_at_all() -> None:
    plan = plan_of(task("a", work_slots=13, deadline=Deadline(slot=12)))
    [finding] = plan.findings
    assert finding.code == "maintenance.no_room"
    assert "no start at which it could begin and end within the horizon" in finding.message
    assert finding.fix == "Lengthen the horizon, or roster people for at least 1 h more before it."


def test_no_room_for_both_within_the_horizon() -> None:
    due = {"work_slots": 7, "deadline": Deadline(slot=12)}
    plan = plan_of(task("a", **due), task("b", **due))
    [finding] = plan.findings
    assert finding.code == "maintenance.no_room"
    assert "has to be visited within the horizon but gets no visit: Bay 1 is busy with" in finding.message
    assert (len(plan.visits), len(plan.deferrals)) == (1, 1)


def test_wishes_that_can_be_kept_are_kept_whatever_they_cost() -> None:
    """Without wishes nobody would be visited; with them both are, at the price of all their remaining life."""
    plan = plan_of(task("a", deadline=Deadline(slot=2)), task("b", frozen=Frozen(start=1, bay="b1")))
    assert (plan.status, plan.breach_slots, plan.findings) == ("optimal", 0, ())
    assert [(visit.task, visit.start_slot) for visit in plan.visits] == [("v-a", 0), ("v-b", 1)]


def test_too_many_options_for_a_proof_still_give_way_by_little() -> None:
    """Twelve hard deadlines at the end of the horizon leave more options than are searched; two frozen visits clash."""
    source = fleet(12, days=40)
    due = Deadline(slot=source.grid.slots)
    start = next(span.start for span in source.calendars[0].regular if span.start > 200)
    clash = [one.model_copy(update={"frozen": Frozen(start=start, bay="b1")}) for one in source.tasks[:2]]
    rest = [one.model_copy(update={"deadline": due}) for one in source.tasks[2:]]
    plan = solve_plan(source.model_copy(update={"tasks": (*clash, *rest)}), Control(Effort(seconds=60))).plan
    assert (plan.status, plan.breach_slots, len(plan.visits)) == ("wishes_broken", 1, 12)
    assert [finding.code for finding in plan.findings] == ["maintenance.frozen_bay_taken"]
    assert plan.least_breach_slots <= 1
