"""What each way of placing a visit costs when nothing else is in its way: the cost-by-start tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analytics.maintenance.domain.crew import Bools, Crew, Ints, covered
from analytics.maintenance.domain.problem import (
    Asset,
    Need,
    PreviousVisit,
    ProblemError,
    RiskCurve,
    SchedulingProblem,
    Task,
)
from tenants.kernel.money import LARGEST_MINOR

Floats = npt.NDArray[np.float64]

TERMS = ("failure", "visit", "downtime", "life", "lateness", "moved")
"""The terms of a cost table, in the order of its rows; overtime is shared between visits and stands apart."""

_REMOVALS = 128


@dataclass(frozen=True, slots=True)
class Kind:
    """The placements open to all tasks with the same work and the same needs.

    Attributes:
        demand: People it takes of each skill set while work goes on, shape (K,).
        workable: Slots in which work can go on, without and with overtime, shape (2, slots).
        start: First slot of each option, shape (n,).
        end: Slot after its last, shape (n,).
        overtime: 1 when the option works in overtime too, else 0, shape (n,).
    """

    demand: Ints
    workable: Bools
    start: Ints
    end: Ints
    overtime: Ints


@dataclass(frozen=True, slots=True)
class BayClass:
    """Bays that are the same to every visit, so that only their number counts.

    Attributes:
        bays: Their places in the problem's list.
        capacity: How many are open, shape (slots,).
    """

    bays: tuple[int, ...]
    capacity: Ints


@dataclass(frozen=True, slots=True)
class Later:
    """What leaving a task out of the horizon costs: its cheapest visit after it.

    Attributes:
        slot: When that visit starts, at or after the end of the horizon.
        removal: When the asset is taken out of service, at or before it.
        terms: Cost by term, in minor units.
        breach: Slots by which a hard wish is broken.
    """

    slot: int
    removal: int
    terms: Mapping[str, int]
    breach: int

    @property
    def cost(self) -> int:
        """The sum of the terms, in minor units."""
        return sum(self.terms.values())


@dataclass(frozen=True, slots=True)
class Curve:
    """A risk curve on every slot up to its last.

    Attributes:
        failed: P(failed before the slot), shape (m,).
        life: E[max(0, life - slot)] in slots, shape (m,).
    """

    failed: Floats
    life: Floats


def dense(risk: RiskCurve) -> Curve:
    """A risk curve with a value for each slot; remaining life is the integral of survival (trapezoids, so exact)."""
    knots = np.arange(len(risk.failed_before)) * risk.step_slots
    failed = np.interp(np.arange(risk.last_slot + 1), knots, risk.failed_before)
    lived = (1 - failed[:-1] + 1 - failed[1:]) / 2
    life = np.append(np.cumsum(lived[::-1])[::-1], 0.0) + risk.life_beyond_slots
    return Curve(failed, life)


class CostTable:
    """All options of one task with their costs.

    The cost of taking the asset out of service at slot r for a visit over [s, e), r <= s, with F the risk and L the
    remaining life (age replacement with a known residual life; Barlow and Hunter, "Optimum preventive maintenance
    policies", Operations Research 8(1), 1960):

        failure   F(r) * price of a failure
        visit     (1 - F(r)) * price of a visit
        downtime  (1 - F(r)) * (e - r) * price of a slot out of service
        life      E[max(0, L - r)] * price of a slot of remaining life
        lateness  slots after the deadline * its price
        moved     the price of a move, when the plan before had another start

    r is s, or one of up to 128 evenly spaced earlier slots when standing still is cheaper than the risk of flying on.

    Attributes:
        task: The task.
        kind: Its options' spans.
        removal: r of each option, shape (n,).
        cost: Sum of the terms of each option, in minor units, shape (n,).
        breach: Slots by which an option breaks a hard wish, 0 when it breaks none, shape (n,).
        allowed: Whether the option keeps the release, shape (n,).
        later: What leaving the task out costs.
    """

    def __init__(self, problem: SchedulingProblem, task: Task, asset: Asset, kind: Kind) -> None:
        self.task, self.asset, self.kind = task, asset, kind
        self._grid, self._weights = problem.grid, problem.weights
        self._previous: PreviousVisit | None = next((v for v in problem.previous if v.task == task.id), None)
        self._curve = dense(asset.risk)
        self._require_countable(len(problem.tasks))
        self.allowed: Bools = kind.start >= task.release
        self.removal = self._removals()
        self.cost = self.terms(self.removal, kind.start, kind.end).sum(axis=0)
        self.breach = self._breaches()
        self.later = self._leave_out()

    @cached_property
    def _rates(self) -> tuple[float, float, float, float]:
        """Weighted prices in minor units: a failure, a visit, a slot of downtime, a slot of life."""
        costs, weights, hours = self.asset.costs, self._weights, self._grid.slot_h
        return (
            costs.failure_minor * weights.failure_percent / 100,
            float(costs.visit_minor),
            costs.downtime_minor_per_h * hours * weights.downtime_percent / 100,
            costs.life_minor_per_h * hours * weights.life_percent / 100,
        )

    @property
    def _hard_deadline(self) -> bool:
        return self.task.deadline is not None and self.task.deadline.late_minor_per_h is None

    @cached_property
    def cheapest(self) -> int:
        """The option of the least cost, whatever stands in its way; there must be one."""
        return int(self.cost.argmin())

    def _require_countable(self, tasks: int) -> None:
        """Refuse prices whose sum over all tasks could not be counted exactly."""
        failure, visit, slot, life = self._rates
        slots = len(self._curve.failed) + self.task.work_slots
        late = (self.task.deadline.late_minor_per_h or 0) * self._grid.slot_h if self.task.deadline else 0
        most = failure + visit + (slot + late) * slots + life * float(self._curve.life[0]) + self._weights.move_minor
        if most * tasks > LARGEST_MINOR:
            raise ProblemError(
                f"The costs of {self.asset.name} can reach {most:.3g} minor units; that is too much to add up exactly.",
                place=f"assets/{self.asset.id}/costs",
                kept="No plan was changed.",
                fix="Check the prices: they are in minor units, such as cents.",
            )

    def _removals(self) -> Ints:
        failure, visit, slot, life = self._rates
        start, end = self.kind.start, self.kind.end
        every = -(-self._grid.slots // _REMOVALS)
        early = np.arange(0, self._grid.slots, every)
        risk, remaining = self._curve.failed[early], self._curve.life[early]
        fixed = risk * failure + (1 - risk) * (visit - slot * early) + remaining * life
        price = fixed[None, :] + (1 - risk)[None, :] * (slot * end)[:, None]
        price[early[None, :] >= start[:, None]] = np.inf
        best = price.argmin(axis=1) if len(start) else np.zeros(0, dtype=np.int64)
        waits = price[np.arange(len(start)), best] < self._flying_on(start, end)
        return np.where(waits, early[best], start)

    def _flying_on(self, start: Ints, end: Ints) -> Floats:
        failure, visit, slot, life = self._rates
        risk = self._curve.failed[start]
        return np.asarray(risk * failure + (1 - risk) * (visit + slot * (end - start)) + self._curve.life[start] * life)

    def option_terms(self, option: int, *, standing: bool = True) -> dict[str, int]:
        """The cost of one option by term, in minor units; without ``standing``, of flying on until the visit."""
        at = slice(option, option + 1)
        removal = self.removal[at] if standing else self.kind.start[at]
        rows = self.terms(removal, self.kind.start[at], self.kind.end[at])
        return dict(zip(TERMS, rows[:, 0].tolist(), strict=True))

    def terms(self, removal: Ints, start: Ints, end: Ints) -> Ints:
        """The cost by term of placements, shape (len(TERMS), n), each rounded to minor units.

        Args:
            removal: Slot at which the asset is taken out of service, shape (n,).
            start: Slot at which the visit starts, shape (n,).
            end: Slot at which it ends, shape (n,).
        """
        failure, visit, slot, life = self._rates
        risk = self._curve.failed[removal]
        late = 0.0
        if self.task.deadline is not None and self.task.deadline.late_minor_per_h is not None:
            late = self.task.deadline.late_minor_per_h * self._grid.slot_h
        rows = [
            risk * failure,
            (1 - risk) * visit,
            (1 - risk) * (end - removal) * slot,
            self._curve.life[removal] * life,
            self.slip(end) * late,
            np.full(len(start), 0)
            if self._previous is None
            else (start != self._previous.start) * self._weights.move_minor,
        ]
        return np.rint(np.array(rows, dtype=np.float64)).astype(np.int64)

    def term(self, name: str) -> Ints:
        """One term of every option, in minor units, shape (n,)."""
        return np.asarray(self.terms(self.removal, self.kind.start, self.kind.end)[TERMS.index(name)])

    def slip(self, end: Ints) -> Ints:
        """Slots by which visits that end so miss the deadline, shape (n,)."""
        deadline = self.task.deadline
        return np.zeros_like(end) if deadline is None else np.maximum(end - deadline.slot, 0)

    def risk_at(self, slot: int) -> float:
        """P(failed before the slot), in [0, 1]."""
        return float(self._curve.failed[slot])

    def _breaches(self) -> Ints:
        breach = np.zeros(len(self.kind.start), dtype=np.int64)
        if self._hard_deadline:
            breach += self.slip(self.kind.end)
        if self.task.frozen is not None:
            breach += np.abs(self.kind.start - self.task.frozen.start)
        return breach

    def _leave_out(self) -> Later:
        """The cheapest visit that starts after the horizon, as long as the shortest one within it."""
        slots = self._grid.slots
        spans = (self.kind.end - self.kind.start)[self.allowed]
        length = int(spans.min()) if len(spans) else self.task.work_slots
        removal = np.arange(len(self._curve.failed))
        start = np.maximum(removal, slots)
        terms = self.terms(removal, start, start + length)
        cost, late = terms.sum(axis=0), self.slip(start + length)
        breach = late if self._hard_deadline else np.zeros_like(late)
        best = int(np.lexsort((-removal, cost, breach))[0])
        broken = int(breach[best]) + (slots + 1 if self.task.frozen else 0)
        return Later(
            int(start[best]), int(removal[best]), dict(zip(TERMS, terms[:, best].tolist(), strict=True)), broken
        )


def kind_of(problem: SchedulingProblem, crew: Crew, work_slots: int, needs: tuple[Need, ...]) -> Kind:
    """The options of tasks with this work and these needs: each start at which their people could begin.

    A visit ends with the slot in which its work is done. Working in overtime is an option of its own where it makes a
    difference.
    """
    demand = crew.demand_of(needs)
    masks = np.array([crew.workable(demand, overtime=False), crew.workable(demand, overtime=True)])
    spans = [_spans(mask, work_slots) for mask in masks]
    known = set(zip(*(column.tolist() for column in spans[0]), strict=True))
    fresh = np.array([pair not in known for pair in zip(*(column.tolist() for column in spans[1]), strict=True)], bool)
    start = np.concatenate([spans[0][0], spans[1][0][fresh]])
    end = np.concatenate([spans[0][1], spans[1][1][fresh]])
    overtime = (np.arange(len(start)) >= len(spans[0][0])).astype(np.int64)
    return Kind(demand, masks, start, end, overtime)


def _spans(mask: Bools, work_slots: int) -> tuple[Ints, Ints]:
    working = np.flatnonzero(mask).astype(np.int64)
    count = max(0, len(working) - work_slots + 1)
    return working[:count], working[work_slots - 1 :][:count] + 1


def bay_classes(problem: SchedulingProblem) -> list[BayClass]:
    """The bays in classes: alike are those with the same closed spans in which no visit is frozen."""
    slots = problem.grid.slots
    fixed = {task.frozen.bay for task in problem.tasks if task.frozen}
    classes: dict[tuple[str, bytes], list[int]] = {}
    for place, bay in enumerate(problem.bays):
        own = bay.id if bay.id in fixed else ""
        classes.setdefault((own, covered(bay.closed, slots).tobytes()), []).append(place)
    return [
        BayClass(tuple(places), len(places) * (~covered(problem.bays[places[0]].closed, slots)).astype(np.int64))
        for places in classes.values()
    ]
