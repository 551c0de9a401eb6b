"""The verifier computes outcomes again: as the engine does, for any document, and not as a dishonest supplier does."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from billing.reports.verifier import Check, recomputed, verify_report
from tenants.kernel.canonical import digest
from tests.billing.outcomes.documents import ASSETS, Json, a_state, rated
from tests.billing.outcomes.drawn import drawn
from tests.billing.reports import settled
from tests.billing.reports.settled import CLAIM, COMPARED, Case, figure_checks, report_of

DATA = os.environ.get("OUTTURN_DATA")
EXAMPLES = sorted((Path(DATA) / "sla" / "rate").glob("*.json")) if DATA else []


def as_the_engine_has_it(document: Json) -> Json:
    """All figures of the printed outcome, as they are read from JSON; the trace is a text about them."""
    outcome: Json = json.loads(json.dumps(rated(document)))
    del outcome["trace"]
    return outcome


def with_names(document: Json, seed: int) -> Json:
    """The document with its counters and states under names, of which there are two of each, and what names them."""
    chance, named = random.Random(seed), copy.deepcopy(document)
    known = document["evidence"]
    for asset, one in named["evidence"].items():
        others = [known[other] for other in ASSETS if other != asset]
        one["measures"] = {"volume": one.pop("counters"), "energy": others[0]["counters"]}
        one["conditions"] = {
            **one.get("conditions", {}), "running": others[1]["states"], "cold": chance.choice(others)["states"],
        }  # fmt: skip
    quantities = ["volume", "energy", "running"]
    if named["contract"]["fee"]["kind"] == "metered":
        named["contract"]["fee"]["of"] = chance.choice(("volume", "energy"))
    for clause in named["contract"]["clauses"]:
        of, per = chance.sample(quantities, 2)
        if clause["indicator"]["kind"] == "availability":
            clause["indicator"] = {"kind": "availability", "of": chance.choice(("running", "cold"))}
        elif clause["indicator"]["kind"] == "throughput":
            clause["indicator"]["of"] = chance.choice(("volume", "energy"))
        if chance.random() < 0.3:
            better = chance.choice(("higher", "lower"))
            target = f"{chance.randint(1, 30) / 10}"
            clause["indicator"] = {
                "kind": "ratio",
                "of": of,
                "per": per,
                "unit": "1",
                "target": target,
                "better": better,
            }
    return named


# --- as the engine ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_every_figure_is_the_engine_s(first: int) -> None:
    for seed in range(first, first + 100):
        document = drawn(seed)
        assert recomputed(document) == as_the_engine_has_it(document), seed


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_every_figure_of_what_contracts_name_is_the_engine_s(first: int) -> None:
    for seed in range(first, first + 100):
        document = with_names(drawn(seed), seed)
        assert recomputed(document) == as_the_engine_has_it(document), seed


@pytest.mark.data
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_worked_example(file: Path) -> None:
    example: dict[str, Any] = json.loads(file.read_text())
    outcome = recomputed(example["document"])
    found = {**outcome["clauses"][0], **{name: outcome[name] for name in ("fee_minor", "total_minor")}}
    found["amounts"] = [clause["amount_minor"] for clause in outcome["clauses"]]
    assert {name: found[name] for name in example["expect"]} == example["expect"]
    assert outcome == as_the_engine_has_it(example["document"])


def test_times_are_read_in_all_their_forms() -> None:
    document = drawn(3) | {"as_of": "2030-01-01"}
    document["evidence"]["m1"]["states"] = [
        a_state("2026-03-28T01:02:03.5+05:30", "2026-03-28T23:59:59.25-11:00", received="2026-03-29"),
        a_state("1999-12-31T00:00", "2199-01-01T00:00:00.001Z", "unknown", "2026-03-01T00:00Z"),
    ]
    document["contract"]["correction_window"] = "P2DT3H4M5.006S"
    document["contract"]["clauses"][0]["outages"] = {"minimum": "PT1.5S", "quantum": "PT0.25S"}
    assert recomputed(document) == as_the_engine_has_it(document)


# --- an honest supplier ----------------------------------------------------------------------------------------------


def test_an_honest_report_is_recomputed() -> None:
    assert figure_checks(report_of()) == [
        Check(CLAIM, "23,536.42 EUR, from 2 evidence segments, 4 claimed exclusions"),
        Check(COMPARED, "1 outcome of assumed evidence"),
    ]


def test_what_could_have_been_may_have_been_computed_before_the_statement() -> None:
    case = Case()
    case.compared = (case.contract, settled.PERIOD, "2026-04-04T00:00:00Z")
    case.settle()
    assert [check.holds for check in figure_checks(case.report())] == [True, True]


def test_without_figures_only_proofs_are_checked() -> None:
    claims = [check.claim for check in verify_report(report_of())]
    assert CLAIM not in claims
    assert COMPARED not in claims


def test_what_an_earlier_period_came_to_more_is_told_apart() -> None:
    case = Case()
    case.adjust("uptime", -12_345)
    case.settle()
    (check, _) = figure_checks(case.report())
    assert check == Check(
        CLAIM,
        "23,412.97 EUR, from 2 evidence segments, 4 claimed exclusions; -123.45 EUR of it adjust earlier periods, as "
        "the statements say that are named",
    )


def stood(case: Case) -> None:
    """Some of the time is not known any more, and version 1 had credited 500.00 for it."""
    case.stand(0, -50_000)


def test_what_stands_of_a_clause_is_told_apart() -> None:
    (check, _) = figure_checks(report_of(stood))
    assert check == Check(
        CLAIM,
        "23,036.42 EUR, from 2 evidence segments, 4 claimed exclusions; -500.00 EUR of it stand as they were settled "
        "before, as the statements say that are named",
    )


@pytest.mark.parametrize(
    "terms",
    [
        {"currency": "JPY", "rounding": "up"},
        {
            "currency": "KWD",
            "rounding": "half_up",
            "fee": {"kind": "per_asset", "minor": 100_001, "prorate": "seconds"},
        },
        {"rounding": "down", "fee": {"kind": "flat", "minor": 999_999}},
        {"clauses": []},
    ],
    ids=["yen", "dinar", "flat", "no clause"],
)
def test_other_terms(terms: Json) -> None:
    assert [check.holds for check in figure_checks(Case(**terms).report())] == [True, True]


def corrected(case: Case) -> None:
    """A dispute found that an outage had ended earlier; the outcome is that of the evidence with one more report."""
    span = {"from": "2026-03-15T09:00:00Z", "to": "2026-03-15T14:30:30Z", "state": "up"}
    sealed = copy.deepcopy(case.segments)
    case.segments[0]["states"].append({**span, "received": "2026-04-03T00:00:00Z"})
    case.settle()
    case.segments = sealed
    case.corrections = [
        {
            "correction": 1, "dispute": "0" * 64, "contract": settled.CONTRACT, "asset": settled.ASSETS[0], "of": None,
            **span, "decided_by": "both", "decided_at": "2026-04-03T00:00:00Z",
        }
    ]  # fmt: skip


def test_a_correction_is_one_more_report() -> None:
    case = Case()
    corrected(case)
    credits_ = {clause["id"]: clause["amount_minor"] for clause in case.run["outcome"]["clauses"]}
    assert (credits_["uptime"], credits_["loading"]) == (
        0,
        -482_071,
    )  # under one cap
    assert figure_checks(report_of(corrected))[0] == Check(
        CLAIM, "23,536.42 EUR, from 2 evidence segments, 1 correction, 4 claimed exclusions"
    )


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("contract", "another", "a correction is about another contract, another"),
        ("state", "up", "outcome_run/outcome/"),
        ("mood", 1, "cannot recompute: unknown field evidence_correction/mood"),
    ],
)
def test_a_correction_that_was_made_up(member: str, value: Any, reason: str) -> None:
    def spoil(case: Case) -> None:
        corrected(case)
        case.corrections[0] |= {"from": "2026-03-15T08:00:00Z", member: value}

    assert figure_checks(report_of(spoil))[0].found.startswith(reason)


def silent(case: Case, until: str = "2026-03-20T00:00:00Z") -> None:
    """The customer let the time pass in which it could have objected to the third claim."""
    case.decisions.pop(2)
    case.decisions.append({**case.decisions[0], "exclusion": case.claims[2]["exclusion"], "decided_at": until})
    case.settle()
    case.decisions.pop()
    case.claims[2]["objection_until"] = until


def test_silence_approves_when_its_time_has_passed() -> None:
    assert figure_checks(report_of(silent))[0].holds
    late = figure_checks(report_of(lambda case: silent(case, "2026-04-06T00:00:00Z")))[0]
    assert late.found.startswith("outcome_run/outcome/workings/unrated")

    def objected(case: Case) -> None:
        silent(case)
        case.decisions.append({**case.decisions[0], "exclusion": case.claims[2]["exclusion"], "decision": "declined"})

    assert figure_checks(report_of(objected))[0].found.startswith("outcome_run/outcome/")


def limited(case: Case) -> None:
    """A limit of 5,000.00 a year, of which February has used up 3,500.00."""
    case.earlier = [{"statement": 1, "version": 1}]
    case.contract["year_cap_minor"] = 500_000
    case.settle(left=150_000)
    case.run["year_cap"] = {
        "from": "2025-12-31T23:00:00Z", "to": "2026-12-31T23:00:00Z", "cap_minor": 500_000, "remaining_minor": 150_000,
        "credited": [{"statement": digest(case.earlier[0]), "credits_minor": 350_000}],
    }  # fmt: skip
    case.what_if["year_cap"] = case.run["year_cap"]


def test_what_the_limit_of_a_year_leaves() -> None:
    figures, compared = figure_checks(report_of(limited))
    assert figures.found == (
        "26,857.13 EUR, from 2 evidence segments, 4 claimed exclusions; 1,500.00 EUR were left of the year's limit, as "
        "the statements say that are named"
    )
    assert compared.holds


@pytest.mark.parametrize(
    "spoil",
    [
        lambda case: case.run["year_cap"].update(remaining_minor=200_000),
        lambda case: case.run["year_cap"].update(cap_minor=400_000),
        lambda case: case.run["year_cap"]["credited"][0].update(credits_minor=0),
    ],
    ids=["left", "limit", "credited"],
)
def test_a_limit_of_the_year_that_was_made_up(spoil: Callable[[Case], object]) -> None:
    def both(case: Case) -> None:
        limited(case)
        case.run = copy.deepcopy(case.run)
        spoil(case)

    assert figure_checks(report_of(both))[0].found == (
        "what is left of the year's limit is not the limit less what the statements named credited"
    )


@pytest.mark.parametrize(("minimum", "fee"), [(3_000_000, 3_000_000), (2_835_713, 2_835_713), (5, 2_835_713)])
def test_a_metered_fee_comes_to_its_minimum(minimum: int, fee: int) -> None:
    document = Case().rate_document()
    document["contract"]["fee"]["minimum_minor"] = minimum
    outcome = recomputed(document)
    assert outcome["fee_minor"] == fee
    lacking = [part for part in outcome["workings"]["fee"]["parts"] if part["name"] == "up to the minimum"]
    exact = Fraction(20_000 * 120) + Fraction("4149.65") * 105
    assert [Fraction(part["price"]) for part in lacking] == ([minimum - exact] if minimum > exact else [])
