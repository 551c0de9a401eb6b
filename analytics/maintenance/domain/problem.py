"""What is to be planned: assets with their risk, the visits they need, bays, crews, prices, and the plan before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from tenants.kernel.errors import Finding, OutturnError

Slot = Annotated[int, Field(ge=0, le=100_000)]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Percent = Annotated[int, Field(ge=0, le=10_000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MOST_SHARED_SKILLS = 8


class ProblemError(OutturnError):
    """A planning problem contradicts itself; each contradiction is a finding."""

    code = "maintenance.unsound_problem"


class Document(BaseModel):
    """A frozen part of a document; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Document):
    """Slots from ``start`` up to, not including, ``end``."""

    start: Slot
    end: Slot

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"the span ends at slot {self.end}, not after its start at slot {self.start}")
        return self


class Grid(Document):
    """The time axis: ``slots`` steps of ``slot_s`` seconds from ``origin`` (UTC).

    The horizon is ``[at(0), at(slots))``. Everything else in a problem counts in slots.
    """

    origin: AwareDatetime
    slot_s: Annotated[int, Field(ge=60, le=86_400)]
    slots: Annotated[int, Field(ge=1, le=20_000)]

    @field_validator("origin")
    @classmethod
    def _utc(cls, origin: datetime) -> datetime:
        return origin.astimezone(UTC)

    @property
    def slot_h(self) -> float:
        """The length of a slot in hours."""
        return self.slot_s / 3600

    def at(self, slot: int) -> datetime:
        """The moment (UTC) at which a slot begins; slots may lie outside the horizon."""
        return self.origin + timedelta(seconds=slot * self.slot_s)

    def whole_slots(self, start: datetime, end: datetime) -> Span | None:
        """The slots that lie wholly inside ``[start, end)`` and inside the horizon; None when there is none."""
        step = timedelta(seconds=self.slot_s)
        first = max(0, -((self.origin - start) // step))
        last = min(self.slots, (end - self.origin) // step)
        return Span(start=first, end=last) if last > first else None


class RiskCurve(Document):
    """The probability that an asset in service has failed, over the horizon and some way past it.

    Attributes:
        step_slots: Slots between two values.
        failed_before: Value ``k`` is P(failed before slot ``k * step_slots``): never falling, in [0, 1], with straight
            lines between the values.
        life_beyond_slots: Expected life past the last value, E[max(0, life - last)] in slots.
    """

    step_slots: Annotated[int, Field(ge=1)]
    failed_before: Annotated[tuple[float, ...], Field(min_length=2, max_length=50_000)]
    life_beyond_slots: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @field_validator("failed_before")
    @classmethod
    def _rising(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        inside = all(0.0 <= value <= 1.0 for value in values)
        if not inside or any(later < sooner for sooner, later in pairwise(values)):
            raise ValueError("the probabilities must lie between 0 and 1 and never fall")
        return values

    @property
    def last_slot(self) -> int:
        """The slot of the last value."""
        return self.step_slots * (len(self.failed_before) - 1)


class Costs(Document):
    """What an asset's visit, its early visit and its failure cost, in minor units.

    Attributes:
        visit_minor: A planned visit: shop work, parts, transport.
        downtime_minor_per_h: An hour out of service during a planned visit (lease of a spare, lost use).
        life_minor_per_h: What an hour of remaining life is worth that a visit gives up
            (price of the restoration over the life that it restores).
        repair_minor: The shop work of an unscheduled removal.
        secondary_damage_minor: Damage beside the failed part.
        credit_minor: Credit that the contract owes when the asset fails in service.
        unscheduled_downtime_h: Hours out of service after an unscheduled removal.
        unscheduled_downtime_minor_per_h: Price of each of them.
    """

    visit_minor: Minor = 0
    downtime_minor_per_h: Minor = 0
    life_minor_per_h: Minor = 0
    repair_minor: Minor = 0
    secondary_damage_minor: Minor = 0
    credit_minor: Minor = 0
    unscheduled_downtime_h: Annotated[int, Field(ge=0, le=100_000)] = 0
    unscheduled_downtime_minor_per_h: Minor = 0

    @property
    def failure_minor(self) -> int:
        """What one failure in service costs in all, in minor units."""
        downtime = self.unscheduled_downtime_h * self.unscheduled_downtime_minor_per_h
        return self.repair_minor + self.secondary_damage_minor + self.credit_minor + downtime


class Asset(Document):
    """A thing in service that wears."""

    id: Id
    name: Id
    risk: RiskCurve
    costs: Costs


class Need(Document):
    """So many people of one skill at once."""

    skill: Id
    count: Annotated[int, Field(ge=1, le=1000)]


class Deadline(Document):
    """The slot by which a visit is to be over.

    Attributes:
        slot: The visit should end at or before it.
        late_minor_per_h: Price of each hour late; None makes the deadline hard, and the visit with it.
    """

    slot: Slot
    late_minor_per_h: Minor | None = None


class Frozen(Document):
    """A visit that people have fixed."""

    start: Slot
    bay: Id


class Task(Document):
    """The one visit that an asset may get within the horizon; leaving it out is allowed unless its deadline is hard.

    The asset stands in the bay from the start to the end of the visit. Work goes on in the slots in which the calendar
    rosters all the people it needs at once and rests in the others, so the calendar decides how long a visit takes.

    Attributes:
        id: Unique among the tasks.
        asset: The asset it restores.
        work_slots: Slots of work.
        needs: The people that each slot of work takes.
        release: The visit cannot start before this slot.
        deadline: When it is to be over, if ever.
        frozen: What people have fixed about it, if anything.
    """

    id: Id
    asset: Id
    work_slots: Annotated[int, Field(ge=1, le=100_000)]
    needs: tuple[Need, ...] = ()
    release: Slot = 0
    deadline: Deadline | None = None
    frozen: Frozen | None = None


class Bay(Document):
    """A place that holds one asset at a time, except while it is closed or taken by a visit already under way."""

    id: Id
    name: Id
    closed: tuple[Span, ...] = ()


class CrewCalendar(Document):
    """The slots that people on this calendar are rostered for, in regular hours and in overtime."""

    id: Id
    regular: tuple[Span, ...] = ()
    overtime: tuple[Span, ...] = ()


class Technician(Document):
    """A person who can stand in for one need at a time, of any skill they have."""

    id: Id
    name: Id
    skills: tuple[Id, ...]
    calendar: Id
    absent: tuple[Span, ...] = ()


class Weights(Document):
    """How the terms of the cost are weighed, and the prices that belong to no asset.

    Attributes:
        failure_percent: Weight of expected failure cost; above 100 is caution.
        life_percent: Weight of wasted life.
        downtime_percent: Weight of planned downtime.
        overtime_minor_per_h: Extra price of one person's hour in overtime.
        move_minor: Price of moving a visit of the previous plan to another start, or of dropping it.
    """

    failure_percent: Percent = 100
    life_percent: Percent = 100
    downtime_percent: Percent = 100
    overtime_minor_per_h: Minor = 0
    move_minor: Minor = 0


class PreviousVisit(Document):
    """A visit as it stood in the plan before, in slots of this problem's grid."""

    task: Id
    start: Slot
    bay: Id


class SchedulingProblem(Document):
    """Everything a plan follows from; ids mean nothing to the engines, and no tenant is named.

    ``time_zone`` (IANA) is only used to speak about times; the calendars are already resolved to slots.
    """

    version: Literal[1] = 1
    grid: Grid
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    time_zone: Id = "UTC"
    assets: tuple[Asset, ...]
    tasks: tuple[Task, ...]
    bays: tuple[Bay, ...]
    calendars: tuple[CrewCalendar, ...] = ()
    technicians: tuple[Technician, ...] = ()
    weights: Weights = Weights()
    previous: tuple[PreviousVisit, ...] = ()


def problem_findings(problem: SchedulingProblem) -> tuple[Finding, ...]:
    """What in a problem contradicts itself: ids used twice or leading nowhere, figures that do not reach."""
    checks = (_duplicates, _dangling, _out_of_reach, _asset_findings, _crew_findings)
    return tuple(finding for check in checks for finding in check(problem))


def require_sound(problem: SchedulingProblem) -> None:
    """Refuse a problem that contradicts itself.

    Raises:
        ProblemError: With one finding for each contradiction.
    """
    findings = problem_findings(problem)
    if findings:
        raise ProblemError(
            f"The planning problem contradicts itself in {len(findings)} places; the first: {findings[0].message}",
            place=findings[0].place,
            kept="No plan was changed.",
            fix=findings[0].fix,
            findings=findings,
        )


def _duplicates(problem: SchedulingProblem) -> Iterator[Finding]:
    lists: dict[str, Iterable[str]] = {
        "assets": (asset.id for asset in problem.assets),
        "tasks": (task.id for task in problem.tasks),
        "bays": (bay.id for bay in problem.bays),
        "calendars": (calendar.id for calendar in problem.calendars),
        "technicians": (technician.id for technician in problem.technicians),
        "previous": (visit.task for visit in problem.previous),
        "visits of an asset": (task.asset for task in problem.tasks),
    }
    for name, ids in lists.items():
        for twice in sorted(key for key, count in Counter(ids).items() if count > 1):
            yield Finding(
                "maintenance.duplicate_id",
                f"{name}/{twice}",
                f"'{twice}' stands more than once among the {name}.",
                "Give each its own id, and each asset at most one visit.",
            )


def _dangling(problem: SchedulingProblem) -> Iterator[Finding]:
    known = {
        "asset": {asset.id for asset in problem.assets},
        "bay": {bay.id for bay in problem.bays},
        "calendar": {calendar.id for calendar in problem.calendars},
        "task": {task.id for task in problem.tasks},
    }
    used = [
        *((f"tasks/{task.id}/asset", "asset", task.asset) for task in problem.tasks),
        *((f"tasks/{task.id}/frozen/bay", "bay", task.frozen.bay) for task in problem.tasks if task.frozen),
        *((f"technicians/{person.id}/calendar", "calendar", person.calendar) for person in problem.technicians),
        *((f"previous/{visit.task}/task", "task", visit.task) for visit in problem.previous),
    ]
    for place, kind, key in used:
        if key not in known[kind]:
            yield Finding(
                f"maintenance.unknown_{kind}",
                place,
                f"There is no {kind} '{key}'.",
                f"Add the {kind}, or name another.",
            )


def _out_of_reach(problem: SchedulingProblem) -> Iterator[Finding]:
    for task in problem.tasks:
        if task.frozen is not None and task.frozen.start >= problem.grid.slots:
            yield Finding(
                "maintenance.frozen_outside_horizon",
                f"tasks/{task.id}/frozen/start",
                f"The visit is fixed at slot {task.frozen.start}, after the horizon of {problem.grid.slots} slots.",
                "Lengthen the horizon, or leave the visit free.",
            )


def _asset_findings(problem: SchedulingProblem) -> Iterator[Finding]:
    for asset in problem.assets:
        if asset.risk.last_slot < problem.grid.slots:
            yield Finding(
                "maintenance.short_risk_curve",
                f"assets/{asset.id}/risk",
                f"The risk of {asset.name} is known for {asset.risk.last_slot} slots of {problem.grid.slots}.",
                "Extend the curve to the end of the horizon, better past it.",
            )
    for task in problem.tasks:
        skills = Counter(need.skill for need in task.needs)
        for twice in sorted(skill for skill, count in skills.items() if count > 1):
            yield Finding(
                "maintenance.duplicate_need",
                f"tasks/{task.id}/needs/{twice}",
                f"The skill '{twice}' is asked for twice.",
                "Ask for it once, with the sum of the people.",
            )


def _crew_findings(problem: SchedulingProblem) -> Iterator[Finding]:
    wanted = {need.skill for task in problem.tasks for need in task.needs}
    for group in shared_skills(problem.technicians, wanted):
        if len(group) > MOST_SHARED_SKILLS:
            yield Finding(
                "maintenance.too_many_shared_skills",
                "technicians",
                f"{len(group)} skills are tied together by people who have several of them; "
                f"at most {MOST_SHARED_SKILLS} can be planned as one.",
                "Merge skills that the same people have.",
            )


def shared_skills(technicians: Iterable[Technician], wanted: Iterable[str]) -> list[tuple[str, ...]]:
    """The wanted skills in groups, sorted: skills are in one group when a chain of people links them."""
    groups = [{skill} for skill in sorted(set(wanted))]
    for technician in technicians:
        linked = [group for group in groups if group & set(technician.skills)]
        if len(linked) > 1:
            groups = [group for group in groups if group not in linked] + [set().union(*linked)]
    return sorted(tuple(sorted(group)) for group in groups)
