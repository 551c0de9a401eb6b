"""The engine against an evaluator of another make, and the laws every outcome keeps."""

from __future__ import annotations

import copy
import random
from dataclasses import astuple, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.outcomes.domain.figures import percent_text
from billing.outcomes.domain.outcome import Outcome
from tenants.kernel.calendars import from_epoch_ms
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import isoformat
from tests.billing.outcomes.brute import Brute
from tests.billing.outcomes.documents import (
    Json,
    a_state,
    outcome_of,
    rate_documents,
    rated,
)

laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
differential = settings(laws, max_examples=100)


@differential
@given(rate_documents())
def test_same_as_the_evaluator_that_walks_in_steps(document: Json) -> None:
    expected, answer = Brute(document).rate_all(), rated(document)
    assert (answer["fee_minor"], answer["total_minor"]) == (expected["fee_minor"], expected["total_minor"])
    for wanted, found in zip(expected["clauses"], answer["clauses"], strict=True):
        ratio = None if wanted["ratio"] is None else str(wanted["ratio"])
        coverage = None if wanted["coverage"] is None else percent_text(wanted["coverage"])
        shown = {name: wanted[name] for name in ("status", "excluded_s", "committed_s", "down_s", "unknown_s")}
        shown |= {"ratio": ratio, "coverage_percent": coverage, "amount_minor": wanted["amount"]}
        assert {name: found[name] for name in shown} == shown


@laws
@given(rate_documents())
def test_every_millisecond_has_one_category(document: Json) -> None:
    outcome = outcome_of(document)
    start, end = outcome.period
    for clause in outcome.clauses:
        for asset in clause.assets:
            segments = asset.ledger.segments
            assert [segments[0].start, *(one.end for one in segments)] == [*(one.start for one in segments), end]
            assert segments[0].start == start
            assert sum(astuple(asset.ledger.totals)) == end - start
            by_category = {one.category: 0 for one in segments}
            for one in segments:
                by_category[one.category] += one.end - one.start
            for category, length in by_category.items():
                assert length == getattr(asset.ledger.totals, category)


@laws
@given(rate_documents(), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_evidence_do_not_matter(document: Json, random_: random.Random) -> None:
    other = copy.deepcopy(document)
    for known in other["evidence"].values():
        for kind in ("states", "counters", "rates"):
            if known[kind]:
                known[kind].append(copy.deepcopy(random_.choice(known[kind])))
            random_.shuffle(known[kind])
    if other["exclusions"]:
        other["exclusions"].append(copy.deepcopy(random_.choice(other["exclusions"])))
    random_.shuffle(other["exclusions"])
    other["evidence"] = dict(reversed(other["evidence"].items()))
    assert canonical_json(rated(other)) == canonical_json(rated(document))


@laws
@given(rate_documents())
def test_a_replay_gives_the_same_bytes(document: Json) -> None:
    assert canonical_json(rated(document)) == canonical_json(rated(copy.deepcopy(document)))


@laws
@given(rate_documents(), st.integers(1, 9))
def test_splitting_a_state_changes_no_figure(document: Json, part: int) -> None:
    """Cut in two at an exact moment; of several reports received together the later start would win by rule."""
    other = copy.deepcopy(document)
    for known in other["evidence"].values():
        known["states"] = known["states"][:1]
    whole = figures(outcome_of(other))
    for known in other["evidence"].values():
        if known["states"] and known["states"][0]["from"].endswith("Z"):
            state = known["states"].pop()
            middle = f"{state['from'][:-5]}{part}:00Z"  # some minutes after its start
            known["states"] = [state | {"to": middle}, state | {"from": middle}]
    assert figures(outcome_of(other)) == whole


def figures(outcome: Outcome) -> list[Any]:
    return [
        outcome.total_minor,
        [(one.status, one.ratio, one.coverage, one.totals, one.amount_minor) for one in outcome.clauses],
    ]


@laws
@given(rate_documents())
def test_money_adds_up(document: Json) -> None:
    outcome = outcome_of(document)
    amounts = [one.amount_minor for one in outcome.clauses]
    assert outcome.total_minor == outcome.fee.minor + sum(amount or 0 for amount in amounts)
    assert sum(outcome.caps.shares) == outcome.caps.granted == sum(one.granted_minor for one in outcome.clauses)
    assert all(one.granted_minor <= one.credit_minor for one in outcome.clauses)
    for limit in (outcome.caps.period_limit, outcome.caps.year_limit):
        assert limit is None or outcome.caps.granted <= limit
    assert all((one.amount_minor is None) == (one.status == "indeterminate") for one in outcome.clauses)


@laws
@given(rate_documents(), st.integers(0, 250), st.integers(1, 40))
def test_more_down_time_never_raises_availability(document: Json, at: int, length: int) -> None:
    availability_only(document)
    before = [one.ratio for one in outcome_of(document).clauses]
    down_all(document, at, length)
    for old, new in zip(before, [one.ratio for one in outcome_of(document).clauses], strict=True):
        assert old is None or new is None or new <= old


@laws
@given(rate_documents(), st.data())
def test_an_exclusion_over_down_time_never_lowers_availability(document: Json, data: st.DataObject) -> None:
    availability_only(document)
    for clause in document["contract"]["clauses"]:
        clause["exclusions"].append({"category": "extra", "allowance": None})
    before = outcome_of(document)
    down = [one for one in before.clauses[0].assets[0].ledger.segments if one.category == "down"]
    if not down:
        return
    one, asset = data.draw(st.sampled_from(down)), before.clauses[0].clause.assets[0]
    document["exclusions"].append(
        {
            "category": "extra",
            "assets": [asset],
            "from": exact(one.start),
            "to": exact(one.end),
            "approved": document["as_of"],
        }
    )
    after = outcome_of(document).clauses[0]
    assert before.clauses[0].ratio is not None
    assert after.ratio is None or after.ratio >= before.clauses[0].ratio


@laws
@given(rate_documents(), st.data())
def test_a_claim_that_was_withdrawn_by_then_is_as_if_never_made(document: Json, data: st.DataObject) -> None:
    withdrawn = data.draw(st.lists(st.booleans(), min_size=(size := len(document["exclusions"])), max_size=size))
    for claim, gone in zip(document["exclusions"], withdrawn, strict=True):
        claim["withdrawn"] = document["as_of"] if gone else None
    never = copy.deepcopy(document)
    never["exclusions"] = [claim for claim in never["exclusions"] if claim["withdrawn"] is None]
    with_it, without = outcome_of(document), outcome_of(never)
    assert replace(with_it, unrated=without.unrated) == without
    assert sum(one.reason == "withdrawn" for one in with_it.unrated) <= sum(withdrawn)
    assert any(withdrawn) == any(one.reason == "withdrawn" for one in with_it.unrated)


@laws
@given(rate_documents())
def test_a_withdrawal_that_is_not_known_yet_changes_nothing(document: Json) -> None:
    later = outcome_of(document).as_of + 1000
    for claim in document["exclusions"]:
        claim["withdrawn"] = None
    before = rated(document)
    for claim in document["exclusions"]:
        claim["withdrawn"] = exact(later)
    assert rated(document) == before


def availability_only(document: Json) -> None:
    """Of one asset, every outage counted, with gaps that do not depend on the states around them."""
    for clause in document["contract"]["clauses"]:
        clause["indicator"], clause["outages"] = {"kind": "availability"}, {"minimum": "PT0S", "quantum": "PT0S"}
        clause["gaps"] = {"policy": "as_down"}
        clause["assets"] = clause["assets"][:1]


def down_all(document: Json, at: int, length: int) -> None:
    start = outcome_of(document).period[0] + at * 600_000
    state = a_state(exact(start), exact(start + length * 600_000), "down", document["as_of"])
    for known in document["evidence"].values():
        known["states"].append(state)


def exact(instant: int) -> str:
    return isoformat(from_epoch_ms(instant))
