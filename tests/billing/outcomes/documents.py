"""Rate documents for the tests: a plain one to change, and strategies that make up others."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from billing.outcomes.domain.document import RateDocument
from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.outcome import Outcome
from billing.outcomes.domain.printed import printed
from billing.outcomes.intake import read_rate_document
from tenants.kernel.canonical import canonical_json

Json = dict[str, Any]

STEP = timedelta(minutes=10)
"""Everything made up below is a multiple of this, so that an evaluator may walk in such steps."""

RECEIVED = "2026-12-01T00:00:00Z"

_CLAUSE: Json = {
    "id": "uptime",
    "indicator": {"kind": "availability"},
    "assets": ["m1"],
    "aggregate": "pooled",
    "calendar": None,
    "outages": {"minimum": "PT0S", "quantum": "PT0S"},
    "gaps": {"policy": "as_down"},
    "minimum_coverage": None,
    "exclusions": [],
    "remedies": [],
}

AWS_TIERS: Json = {
    "kind": "tiers",
    "tiers": [
        {"below": "99.9", "credit": "10"},
        {"below": "99.0", "credit": "25"},
        {"below": "95.0", "credit": "100"},
    ],
}


def a_clause(**changes: Any) -> Json:
    """A clause on availability of m1 around the clock, without remedies."""
    return copy.deepcopy(_CLAUSE) | changes


def a_document(
    *clauses: Json, evidence: Json | None = None, exclusions: list[Json] | None = None, **terms: Any
) -> Json:
    """A document for November 2026 in UTC with a flat fee of 10,000.00 EUR; terms change the contract or the rest."""
    outer = {name: terms.pop(name) for name in ("period", "as_of") if name in terms}
    contract = {
        "currency": "EUR",
        "time_zone": "UTC",
        "rounding": "half_even",
        "correction_window": "P365D",
        "fee": {"kind": "flat", "minor": 1000000},
        "clauses": list(clauses) or [a_clause()],
        "caps": {"period_percent": None, "year_remaining_minor": None},
    }
    return {
        "rate": 1,
        "period": {"start": "2026-11-01", "end": "2026-12-01"},
        "as_of": "2027-02-01T00:00:00Z",
        "contract": contract | terms,
        "evidence": {"m1": {"initial": "up"}} if evidence is None else evidence,
        "exclusions": exclusions or [],
    } | outer


def a_state(start: str, end: str, state: str = "down", received: str = RECEIVED) -> Json:
    return {"from": start, "to": end, "state": state, "received": received}


def seen(*states: Json, initial: str | None = "up", **more: Any) -> Json:
    """Evidence about one asset."""
    return {"initial": initial, "states": list(states), **more}


def read(document: Json) -> RateDocument:
    return read_rate_document(json.dumps(document).encode())


def outcome_of(document: Json) -> Outcome:
    return rate(read(document))


def rated(document: Json) -> Json:
    """The printed outcome; it is canonical JSON."""
    answer = printed(outcome_of(document))
    canonical_json(answer)
    return answer


def first(document: Json) -> Json:
    """The printed outcome of the first clause."""
    clause: Json = rated(document)["clauses"][0]
    return clause


# -- made up ----------------------------------------------------------------------------------------------------------

PLACES = (
    ("UTC", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 24)),
    ("America/New_York", date(2026, 3, 7)),
    ("America/New_York", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("America/Sao_Paulo", date(2018, 11, 3)),
    ("Pacific/Apia", date(2011, 12, 29)),
)
"""Zones, and a day just before their clocks change; Apia has no 30 December 2011."""

ASSETS = ("m1", "m2", "m3")
CATEGORIES = ("planned", "weather", "force_majeure")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def decimals(low: int, high: int, digits: int = 1) -> st.SearchStrategy[str]:
    scale = 10**digits
    return st.integers(low * scale, high * scale).map(lambda n: f"{n // scale}.{n % scale:0{digits}d}")


def durations(longest: int) -> st.SearchStrategy[str]:
    """Up to so many steps."""
    return st.integers(0, longest).map(lambda steps: f"PT{10 * steps}M")


@st.composite
def moments(draw: st.DrawFn, day: date, days: int = 3) -> str:
    """Within some days from the day before, local or exact."""
    steps = draw(st.integers(0, days * 144))
    at = datetime(day.year, day.month, day.day) - timedelta(days=1) + steps * STEP  # noqa: DTZ001 - local on purpose
    return at.isoformat(timespec="minutes") if draw(st.booleans()) else at.isoformat(timespec="seconds") + "Z"


@st.composite
def moments_received(draw: st.DrawFn, day: date) -> str:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=draw(st.integers(3, 9)))
    return at.isoformat().replace("+00:00", "Z")


@st.composite
def wall_times(draw: st.DrawFn) -> str:
    steps = draw(st.integers(0, 143))
    return f"{steps // 6:02d}:{steps % 6}0"


@st.composite
def windows(draw: st.DrawFn) -> Json:
    opens, closes = draw(wall_times()), draw(st.one_of(wall_times(), st.just("24:00")))
    if opens == closes:
        closes = "24:00"
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
    return {"days": days, "from": opens, "to": closes}


@st.composite
def calendars(draw: st.DrawFn, day: date) -> Json:
    free = draw(st.lists(st.integers(-1, 2), max_size=1))
    return {
        "weekly": draw(st.lists(windows(), min_size=1, max_size=2)),
        "holidays": [(day + timedelta(days=offset)).isoformat() for offset in free],
    }


@st.composite
def gap_rules(draw: st.DrawFn) -> Json:
    policy = draw(st.sampled_from(("as_up", "as_down", "exclude", "carry_forward")))
    if policy != "carry_forward":
        return {"policy": policy}
    return {"policy": policy, "carry": draw(durations(12)), "then": draw(st.sampled_from(("up", "down")))}


@st.composite
def steps(draw: st.DrawFn) -> Json:
    side, effect = draw(st.sampled_from(("below", "above"))), draw(st.sampled_from(("credit", "bonus")))
    return {
        "kind": "steps",
        side: draw(decimals(0, 100)),
        effect: draw(decimals(0, 3)),
        "per": draw(st.sampled_from(("0.1", "0.7", "1", "5"))),
        "step": draw(st.sampled_from(("full", "started"))),
        "cap": draw(st.one_of(st.none(), decimals(0, 20))),
    }


@st.composite
def tiers(draw: st.DrawFn) -> Json:
    below = draw(st.lists(decimals(1, 120), min_size=1, max_size=4, unique_by=float))
    return {"kind": "tiers", "tiers": [{"below": one, "credit": draw(decimals(0, 100))} for one in below]}


@st.composite
def indicators(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(("availability", "availability", "throughput", "mean_rate")))
    if kind == "throughput":
        hours = draw(st.one_of(st.just("committed"), decimals(1, 60)))
        return {"kind": kind, "unit": "m3", "target": draw(decimals(1, 40)), "per": "h", "hours": hours}
    return {"kind": kind} | ({"interval": "PT10M"} if kind == "mean_rate" else {})


@st.composite
def clauses(draw: st.DrawFn, name: str, day: date) -> Json:
    categories = draw(st.permutations(CATEGORIES))[: draw(st.integers(0, 3))]
    return {
        "id": name,
        "indicator": draw(indicators()),
        "assets": draw(st.lists(st.sampled_from(ASSETS), min_size=1, unique=True)),
        "aggregate": draw(st.sampled_from(("pooled", "mean", "worst", "per_asset"))),
        "calendar": draw(st.one_of(st.none(), calendars(day))),
        "outages": {"minimum": draw(durations(6)), "quantum": draw(durations(4))},
        "gaps": draw(gap_rules()),
        "minimum_coverage": draw(st.one_of(st.none(), decimals(0, 100))),
        "exclusions": [
            {"category": category, "allowance": draw(st.one_of(st.none(), durations(30)))} for category in categories
        ],
        "remedies": draw(st.lists(st.one_of(steps(), tiers()), max_size=3)),
    }


@st.composite
def fees(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(("flat", "per_asset", "metered")))
    minor = draw(st.integers(0, 10**7))
    if kind == "flat":
        return {"kind": kind, "minor": minor}
    if kind == "per_asset":
        return {"kind": kind, "minor": minor, "prorate": draw(st.sampled_from(("seconds", None)))}
    bounds = sorted(draw(st.sets(st.integers(1, 3000), max_size=3)))
    prices = [{"to": str(bound), "price": draw(decimals(0, 5, 3))} for bound in bounds]
    mode = draw(st.sampled_from(("graduated", "volume")))
    return {
        "kind": kind,
        "unit": "m3",
        "mode": mode,
        "tiers": [*prices, {"to": None, "price": draw(decimals(0, 5, 3))}],
        "minimum_minor": draw(st.one_of(st.none(), st.just(minor))),
    }


@st.composite
def spans(draw: st.DrawFn, day: date) -> tuple[str, str]:
    """Two exact moments in order, or two local ones on days of their own, so that they stay in order."""
    at, length = draw(st.integers(0, 420)), draw(st.integers(1, 60))
    start = datetime(day.year, day.month, day.day) - timedelta(days=1) + at * STEP  # noqa: DTZ001 - local on purpose
    if draw(st.booleans()):
        return f"{start.isoformat(timespec='minutes')}:00Z", f"{(start + length * STEP).isoformat()}Z"
    end = datetime(start.year, start.month, start.day) + timedelta(days=1, minutes=10 * length)  # noqa: DTZ001
    return start.isoformat(timespec="minutes"), end.isoformat(timespec="minutes")


@st.composite
def evidence(draw: st.DrawFn, day: date) -> Json:
    states = [
        a_state(*draw(spans(day)), draw(st.sampled_from(("up", "down", "unknown"))), draw(moments_received(day)))
        for _ in range(draw(st.integers(0, 7)))
    ]
    counters = [
        {
            "id": f"e{draw(st.integers(0, 8))}",
            "at": draw(moments(day)),
            "value": draw(decimals(0, 900)),
            "received": draw(moments_received(day)),
        }
        for _ in range(draw(st.integers(0, 6)))
    ]
    service = draw(st.one_of(st.none(), spans(day)))
    return {
        "in_service": service and {"from": service[0], "to": draw(st.sampled_from((service[1], None)))},
        "initial": draw(st.sampled_from(("up", "down", None))),
        "states": states,
        "counters": counters,
        "rates": draw(rates(day)),
    }


@st.composite
def rates(draw: st.DrawFn, day: date) -> list[Json]:
    """Disjoint spans of whole intervals, exact."""
    found: list[Json] = []
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=12)
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.integers(0, 40)) * STEP
        end = at + draw(st.integers(1, 20)) * STEP
        found.append(
            {
                "from": at.isoformat().replace("+00:00", "Z"),
                "to": end.isoformat().replace("+00:00", "Z"),
                "value": draw(st.sampled_from(("0", "0.25", "0.333", "1"))),
            }
        )
        at = end
    return found


@st.composite
def claims(draw: st.DrawFn, day: date) -> Json:
    start, end = draw(spans(day))
    early = st.just(f"{day.isoformat()}T00:00:00Z")
    return {
        "category": draw(st.sampled_from((*CATEGORIES, *CATEGORIES, "unheard_of"))),
        "assets": draw(st.lists(st.sampled_from(ASSETS), min_size=1, unique=True)),
        "from": start,
        "to": end,
        "approved": draw(st.one_of(early, early, moments_received(day), st.none())),
        "withdrawn": draw(st.one_of(st.none(), st.none(), moments_received(day))),
    }


@st.composite
def rate_documents(draw: st.DrawFn) -> Json:
    """Any document whose times are multiples of ten minutes, around a change of the clocks."""
    zone, day = draw(st.sampled_from(PLACES))
    return {
        "rate": 1,
        "period": {"start": day.isoformat(), "end": (day + timedelta(days=2)).isoformat()},
        "as_of": draw(moments_received(day)),
        "contract": {
            "currency": draw(st.sampled_from(("EUR", "JPY", "KWD"))),
            "time_zone": zone,
            "rounding": draw(st.sampled_from(("half_even", "half_up", "up", "down"))),
            "correction_window": f"P{draw(st.integers(1, 6))}D",
            "fee": draw(fees()),
            "clauses": [draw(clauses(f"clause {number}", day)) for number in range(draw(st.integers(1, 2)))],
            "caps": {
                "period_percent": draw(st.one_of(st.none(), decimals(0, 30))),
                "year_remaining_minor": draw(st.one_of(st.none(), st.integers(0, 10**6))),
            },
        },
        "evidence": {asset: draw(evidence(day)) for asset in ASSETS},
        "exclusions": draw(st.lists(claims(day), min_size=draw(st.sampled_from((0, 3))), max_size=6)),
    }
