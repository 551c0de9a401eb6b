"""What comes out: visits with their costs and reasons, and what was left out and why. Figures only; see ``wording``."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from analytics.maintenance.domain.problem import Document, Grid
from tenants.kernel.errors import Finding

Status = Literal["optimal", "feasible", "wishes_broken"]
VisitCode = Literal[
    "frozen",
    "at_its_best",
    "best_start_taken",
    "best_start_dearer",
    "pulled_by_deadline",
    "kept_in_place",
    "works_in_overtime",
    "stands_still",
]
DeferralCode = Literal["later_is_cheaper", "no_room", "no_start"]
Terms = dict[str, int]
"""Minor units by term: failure, visit, downtime, life, lateness, moved, overtime."""


class Holder(Document):
    """A visit that holds what another one wanted."""

    task: str
    start: int
    end: int


class Obstacle(Document):
    """What stood in the way of a start.

    Attributes:
        kind: ``bay`` or ``crew``.
        bay: The bay's id, when it is one.
        skills: The skills that were short, when it is the crew.
        slot: The first slot in which it is in the way.
        holders: The visits that hold it then; none where a bay is closed or nobody is rostered.
        needed: People that the visit needs of these skills, or 1 bay.
        available: How many are there in that slot and not held.
    """

    kind: Literal["bay", "crew"]
    bay: str | None = None
    skills: tuple[str, ...] = ()
    slot: int
    holders: tuple[Holder, ...]
    needed: int
    available: int


class Alternative(Document):
    """Another start for a visit while all others stay, and what the plan would then cost more.

    Attributes:
        start_slot: Its first slot.
        end_slot: The slot after its last.
        overtime: Whether it works in overtime too.
        extra_minor: Cost of the plan with it less cost of the plan; never negative in a finished plan.
        terms: The same by term.
    """

    start_slot: int
    end_slot: int
    overtime: bool
    extra_minor: int
    terms: Terms


class CrewSpan(Document):
    """A technician on a visit for a while, standing in for one skill."""

    technician: str
    skill: str
    start_slot: int
    end_slot: int
    overtime: bool


class BestStart(Document):
    """The start a task would have by itself, with every bay and everybody free.

    Attributes:
        start_slot: Its first slot.
        end_slot: The slot after its last.
        overtime: Whether it works in overtime too.
        cost_minor: What the task would cost there.
    """

    start_slot: int
    end_slot: int
    overtime: bool
    cost_minor: int


class VisitReason(Document):
    """Why a visit is where it is.

    Attributes:
        codes: What decided it, the most important first; never empty.
        best: The start it would have by itself; None where the task has a hard wish that fixes it.
        waiting_minor: Its cost less that of its best start; below 0 only where a hard wish gave way.
        obstacles: What stood in the way of its best start.
        saved_minor: By code, what a decision is worth: what overtime saves against the best start without it, standing
            still against flying on; what the deadline costs, and what moving would save but for its price.
        alternatives: The next-best starts, at least a day apart from the visit and from each other, at most 3.
        left_out_extra_minor: What leaving it out would cost more; None where a hard wish forbids it.
    """

    codes: tuple[VisitCode, ...]
    best: BestStart | None
    waiting_minor: int
    obstacles: tuple[Obstacle, ...]
    saved_minor: dict[VisitCode, int]
    alternatives: tuple[Alternative, ...]
    left_out_extra_minor: int | None


class Visit(Document):
    """One visit of a plan.

    Attributes:
        task: The task.
        asset: The asset it restores.
        bay: Where.
        start_slot: First slot in the bay.
        end_slot: The slot after the last.
        removal_slot: When the asset is taken out of service, at or before the start.
        start: The start as a moment in UTC.
        end: The end as a moment in UTC.
        removal: The removal as a moment in UTC.
        overtime: Whether it works in overtime too.
        failure_probability: P(failed before the removal), in [0, 1].
        cost_minor: Its share of the plan's cost: the sum of its terms.
        terms: The cost by term.
        crew: Who works on it, and when.
        reason: Why it is there.
    """

    task: str
    asset: str
    bay: str
    start_slot: int
    end_slot: int
    removal_slot: int
    start: AwareDatetime
    end: AwareDatetime
    removal: AwareDatetime
    overtime: bool
    failure_probability: float
    cost_minor: int
    terms: Terms
    crew: tuple[CrewSpan, ...]
    reason: VisitReason


class DeferralReason(Document):
    """Why a task is left out.

    Attributes:
        code: What decided it.
        best: The start it would have by itself within the horizon, if it has any.
        extra_minor: What the best start that is free would cost more than leaving it out; None where none is free.
        obstacles: What stands in the way of its best start.
        short_skill: The skill of which too few are ever rostered at once, where that is why it has no start.
        short_people: How many of them it needs at once.
        most_people: How many are rostered at once at the most.
        work_slots: The slots of work it takes.
        roster_slots: The slots in which its people are rostered together, from its release on.
    """

    code: DeferralCode
    best: BestStart | None = None
    extra_minor: int | None = None
    obstacles: tuple[Obstacle, ...] = ()
    short_skill: str | None = None
    short_people: int = 0
    most_people: int = 0
    work_slots: int = 0
    roster_slots: int = 0


class Deferral(Document):
    """A task that gets no visit within the horizon, costed at its cheapest visit after it.

    Attributes:
        task: The task.
        asset: The asset.
        later_slot: When its cheapest visit after the horizon starts.
        later: The same as a moment in UTC.
        removal_slot: When the asset is taken out of service, at or before it.
        failure_probability: P(failed before the end of the horizon), in [0, 1].
        cost_minor: Its share of the plan's cost: the sum of its terms.
        terms: The cost by term.
        reason: Why it is left out.
    """

    task: str
    asset: str
    later_slot: int
    later: AwareDatetime
    removal_slot: int
    failure_probability: float
    cost_minor: int
    terms: Terms
    reason: DeferralReason


class PlanFinding(Document):
    """A hard wish that the plan breaks, with what would mend it."""

    code: str
    place: str
    message: str
    fix: str

    @classmethod
    def of(cls, finding: Finding) -> PlanFinding:
        """A finding as a part of a document."""
        return cls(**finding.as_dict())


class Plan(Document):
    """A plan for people to approve.

    Attributes:
        problem: Digest of the problem it solves.
        grid: The problem's time axis.
        currency: Of all amounts.
        time_zone: To speak about times in.
        status: ``optimal`` (proved), ``feasible``, or ``wishes_broken`` (see the findings).
        cost_minor: Cost of the plan: the sum over visits and deferrals.
        bound_minor: No plan with as little breach costs less; None where nothing is known.
        gap: (cost - bound) / cost, dimensionless; 0 when optimal, None without a bound.
        breach_slots: By how many slots hard wishes are broken in all.
        least_breach_slots: No plan breaks them by fewer.
        engine: The engine that found it.
        repeatable: Whether the same problem and effort give the same plan again: False when time ran out.
        cancelled: Whether a person stopped the search; the plan is the best until then.
        terms: The cost by term.
        visits: In order of their starts.
        deferrals: In the problem's order.
        findings: The hard wishes that are broken.
    """

    problem: str
    grid: Grid
    currency: str
    time_zone: str
    status: Status
    cost_minor: int
    bound_minor: int | None
    gap: float | None
    breach_slots: int
    least_breach_slots: int
    engine: str
    repeatable: bool
    cancelled: bool
    terms: Terms
    visits: tuple[Visit, ...]
    deferrals: tuple[Deferral, ...]
    findings: tuple[PlanFinding, ...]
