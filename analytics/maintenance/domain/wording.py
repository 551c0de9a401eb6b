"""The figures of a plan in plain English sentences, for pages, findings and progress bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analytics.maintenance.domain.plan import Deferral, Obstacle, Visit, VisitReason
from analytics.maintenance.domain.problem import SchedulingProblem
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import exponent

_MOST_BAYS = 4


def amount(minor: int, currency: str) -> str:
    """An amount in whole major units with its currency, such as ``46,500 EUR``."""
    return f"{round(minor / 10 ** exponent(currency)):,} {currency}"


class Speaker:
    """Says what a problem's plans hold: names in place of ids, local times in place of slots.

    Args:
        problem: The problem that the plans solve.

    Raises:
        UnknownZoneError: The problem's time zone is none.
        UnknownCurrencyError: Its currency is none.
    """

    def __init__(self, problem: SchedulingProblem) -> None:
        self._problem = problem
        self._zone = time_zone(problem.time_zone)
        exponent(problem.currency)
        assets = {asset.id: asset.name for asset in problem.assets}
        self._names = {task.id: assets[task.asset] for task in problem.tasks}
        self._bays = {bay.id: bay.name for bay in problem.bays}

    def name(self, task: str) -> str:
        """The name of the asset that a task restores."""
        return self._names[task]

    def bay(self, bay: str) -> str:
        """The name of a bay."""
        return self._bays[bay]

    def moment(self, slot: int) -> str:
        """When a slot begins, in the problem's zone, such as ``Tue 1 Sep 2026 06:00``."""
        local = self._problem.grid.at(slot).astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %Y %H:%M}"

    def length(self, slots: int) -> str:
        """A number of slots in days, hours and minutes, such as ``1 day 6 h``."""
        minutes = slots * self._problem.grid.slot_s // 60
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        parts = [
            f"{days} day{'s' if days != 1 else ''}" if days else "",
            f"{hours} h" if hours else "",
            f"{rest} min" if rest else "",
        ]
        return " ".join(filter(None, parts)) or "0 h"

    def money(self, minor: int) -> str:
        """An amount in the problem's currency."""
        return amount(minor, self._problem.currency)

    def obstacle(self, obstacle: Obstacle) -> str:
        """What stood in the way, as a clause, such as ``Bay 2 is busy with Engine 84 until Thu 3 Sep 2026 22:00``."""
        names = listed(self.name(holder.task) for holder in obstacle.holders)
        until = self.moment(max((holder.end for holder in obstacle.holders), default=obstacle.slot))
        if obstacle.bay is not None:
            bay = self._bays[obstacle.bay]
            if not obstacle.holders:
                return f"{bay} is closed at {self.moment(obstacle.slot)}"
            return f"{bay} is busy with {names} from {self.moment(obstacle.holders[0].start)} until {until}"
        people = f"{obstacle.needed} with {' or '.join(obstacle.skills)} needed at {self.moment(obstacle.slot)}"
        free = f"{obstacle.available} free"
        return f"{people} and {free}" + (f" (the others work on {names} until {until})" if names else "")

    def obstacles(self, obstacles: Sequence[Obstacle]) -> str:
        """What stood in the way: of many bays those that are free again first, or else the people."""
        bays = [one for one in obstacles if one.bay is not None]
        if not bays:
            return listed(self.obstacle(one) for one in obstacles)
        if len(bays) > _MOST_BAYS:
            bays.sort(key=lambda one: max((holder.end for holder in one.holders), default=one.slot))
        told = [self.obstacle(one) for one in bays[:_MOST_BAYS]]
        rest = len(bays) - len(told)
        return listed([*told, f"{rest} more bay{'s' if rest > 1 else ''} for longer"] if rest else told)

    def visit(self, visit: Visit) -> tuple[str, ...]:
        """Why a visit is where it is: what and when, what it costs, what decided it, what else was possible."""
        name, bay = self.name(visit.task), self._bays[visit.bay]
        start, end = self.moment(visit.start_slot), self.moment(visit.end_slot)
        return (
            f"{name} is visited from {start} to {end} in {bay}.",
            self._costs(visit),
            *(self._because(visit, code) for code in visit.reason.codes),
            *self._otherwise(visit.reason),
        )

    def _costs(self, visit: Visit) -> str:
        terms = visit.terms
        parts = [f"{_percent(visit.failure_probability)} to have failed by then ({self.money(terms['failure'])})"]
        parts.append(f"{self.money(terms['life'])} of remaining life given up")
        parts.append(f"{self.money(terms['visit'])} for the visit")
        parts.append(f"{self.money(terms['downtime'])} out of service")
        for term, word in (("lateness", "for being late"), ("moved", "for moving it"), ("overtime", "of overtime")):
            if terms[term]:
                parts.append(f"{self.money(terms[term])} {word}")
        return f"It is expected to cost {self.money(visit.cost_minor)}: {listed(parts)}."

    def _because(self, visit: Visit, code: str) -> str:
        reason = visit.reason
        best = self.moment(reason.best.start_slot) if reason.best else ""
        saved = self.money(next((value for key, value in reason.saved_minor.items() if key == code), 0))
        waiting = self.money(reason.waiting_minor)
        taken = self.obstacles(reason.obstacles)
        sentences = {
            "frozen": "People have fixed this visit.",
            "at_its_best": "This is its best start even with every bay and everybody free.",
            "best_start_taken": f"Its best start, {best}, was not free: {taken}; that costs {waiting}.",
            "best_start_dearer": f"Its best start, {best}, is free, but beside the other visits it would need people "
            f"in overtime; being elsewhere costs {waiting}.",
            "pulled_by_deadline": f"But for its deadline it could come later; the deadline costs {saved}.",
            "kept_in_place": f"It stays where the plan before had it; moving it would save {saved}, less than the "
            "price of a move.",
            "works_in_overtime": f"Working in overtime saves {saved} against the best start without.",
            "stands_still": f"It is taken out of service at {self.moment(visit.removal_slot)} and waits: flying on "
            f"until the visit would cost {saved} more.",
        }
        return sentences[code]

    def _otherwise(self, reason: VisitReason) -> Iterator[str]:
        if reason.alternatives:
            starts = [
                f"{self.moment(one.start_slot)} ({self.money(one.extra_minor)} more)" for one in reason.alternatives
            ]
            yield f"The next-best starts are {listed(starts)}."
        if reason.left_out_extra_minor is not None:
            yield f"Leaving it out of the plan would cost {self.money(reason.left_out_extra_minor)} more."

    def deferral(self, deferral: Deferral) -> tuple[str, ...]:
        """Why an asset gets no visit."""
        name, end = self.name(deferral.task), self.moment(self._problem.grid.slots)
        sentences = [f"{name} gets no visit before {end}.", self._why_not(deferral)]
        chance = _percent(deferral.failure_probability)
        sentences.append(
            f"It has {chance} to have failed by then; with its cheapest visit after that, at "
            f"{self.moment(deferral.later_slot)}, it is expected to cost {self.money(deferral.cost_minor)}."
        )
        if deferral.removal_slot < self._problem.grid.slots:
            sentences.append(
                f"It is taken out of service at {self.moment(deferral.removal_slot)}, as flying on would cost more."
            )
        return tuple(sentences)

    def _why_not(self, deferral: Deferral) -> str:
        reason = deferral.reason
        best = self.moment(reason.best.start_slot) if reason.best else ""
        if reason.code == "later_is_cheaper" and reason.best:
            dearer = self.money(reason.best.cost_minor - deferral.cost_minor)
            return f"Its cheapest visit is later: the best start before then, {best}, would cost {dearer} more."
        if reason.code == "no_room":
            taken = self.obstacles(reason.obstacles) or "it would need people in overtime"
            other = "no other start is free"
            if reason.extra_minor is not None:
                other = f"the best free start would cost {self.money(reason.extra_minor)} more than leaving it out"
            return f"Its best start, {best}, is not free ({taken}), and {other}."
        if reason.short_skill is not None:
            return (
                f"It needs {reason.short_people} with {reason.short_skill} at once; at most {reason.most_people} are "
                "ever rostered."
            )
        if reason.roster_slots < reason.work_slots:
            return (
                f"Its work takes {self.length(reason.work_slots)}; its people are rostered together for "
                f"{self.length(reason.roster_slots)} before then."
            )
        return "No bay is open for as long as it takes."


def _percent(share: float) -> str:
    return f"a {100 * share:.1f} % chance"


def listed(parts: Iterable[str]) -> str:
    """Words in a row: ``a``, ``a and b``, ``a, b and c``."""
    words: Sequence[str] = list(parts)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
