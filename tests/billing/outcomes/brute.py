"""A second evaluator of rate documents, for the tests only: it walks through time in steps of ten minutes.

Written from the text of the rate document and not from the engine: sets of steps instead of spans, loops instead of
arithmetic. A local time is the first step whose clock shows it or a later one. Slow, and as simple as can be.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

SECONDS = 600
_RANK = {"up": 0, "unknown": 1, "down": 2}
_MINOR = {"EUR": 100, "JPY": 1, "KWD": 1000}


@cache
def clock(zone: str, year: int, month: int) -> tuple[int, list[datetime]]:
    """The latest wall time shown up to each step around a month."""
    start = int(datetime(year, month, 1, tzinfo=UTC).timestamp()) // SECONDS - 1000
    shown = [
        datetime.fromtimestamp((start + at) * SECONDS, ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        for at in range(9 * 144 + 6000)
    ]
    return start, list(accumulate(shown, max))


class Brute:
    """One document, evaluated step by step."""

    seconds = SECONDS

    def __init__(self, document: Json) -> None:
        self.document, self.contract = document, document["contract"]
        self.zone = self.contract["time_zone"]
        self.start, self.end = self.step(document["period"]["start"]), self.step(document["period"]["end"])
        self.as_of = self.step(document["as_of"])
        self.closing = self.end + steps_of(self.contract["correction_window"])
        self.period = range(self.start, self.end)

    def step(self, text: str) -> int:
        """The number of ten-minute steps since 1970 to a moment."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp()) // SECONDS
        first, shown = clock(self.zone, *self.month())
        return first + bisect_left(shown, moment)

    def month(self) -> tuple[int, int]:
        day = date.fromisoformat(self.document["period"]["start"])
        return day.year, day.month

    def in_time(self, items: list[Json]) -> list[Json]:
        limit = min(self.as_of, self.closing)
        return [item for item in items if item.get("received") is None or self.step(item["received"]) <= limit]

    # -- time ------------------------------------------------------------------------------------------------------

    def states(self, asset: str) -> dict[int, str]:
        known = self.document["evidence"][asset]
        reports = [(self.step(one["from"]), self.step(one["to"]), one) for one in self.in_time(known["states"])]
        reports = [one for one in reports if one[0] < one[1]]
        first = min([self.start, *(start for start, _, _ in reports)])
        last = max([self.end, *(end for _, end, _ in reports)])
        found = {}
        for at in range(first, last):
            over = [one for one in reports if one[0] <= at < one[1]]
            best = max(
                over,
                key=lambda one: (self.step(one[2]["received"]), one[0], -one[1], _RANK[one[2]["state"]]),
                default=None,
            )
            found[at] = (known["initial"] or "unknown") if best is None else best[2]["state"]
        return found

    def present(self, asset: str) -> set[int]:
        service = self.document["evidence"][asset]["in_service"] or {"from": None, "to": None}
        first = self.start if service["from"] is None else self.step(service["from"])
        last = self.end if service["to"] is None else self.step(service["to"])
        return {at for at in self.period if first <= at < last}

    def present_for(self, asset: str) -> int:
        """How many steps it was in service."""
        return len(self.present(asset))

    def service(self, clause: Json) -> set[int]:
        if clause["calendar"] is None:
            return set(self.period)
        found: set[int] = set()
        names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        for offset in range(-3, 6):
            day = date.fromisoformat(self.document["period"]["start"]) + timedelta(days=offset)
            for window in clause["calendar"]["weekly"]:
                if day.isoformat() in clause["calendar"]["holidays"] or names[day.weekday()] not in window["days"]:
                    continue
                last = day + timedelta(days=1) if window["to"] == "24:00" or window["to"] <= window["from"] else day
                closes = "00:00" if window["to"] == "24:00" else window["to"]
                first = self.step(f"{day}T{window['from']}")
                found |= set(range(first, self.step(f"{last}T{closes}")))
        return found & set(self.period)

    def excluded(self, clause: Json, asset: str, service: set[int]) -> set[int]:
        taken: set[int] = set()
        for rule in clause["exclusions"]:
            left = None if rule["allowance"] is None else steps_of(rule["allowance"])
            for at in sorted(service - taken):
                if left != 0 and self.claimed(rule["category"], asset, at):
                    taken.add(at)
                    left = None if left is None else left - 1
        return taken

    def claimed(self, category: str, asset: str, at: int) -> bool:
        return any(
            claim["category"] == category
            and asset in claim["assets"]
            and claim["approved"] is not None
            and self.step(claim["approved"]) <= self.as_of
            and (claim.get("withdrawn") is None or self.step(claim["withdrawn"]) > self.as_of)
            and self.step(claim["from"]) <= at < self.step(claim["to"])
            for claim in self.document["exclusions"]
        )

    def counted(self, clause: Json, asset: str) -> dict[int, str]:
        """What every known step counts as, and ``unknown:`` what the others do."""
        states = self.states(asset)
        minimum, quantum = steps_of(clause["outages"]["minimum"]), steps_of(clause["outages"]["quantum"])
        carry = steps_of(clause["gaps"].get("carry", "PT0M"))
        found: dict[int, str] = {}
        for run in runs_of(states):
            state, before = states[run[0]], states.get(run[0] - 1)
            if state == "down":
                whole = 0 if len(run) < minimum else len(run) // quantum * quantum if quantum else len(run)
                found |= {at: "down" if number < whole else "up" for number, at in enumerate(run)}
            elif state == "unknown":
                for number, at in enumerate(run):
                    carried = before if number < carry and before else clause["gaps"].get("then")
                    found[at] = {
                        "as_up": "unknown:up",
                        "as_down": "unknown:down",
                        "exclude": "unknown:out",
                        "carry_forward": f"unknown:{carried}",
                    }[clause["gaps"]["policy"]]
            else:
                found |= dict.fromkeys(run, "up")
        return found

    # -- one asset under one clause --------------------------------------------------------------------------------

    def measure(self, clause: Json, asset: str) -> tuple[dict[str, int], Fraction, Fraction]:
        """Steps by category, numerator and denominator."""
        present = self.present(asset)
        service = present & self.service(clause)
        excluded = self.excluded(clause, asset, service)
        committed, counted = service - excluded, self.counted(clause, asset)
        categories = dict.fromkeys(("up", "down", "unknown:up", "unknown:down", "unknown:out"), 0)
        for at in committed:
            categories[counted[at]] += 1
        categories |= {
            "out_of_service": len(set(self.period) - present),
            "off_calendar": len(present - service),
            "excluded": len(excluded),
        }
        indicator = clause["indicator"]
        if indicator["kind"] == "throughput":
            hours = Fraction(len(committed), 6) if indicator["hours"] == "committed" else Fraction(indicator["hours"])
            return categories, self.volume(asset), hours * Fraction(indicator["target"]) if committed else Fraction(0)
        if indicator["kind"] == "mean_rate":
            good = sum((1 - self.rate(asset, at) for at in committed), Fraction(0))
            return categories, good, Fraction(len(committed))
        up = Fraction(categories["up"] + categories["unknown:up"])
        return categories, up, up + categories["down"] + categories["unknown:down"]

    def rate(self, asset: str, at: int) -> Fraction:
        for one in self.document["evidence"][asset]["rates"]:
            if self.step(one["from"]) <= at < self.step(one["to"]):
                return Fraction(one["value"])
        return Fraction(0)

    def volume(self, asset: str) -> Fraction:
        known = self.in_time(self.document["evidence"][asset]["counters"])
        readings = {}
        for name in {one["id"] for one in known}:
            same = [one for one in known if one["id"] == name]
            last = max(same, key=lambda one: (self.step(one["received"]), self.step(one["at"]), Fraction(one["value"])))
            readings[name] = (self.step(last["at"]), self.step(last["received"]), Fraction(last["value"]), name)
        total, before = Fraction(0), None
        for at, _received, value, _name in sorted(readings.values()):
            if before is not None and self.start < at <= self.end:
                total += value - before if value >= before else value
            before = value
        return total

    # -- money -----------------------------------------------------------------------------------------------------

    def fee(self) -> tuple[Fraction, dict[str, Fraction]]:
        """The exact fee in minor units, and what each asset weighs in it."""
        fee, assets = self.contract["fee"], list(self.document["evidence"])
        shares = {asset: Fraction(self.present_for(asset), len(self.period)) for asset in assets}
        if fee["kind"] == "flat":
            return Fraction(fee["minor"]), shares
        if fee["kind"] == "per_asset":
            own = {asset: share if fee["prorate"] else Fraction(share > 0) for asset, share in shares.items()}
            return sum((fee["minor"] * share for share in own.values()), Fraction(0)), own
        volumes = {asset: self.volume(asset) for asset in assets}
        volume, charge, low, price = sum(volumes.values(), Fraction(0)), Fraction(0), Fraction(0), Fraction(0)
        for tier in fee["tiers"]:
            if volume > low or low == 0:
                price = Fraction(tier["price"])
                high = volume if tier["to"] is None else min(volume, Fraction(tier["to"]))
                charge += price * (high - low)
                low = high if tier["to"] is None else Fraction(tier["to"])
        if fee["mode"] == "volume":
            charge = price * volume
        exact = max(charge * _MINOR[self.contract["currency"]], Fraction(fee.get("minimum_minor") or 0))
        return exact, volumes if volume else shares

    def bases(self, clause: Json) -> dict[str, Fraction]:
        exact, weights = self.fee()
        fee = self.contract["fee"]
        if fee["kind"] == "per_asset":
            return {asset: fee["minor"] * weights[asset] for asset in clause["assets"]}
        over = list(clause["assets"]) if fee["kind"] == "flat" else list(weights)
        pool = sum((weights[asset] for asset in over), Fraction(0))
        return {asset: exact * weights[asset] / pool if pool else Fraction(0) for asset in clause["assets"]}

    def rate_clause(self, clause: Json) -> Json:
        measured = {asset: self.measure(clause, asset) for asset in clause["assets"]}
        ratios = {asset: top / bottom for asset, (_, top, bottom) in measured.items() if bottom}
        categories = {
            name: sum(parts[name] for parts, _, _ in measured.values()) for name in next(iter(measured.values()))[0]
        }
        unknown = sum(steps for name, steps in categories.items() if name.startswith("unknown"))
        committed = categories["up"] + categories["down"] + unknown
        ratio = self.aggregate(clause, measured, ratios)
        blameless = self.blameless(clause, measured)
        if ratio is None and blameless:
            ratio = Fraction(1)
        gate = clause["minimum_coverage"]
        settled = ratio is not None and (
            gate is None or Fraction(100 * (committed - unknown), committed) >= Fraction(gate)
        )
        credit = bonus = Fraction(0)
        if settled and clause["aggregate"] == "per_asset":
            for asset, own in (blameless | ratios).items():
                credit += self.bases(clause)[asset] * remedy(clause, own, "credit") / 100
                bonus += self.bases(clause)[asset] * remedy(clause, own, "bonus") / 100
        elif settled:
            credit = self.fee()[0] * remedy(clause, ratio, "credit") / 100
            bonus = self.fee()[0] * remedy(clause, ratio, "bonus") / 100
        return {
            "status": "settled" if settled else "indeterminate",
            "ratio": ratio,
            "coverage": Fraction(committed - unknown, committed) if committed else None,
            "excluded_s": categories["excluded"] * self.seconds,
            "committed_s": committed * self.seconds,
            "down_s": categories["down"] * self.seconds,
            "unknown_s": unknown * self.seconds,
            "credit": self.round(credit),
            "bonus": self.round(bonus),
        }

    @staticmethod
    def blameless(clause: Json, measured: Json) -> dict[str, Fraction]:
        """What assets that were promised to be helped in time have come to if nothing happened to them."""
        if clause["indicator"]["kind"] != "response":
            return {}
        uncommitted = {"out_of_service", "off_calendar", "excluded"}
        return {
            asset: Fraction(1)
            for asset, (parts, _, _) in measured.items()
            if any(steps for name, steps in parts.items() if name not in uncommitted)
        }

    @staticmethod
    def aggregate(clause: Json, measured: Json, ratios: dict[str, Fraction]) -> Fraction | None:
        if not ratios:
            return None
        if clause["aggregate"] == "worst":
            return sorted(ratios.values())[0]
        if clause["aggregate"] == "mean":
            return sum(ratios.values(), Fraction(0)) * Fraction(1, len(ratios))
        top = sum((measured[asset][1] for asset in ratios), Fraction(0))
        bottom: Fraction = sum((measured[asset][2] for asset in ratios), Fraction(0))
        return top / bottom

    def round(self, exact: Fraction) -> int:
        """By hand: the whole numbers around it, and the rule that picks one."""
        below = int(exact)
        rest = exact - below
        if self.contract["rounding"] == "down" or rest == 0:
            return below
        if self.contract["rounding"] == "up" or rest > Fraction(1, 2):
            return below + 1
        if rest < Fraction(1, 2):
            return below
        return below + 1 if self.contract["rounding"] == "half_up" or below % 2 else below

    def rate_all(self) -> Json:
        """Fee, total and clauses, with what every clause adds."""
        fee_minor = self.round(self.fee()[0])
        clauses = [self.rate_clause(clause) for clause in self.contract["clauses"]]
        credits_minor, caps = [clause["credit"] for clause in clauses], self.contract["caps"]
        limit = sum(credits_minor)
        if caps["period_percent"] is not None:
            limit = min(limit, int(Fraction(caps["period_percent"]) * fee_minor / 100))
        if caps["year_remaining_minor"] is not None:
            limit = min(limit, caps["year_remaining_minor"])
        granted = shared(limit, credits_minor)
        for clause, credit in zip(clauses, granted, strict=True):
            clause["amount"] = clause["bonus"] - credit if clause["status"] == "settled" else None
        total = fee_minor + sum(clause["amount"] or 0 for clause in clauses)
        return {"fee_minor": fee_minor, "total_minor": total, "clauses": clauses}


def steps_of(duration: str) -> int:
    """``P6D`` or ``PT30M`` in steps."""
    return int(duration[1:-1]) * 144 if duration.endswith("D") else int(duration[2:-1]) // 10


def runs_of(states: dict[int, str]) -> list[list[int]]:
    """Neighbouring steps of one state."""
    runs: list[list[int]] = []
    for at in sorted(states):
        if runs and states[runs[-1][-1]] == states[at]:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def remedy(clause: Json, ratio: Fraction | None, effect: str) -> Fraction:
    """Percent of the base, by counting steps one by one."""
    assert ratio is not None
    percent, total = 100 * ratio, Fraction(0)
    for one in clause["remedies"]:
        if one["kind"] == "tiers":
            holding = [tier for tier in one["tiers"] if percent < Fraction(tier["below"])]
            holding.sort(key=lambda tier: Decimal(tier["below"]))
            total += Fraction(holding[0]["credit"]) if holding and effect == "credit" else 0
        elif effect in one:
            left = Fraction(one["below"]) - percent if "below" in one else percent - Fraction(one["above"])
            count, per = 0, Fraction(one["per"])
            while left >= per or (left > 0 and one["step"] == "started"):
                count, left = count + 1, left - per
            earned = count * Fraction(one[effect])
            total += earned if one["cap"] is None else min(earned, Fraction(one["cap"]))
    return total


def shared(total: int, weights: list[int]) -> list[int]:
    """Largest remainder, one unit at a time."""
    if not sum(weights):
        return [0] * len(weights)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    shares = [int(share) for share in exact]
    while sum(shares) < total:
        behind = [share - given for share, given in zip(exact, shares, strict=True)]
        shares[behind.index(max(behind))] += 1
    return shares
