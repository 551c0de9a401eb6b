"""A settled month in memory, from the contract to the report, as an honest supplier makes it and as a dishonest one.

Northwind's excavators in March 2026, in which clocks go forward: uptime with exclusions, tonnes by the hour, energy by
tonne, a metered fee, and a comparison with a world that did not happen.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from billing.contracts.agreement import AgreementDocument
from billing.outcomes.assembly import rate_document, rated
from billing.reports.verifier import Check, verify_report
from billing.statements.domain import figures, outcome_lines, total
from billing.statements.standing import SettledAmount, Standing
from tenants.kernel.canonical import digest
from tests.billing.outcomes.documents import Json, a_clause, a_state
from tests.billing.reports.bundles import FINGERPRINT, Log

ASSETS = [f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2)]
CONTRACT = "00000000-0000-4000-8000-0000000000c0"
PERIOD = {"start": "2026-02-28T23:00:00Z", "end": "2026-03-31T22:00:00Z"}
AS_OF = "2026-04-05T00:00:00Z"
CLAIM = "The outcome recomputed from the evidence segments equals the statement"
COMPARED = "What it is compared with, recomputed, equals the statement"

CLAUSES = [
    a_clause(
        id="uptime",
        assets=ASSETS,
        aggregate="per_asset",
        calendar={
            "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "04:00", "to": "02:30"}],
            "holidays": ["2026-03-08"],
        },
        outages={"minimum": "PT5M", "quantum": "PT1M"},
        gaps={"policy": "carry_forward", "carry": "PT2H", "then": "down"},
        minimum_coverage="90",
        exclusions=[{"category": "planned", "allowance": "PT6H"}, {"category": "weather", "allowance": None}],
        remedies=[
            {"kind": "steps", "above": "99.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"},
            {"kind": "tiers", "tiers": [{"below": "99.0", "credit": "10"}, {"below": "97.0", "credit": "25"}]},
        ],
    ),
    a_clause(
        id="loading",
        assets=ASSETS,
        indicator={"kind": "throughput", "unit": "t", "target": "30", "per": "h", "hours": "committed", "of": "volume"},
        remedies=[{"kind": "steps", "below": "100", "credit": "1.5", "per": "1", "step": "started", "cap": "20"}],
    ),
    a_clause(
        id="energy",
        assets=ASSETS[:1],
        indicator={
            "kind": "ratio", "of": "energy", "per": "volume", "unit": "kWh/t", "target": "2", "better": "lower",
        },
    ),
    a_clause(
        id="cold", assets=ASSETS[:1], gaps={"policy": "exclude"}, indicator={"kind": "availability", "of": "cold"}
    ),
]  # fmt: skip
TERMS: Json = {
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "rounding": "half_even",
    "correction_window": "P35D",
    "fee": {
        "kind": "metered", "unit": "t", "mode": "graduated", "of": "volume",
        "tiers": [{"to": "20000", "price": "1.20"}, {"to": None, "price": "1.05"}],
    },
    "clauses": CLAUSES,
    "caps": {"period_percent": "17", "year_remaining_minor": None},
}  # fmt: skip
AGREEMENT: Json = {
    "agreement": 1,
    "contract": CONTRACT,
    "version": 2,
    "title": "Excavators",
    "customer": "00000000-0000-4000-8000-0000000000cc",
    "twin": "00000000-0000-4000-8000-0000000000ff",
    "twin_name": "Pit",
    "effective": {"from": "2026-01-01", "to": None},
    "terms": TERMS,
    "preapproved": [],
    "assumptions": None,
    "tax_percent": "19",
    "payment_days": 30,
    "parties": {"provider": "Meridian", "customer": "Northwind"},
    "assets": {asset: f"E-{number}" for number, asset in enumerate(ASSETS, 1)},
}


def _counter(asset: str, name: str, *values: str) -> list[Json]:
    """Readings at the start of the month and each ten days on."""
    days = ("2026-02-28T23:00:00Z", "2026-03-10T23:00:00Z", "2026-03-20T23:00:00Z", "2026-03-31T22:00:00Z")
    return [
        {"id": f"{asset}/{name}/{at}", "at": at, "value": value, "received": "2026-04-01T00:00:00Z"}
        for at, value in zip(days, values, strict=True)
    ]


def _segment(number: int, *states: Json, **more: Any) -> Json:
    return {
        "asset": ASSETS[number],
        "name": f"E-{number + 1}",
        **PERIOD,
        "rule": {"words": "of the type"},
        "in_service": None,
        "initial": "up",
        "states": list(states),
        **more,
    }


SEGMENTS = [
    _segment(
        0,
        a_state("2026-03-15T08:00:00Z", "2026-03-15T14:30:30Z", received="2026-03-15T15:00:00Z"),
        a_state("2026-03-29T03:00:00Z", "2026-03-29T10:00:00Z", received="2026-03-29T11:00:00Z"),
        a_state("2026-03-29T09:00:00Z", "2026-03-29T10:00:00Z", "up", received="2026-06-01T00:00:00Z"),
        measures={
            "volume": _counter(ASSETS[0], "volume", "1000.5", "8100", "300", "7050.25"),
            "energy": _counter(ASSETS[0], "energy", "0", "14000", "27000.125", "30100"),
        },
        conditions={"cold": [a_state("2026-03-01T00:00:00Z", "2026-03-21T00:00:00Z", "up", "2026-03-31T00:00:00Z")]},
    ),
    _segment(
        1,
        a_state("2026-03-03T08:00:00Z", "2026-03-03T08:04:00Z", received="2026-03-03T09:00:00Z"),
        a_state("2026-03-20T06:00:00Z", "2026-03-20T12:00:00Z", "unknown", received="2026-03-21T00:00:00Z"),
        in_service={"from": None, "to": "2026-03-30T22:00:00Z"},
        measures={
            "volume": _counter(ASSETS[1], "volume", "0", "4000", "8000", "9999.9"),
            "energy": _counter(ASSETS[1], "energy", "0", "1", "2", "3"),
        },
        conditions={"cold": []},
    ),
]


def _claim(number: int, category: str, start: str, end: str) -> Json:
    return {
        "exclusion": f"00000000-0000-4000-8000-0000000000e{number}",
        "contract": CONTRACT,
        "category": category,
        "assets": [ASSETS[0], "somebody else's"],
        "from": start,
        "to": end,
        "evidence": {"order": number},
        "claimed_by": "planner",
        "claimed_at": "2026-03-01T00:00:00Z",
    }


CLAIMS = [
    _claim(1, "planned", "2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z"),
    _claim(2, "weather", "2026-03-29T02:00:00Z", "2026-03-29T08:00:00Z"),
    _claim(3, "weather", "2026-03-15T08:00:00Z", "2026-03-15T09:00:00Z"),
    _claim(4, "planned", "2026-03-15T10:00:00Z", "2026-03-15T11:00:00Z"),
]


def _decision(number: int, verdict: str, at: str) -> Json:
    return {
        "exclusion": CLAIMS[number - 1]["exclusion"], "decision": verdict, "why": "", "decided_by": "customer",
        "decided_at": at,
    }  # fmt: skip


DECISIONS = [
    _decision(1, "approved", "2026-03-02T00:00:00Z"),
    _decision(2, "approved", "2026-03-31T00:00:00Z"),
    _decision(3, "declined", "2026-03-31T00:00:00Z"),
    _decision(4, "approved", "2026-03-16T00:00:00Z"),
    _decision(4, "withdrawn", "2026-03-17T00:00:00Z"),
]
ASSUMED = [{"asset": ASSETS[0], "initial": "down", **{name: SEGMENTS[0][name] for name in ("measures", "conditions")}}]
ASSUMED += [{"asset": ASSETS[1], "initial": "up", **{name: SEGMENTS[1][name] for name in ("measures", "conditions")}}]


class Case:
    """The documents of the month; whatever is changed of them before ``report`` is logged and signed as it is then."""

    def __init__(self, **terms: Any) -> None:
        self.contract = copy.deepcopy(AGREEMENT)
        self.contract["terms"].update(copy.deepcopy(terms))
        self.segments, self.claims, self.decisions = map(copy.deepcopy, (SEGMENTS, CLAIMS, DECISIONS))
        self.assumed = copy.deepcopy(ASSUMED)
        self.compared: tuple[Json, Json, str] = (self.contract, dict(PERIOD), AS_OF)  # what the what-if is of
        self.corrections: list[Json] = []
        self.hidden: set[str] = set()  # exclusions that the run does not name
        self.approved: list[Json] = []  # claims that the decisions are of, in place of those of the same names
        self.earlier: list[Json] = []
        self.adjustments: list[Json] = []
        self.standing: dict[str, Standing] = {}
        self.settle()

    def adjust(self, clause: str, minor: int) -> None:
        """Charge what a later version of an earlier month came to more."""
        self.earlier = [{"statement": 1, "version": version} for version in (1, 2)]
        old, new = ({"version": one["version"], "digest": digest(one)} for one in self.earlier)
        text = f"February 2026, {clause}: version 2 in place of version 1"
        of = {"from": old, "to": new}
        self.adjustments.append({"kind": "adjustment", "clause": clause, "text": text, "minor": minor, "of": of})

    def stand(self, clause: int, minor: int) -> None:
        """Too little is known of a clause by now, of which version 1 had settled so much."""
        self.earlier = [{"statement": 1, "version": 1}]
        self.contract["terms"]["clauses"][clause]["minimum_coverage"] = "100"
        settled = SettledAmount(1, digest(self.earlier[0]), minor, max(0, -minor))
        self.standing[self.contract["terms"]["clauses"][clause]["id"]] = Standing(settled, minor, settled.credit)
        self.settle()

    def rate_document(self, *, left: int | None = None) -> Json:
        """What the outcome is computed from; of the limit of the year so much is left."""
        agreement = AgreementDocument.read(self.contract)
        decided: dict[str, list[Json]] = {claim["exclusion"]: [] for claim in self.claims}
        for decision in self.decisions:
            decided.setdefault(decision["exclusion"], []).append(decision)
        claims = [(claim, decided[claim["exclusion"]]) for claim in self.claims]
        return rate_document(
            agreement, PERIOD, AS_OF, self.segments, claims, year_remaining=left, corrections=self.corrections
        )

    def settle(self, *, left: int | None = None) -> None:
        """Rate the documents as they are, and state what comes out."""
        agreement, other = (AgreementDocument.read(one) for one in (self.contract, self.compared[0]))
        _, period, as_of = self.compared
        worse = rate_document(other, period, as_of, self.assumed, (), year_remaining=left)
        self.run = self._run(agreement, None, rated(self.rate_document(left=left)))
        self.what_if = self._run(other, "a worse world", rated(worse)) | {"period": period, "as_of": as_of}
        outcome = self.run["outcome"]
        told = outcome_lines(agreement, outcome, self.standing)
        lines = [*(line.as_json() for line in told), *self.adjustments]
        replaced = digest(self.earlier[0]) if self.standing else None
        self.statement: Json = {
            "statement": 1, "version": 2 if replaced else 1, "replaces": replaced, "contract": CONTRACT,
            "title": agreement.title, "parties": agreement.parties.model_dump(),
            "period": {**PERIOD, "time_zone": agreement.terms.time_zone},
            "as_of": AS_OF, "sealed_at": AS_OF, "currency": outcome["currency"], "lines": lines,
            "total_minor": total(lines), "clauses": copy.deepcopy(outcome["clauses"]),
            "comparisons": [{"assumption": "a worse world", "what_if_run": "", **figures(self.what_if["outcome"])}],
        }  # fmt: skip

    def _run(self, agreement: AgreementDocument, assumption: str | None, outcome: Json) -> Json:
        plain: Json = json.loads(json.dumps(outcome))
        return {
            "run": 1, "contract": agreement.contract, "version": agreement.version, "assumption": assumption,
            "period": dict(PERIOD), "as_of": AS_OF, "outcome": plain,
        }  # fmt: skip

    def report(self, previous: int | None = None) -> bytes:
        """The documents, each with the digests of those it relies on, logged, signed and put together."""
        log, statement, payloads = self.logged()
        return log.report(statement, payloads, previous)

    def logged(self) -> tuple[Log, Json, dict[int, Any]]:
        """The log with all documents in it, the statement, and the documents by their entries."""
        log, payloads = Log(), dict[int, Any]()

        def logged(kind: str, documents: list[Json]) -> list[str]:
            payloads.update({log.add(kind, one): one for one in documents})
            return [digest(one) for one in documents]

        logged("statement", self.earlier)
        contract, segments = logged("contract_version", [self.contract]), logged("evidence_segment", self.segments)
        other = contract if self.compared[0] is self.contract else logged("contract_version", [self.compared[0]])
        told = [*self.claims, *self.approved]
        names = logged("exclusion", told)
        claims = dict(zip((claim["exclusion"] for claim in told), names, strict=True))
        decisions = [one | {"relies_on": {"exclusion": [claims[one["exclusion"]]]}} for one in self.decisions]
        counted = zip(self.claims, names, strict=False)
        used = {
            "evidence_segment": segments,
            "exclusion": [name for claim, name in counted if claim["exclusion"] not in self.hidden],
            "exclusion_decision": logged("exclusion_decision", decisions),
        }
        if self.corrections:
            used["evidence_correction"] = logged("evidence_correction", self.corrections)
        if "year_cap" in self.run:
            used["statement"] = [one["statement"] for one in self.run["year_cap"]["credited"]]
        run = {"relies_on": {"contract_version": contract, **used}} | self.run
        assumed = {"assumed_evidence": logged("assumed_evidence", self.assumed)}
        if "year_cap" in self.what_if:
            assumed["statement"] = [one["statement"] for one in self.what_if["year_cap"]["credited"]]
        what_if = {"relies_on": {"contract_version": other, **assumed}} | self.what_if
        runs, what_ifs = logged("outcome_run", [run]), logged("what_if_run", [what_if])
        statement = copy.deepcopy(self.statement)
        for one, name in zip(statement["comparisons"], what_ifs, strict=True):
            one["what_if_run"] = name
        earlier = [digest(one) for one in self.earlier]
        payloads |= {index: None for index, one in payloads.items() if one in [*self.earlier, *self.approved]}
        statement["relies_on"] = {
            "contract_version": contract, "outcome_run": runs, "what_if_run": what_ifs, "statement": earlier,
        }  # fmt: skip
        payloads[log.add("statement", statement)] = None
        return log, statement, payloads


def report_of(change: Callable[[Case], object] = lambda _: None) -> bytes:
    """The report of a month whose documents somebody changed after it was settled."""
    case = Case()
    change(case)
    return case.report()


def figure_checks(data: bytes) -> list[Check]:
    """The checks of the figures of a report whose proofs hold."""
    checks = verify_report(data, trusted=FINGERPRINT, figures=True)
    proofs = [check for check in checks if check.claim not in (CLAIM, COMPARED)]
    assert [check for check in proofs if not check.holds] == []
    return checks[len(proofs) :]
