"""A second evaluator of rate documents, second by second, for the tests only: time is an array, one entry a second.

Written from the text of the rate document and not from the engine: reports, windows and claims are painted over each
other in their order, and then everything is counted. The money is that of the evaluator that walks in steps. A local
time is the first second whose clock shows it or a later one. It takes documents whose times are whole seconds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tests.billing.outcomes.brute import Brute
from tests.billing.outcomes.documents import DAYS, Json

Mask = NDArray[np.bool_]

_DAY_S = 86_400
_AROUND = timedelta(days=5)
_CODES = {"up": 0, "down": 1, "unknown": 2}
_GRAVER = {"up": 0, "unknown": 1, "down": 2}
_COUNTS = ("up", "down", "unknown:up", "unknown:down", "unknown:out")
_UNITS = {"D": _DAY_S, "S": 1}


def mismatch(document: Json, answer: Json) -> str | None:
    """Where a printed outcome is not what this evaluator makes of the document; None where all is the same."""
    expected = Seconds(document).rate_all()
    for name in ("fee_minor", "total_minor"):
        if answer[name] != expected[name]:
            return f"{name} is {answer[name]}, not {expected[name]}"
    for number, (wanted, found) in enumerate(zip(expected["clauses"], answer["clauses"], strict=True)):
        shown = {name: wanted[name] for name in ("status", "excluded_s", "committed_s", "down_s", "unknown_s")}
        shown |= {
            "ratio": None if wanted["ratio"] is None else str(wanted["ratio"]),
            "coverage_percent": None if wanted["coverage"] is None else shown_percent(wanted["coverage"]),
            "amount_minor": wanted["amount"],
        }
        for name, value in shown.items():
            if found[name] != value:
                return f"{name} of clause {number} is {found[name]}, not {value}"
    return None


@cache
def shown_around(zone: str, day: date) -> tuple[int, NDArray[np.int64]]:
    """The first second of some days around a day, and the latest wall time shown up to each of them, in seconds.

    Clocks change at full minutes.
    """
    first = int((datetime(day.year, day.month, day.day, tzinfo=UTC) - _AROUND).timestamp())
    minutes = range(first, first + 14 * _DAY_S, 60)
    ahead = [datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=UTC).timestamp() - at for at in minutes]
    shown = np.arange(first, minutes.stop, dtype=np.int64) + np.repeat(np.array(ahead, np.int64), 60)
    return first, np.maximum.accumulate(shown)


class Seconds(Brute):
    """One document, evaluated second by second."""

    seconds = 1

    def __init__(self, document: Json) -> None:
        self.document, self.contract = document, document["contract"]
        self.zone = self.contract["time_zone"]
        self.day = date.fromisoformat(document["period"]["start"])
        self.start, self.end = self.step(document["period"]["start"]), self.step(document["period"]["end"])
        self.as_of = self.step(document["as_of"])
        self.closing = self.end + seconds_of(self.contract["correction_window"])
        self.period = range(self.start, self.end)

    def step(self, text: str) -> int:
        """Seconds since 1970."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        first, shown = shown_around(self.zone, self.day)
        return first + int(np.searchsorted(shown, int(moment.replace(tzinfo=UTC).timestamp())))

    def painted(self, mask: Mask, start: int, end: int) -> None:
        """Set what lies in the period of a span."""
        mask[max(0, start - self.start) : max(0, end - self.start)] = True

    def nothing(self) -> Mask:
        return np.zeros(len(self.period), np.bool_)

    # -- time ------------------------------------------------------------------------------------------------------

    def reported(self, asset: str) -> tuple[int, NDArray[np.int8]]:
        """The first second that anything is known of, and the state at each from there on."""
        known = self.document["evidence"][asset]
        return self.told(known["states"], known["initial"])

    def told(self, states: list[Json], initial: str | None) -> tuple[int, NDArray[np.int8]]:
        """The same of any reports."""
        reports = [
            (self.step(one["received"]), start, -end, _GRAVER[one["state"]], end, _CODES[one["state"]])
            for one in self.in_time(states)
            if (start := self.step(one["from"])) < (end := self.step(one["to"]))
        ]
        first = min([self.start, *(start for _, start, *_ in reports)])
        last = max([self.end, *(end for *_, end, _ in reports)])
        painted = np.full(last - first, _CODES[initial or "unknown"], np.int8)
        for _, start, _, _, end, code in sorted(reports):
            painted[start - first : end - first] = code
        return first, painted

    def here(self, asset: str) -> Mask:
        service = self.document["evidence"][asset]["in_service"] or {"from": None, "to": None}
        mask = self.nothing()
        self.painted(
            mask,
            self.start if service["from"] is None else self.step(service["from"]),
            self.end if service["to"] is None else self.step(service["to"]),
        )
        return mask

    def present_for(self, asset: str) -> int:
        return int(self.here(asset).sum())

    def opened(self, clause: Json) -> Mask:
        mask = self.nothing()
        if clause["calendar"] is None:
            return ~mask
        for offset in range(-3, 6):
            day = self.day + timedelta(days=offset)
            for window in clause["calendar"]["weekly"]:
                if day.isoformat() in clause["calendar"]["holidays"] or DAYS[day.weekday()] not in window["days"]:
                    continue
                last = day + timedelta(days=1) if window["to"] == "24:00" or window["to"] <= window["from"] else day
                closes = "00:00" if window["to"] == "24:00" else window["to"]
                self.painted(mask, self.step(f"{day}T{window['from']}"), self.step(f"{last}T{closes}"))
        return mask

    def taken(self, clause: Json, asset: str, service: Mask) -> Mask:
        """What exclusions take of the service time: the first free seconds that are claimed, as many as allowed."""
        taken = self.nothing()
        for rule in clause["exclusions"]:
            claimed = self.nothing()
            for claim in self.document["exclusions"]:
                if claim["category"] == rule["category"] and asset in claim["assets"] and self.holds(claim):
                    self.painted(claimed, self.step(claim["from"]), self.step(claim["to"]))
            free = np.flatnonzero(service & ~taken & claimed)
            taken[free if rule["allowance"] is None else free[: seconds_of(rule["allowance"])]] = True
        return taken

    def holds(self, claim: Json) -> bool:
        withdrawn = claim.get("withdrawn")
        if claim["approved"] is None or self.step(claim["approved"]) > self.as_of:
            return False
        return withdrawn is None or self.step(withdrawn) > self.as_of

    def meaning(self, clause: Json, asset: str) -> NDArray[np.int8]:
        """What each second of the period counts as, by its place in ``_COUNTS``."""
        first, states = self.reported(asset)
        counts = np.zeros(len(states), np.int8)
        edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
        before = None
        for left, right in pairwise(edges):
            state = int(states[left])
            if state == _CODES["down"]:
                counts[left : left + counted_s(right - left, clause["outages"])] = _COUNTS.index("down")
            elif state == _CODES["unknown"]:
                counts[left:right] = self.gap(right - left, before, clause["gaps"])
            before = "down" if state == _CODES["down"] else "up" if state == _CODES["up"] else None
        return counts[self.start - first : self.end - first]

    @staticmethod
    def gap(length: int, before: str | None, rule: Json) -> NDArray[np.int8]:
        """What the seconds of a gap count as."""
        fixed = {"as_up": "up", "as_down": "down", "exclude": "out"}
        if rule["policy"] in fixed:
            return np.full(length, _COUNTS.index(f"unknown:{fixed[rule['policy']]}"), np.int8)
        counts = np.full(length, _COUNTS.index(f"unknown:{rule['then']}"), np.int8)
        if before is not None:
            counts[: seconds_of(rule["carry"])] = _COUNTS.index(f"unknown:{before}")
        return counts

    # -- one asset under one clause --------------------------------------------------------------------------------

    def measure(self, clause: Json, asset: str) -> tuple[dict[str, int], Fraction, Fraction]:
        """Seconds by category, numerator and denominator."""
        here = self.here(asset)
        service = here & self.opened(clause)
        excluded = self.taken(clause, asset, service)
        committed = service & ~excluded
        by_count = np.bincount(self.meaning(clause, asset)[committed], minlength=len(_COUNTS)).tolist()
        categories = dict(zip(_COUNTS, by_count, strict=True)) | {
            "out_of_service": int((~here).sum()),
            "off_calendar": int((here & ~service).sum()),
            "excluded": int(excluded.sum()),
        }
        length, indicator = int(committed.sum()), clause["indicator"]
        if indicator["kind"] == "throughput":
            hours = Fraction(length, 3600) if indicator["hours"] == "committed" else Fraction(indicator["hours"])
            return categories, self.volume(asset), hours * Fraction(indicator["target"]) if length else Fraction(0)
        if indicator["kind"] == "mean_rate":
            return categories, length - self.in_error(asset, committed), Fraction(length)
        if indicator["kind"] == "response":
            decided = self.answers(clause, asset, committed)
            return categories, Fraction(decided.count(True)), Fraction(len(decided))
        up = Fraction(categories["up"] + categories["unknown:up"])
        return categories, up, up + categories["down"] + categories["unknown:down"]

    def answers(self, clause: Json, asset: str, committed: Mask) -> list[bool]:
        """Whether each incident that is decided was met: down seconds with no up second between them are one."""
        first, state = self.trouble(clause, asset)
        name, since = clause["indicator"].get("of"), self.start - first
        holds = np.zeros(len(state), np.bool_)
        if name is not None:
            begins, condition = self.told(self.document["evidence"][asset]["conditions"][name], None)
            holds[since : since + len(committed)] = (condition == _CODES["up"])[self.start - begins :][: len(committed)]
        runs = np.zeros(len(state), np.bool_)
        runs[since : since + len(committed)] = committed
        ups = np.cumsum(state == _CODES["up"])
        decided = []
        for number in np.unique(ups[state == _CODES["down"]]).tolist():
            seconds = np.flatnonzero((ups == number) & (state == _CODES["down"]))
            ticks = seconds[runs[seconds]]
            if not len(ticks) or len(seconds) < seconds_of(clause["outages"]["minimum"]):
                continue
            over = int(np.searchsorted(ups, number, side="right"))
            helped = np.flatnonzero(holds[seconds[0] : over]) + seconds[0]
            stopped = int(helped[0]) if len(helped) else over
            late = int((ticks < stopped).sum()) > seconds_of(clause["indicator"]["within"])
            if late or stopped < since + len(committed):
                decided.append(not late)
        return decided

    def trouble(self, clause: Json, asset: str) -> tuple[int, NDArray[np.int8]]:
        """The first second that anything is known of, and the state at each with unknown ones as they count."""
        first, state = self.reported(asset)
        edges = [0, *(np.flatnonzero(np.diff(state)) + 1).tolist(), len(state)]
        counts = np.array([0, 1, 0, 1, 2], np.int8)  # what each of _COUNTS is as a state
        before, found = None, state.copy()
        for left, right in pairwise(edges):
            if state[left] == _CODES["unknown"]:
                found[left:right] = counts[self.gap(right - left, before, clause["gaps"])]
            before = {_CODES["down"]: "down", _CODES["up"]: "up"}.get(int(state[left]))
        return first, found

    def in_error(self, asset: str, committed: Mask) -> Fraction:
        """Committed seconds, each weighted by its error share; the report received last is on top."""
        reports = self.in_time(self.document["evidence"][asset]["rates"])
        reports = sorted(reports, key=lambda one: self.step(one["received"]) if one.get("received") else -1)
        top = np.full(len(self.period), len(reports), np.int64)
        for number, one in enumerate(reports):
            top[max(0, self.step(one["from"]) - self.start) : max(0, self.step(one["to"]) - self.start)] = number
        seconds = np.bincount(top[committed], minlength=len(reports) + 1).tolist()
        return sum(
            (Fraction(one["value"]) * seconds[number] for number, one in enumerate(reports)),
            Fraction(0),
        )


def shown_percent(ratio: Fraction) -> str:
    """A ratio in percent with six digits, the rest cut off."""
    millionths = int(ratio * 10**8)
    return f"{millionths // 10**6}.{millionths % 10**6:06d}"


def seconds_of(duration: str) -> int:
    """``P6D`` or ``PT30S`` in seconds."""
    return int(duration.lstrip("PT")[:-1]) * _UNITS[duration[-1]]


def counted_s(length: int, rule: Json) -> int:
    """How many seconds of an outage count."""
    minimum, quantum = seconds_of(rule["minimum"]), seconds_of(rule["quantum"])
    if length < minimum:
        return 0
    while quantum and length % quantum:
        length -= 1
    return length
