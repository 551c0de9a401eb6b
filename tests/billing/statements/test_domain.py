"""Lines of statements, differences between versions, and the trace as a tree."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.outcomes.assembly import rated
from billing.statements.domain import (
    Difference,
    adjustment_line,
    differences,
    figures,
    outcome_lines,
    total,
    trace_steps,
)
from tests.billing.contracts.test_wording import ENGINE, SPARE, a_contract, clause
from tests.billing.outcomes.documents import AWS_TIERS, a_clause, a_document, seen

CLAUSES = st.dictionaries(st.sampled_from("abcd"), st.integers(-(10**9), 10**9))


def line(name: str, minor: int, kind: str = "clause") -> dict[str, Any]:
    return {"kind": kind, "clause": name, "text": name, "minor": minor}


@given(CLAUSES, CLAUSES)
def test_differences_make_up_what_the_totals_differ_by(old: dict[str, int], new: dict[str, int]) -> None:
    before, after = ([line(*each) for each in lines.items()] for lines in (old, new))
    found = differences(before, after)
    assert sum(one.minor for one in found) == total(after) - total(before)
    assert len({one.clause for one in found}) == len(found)
    assert all(one.minor for one in found)
    assert differences(after, after) == []


def test_adjustments_are_no_part_of_a_difference() -> None:
    old = [line("fee", 100, "fee"), line("a", -10), line("a", 7, "adjustment")]
    assert differences(old, [line("fee", 120, "fee"), line("b", 5)]) == [
        Difference("fee", "fee", 20), Difference("clause", "a", 10), Difference("clause", "b", 5),
    ]  # fmt: skip


def test_a_clause_that_is_called_as_the_fee_is_another_thing() -> None:
    old = [line("fee", 100, "fee"), line("fee", -10)]
    assert differences(old, [line("fee", 120, "fee"), line("fee", -15)]) == [
        Difference("fee", "fee", 20), Difference("clause", "fee", -5),
    ]  # fmt: skip


def test_an_adjustment_names_both_statements() -> None:
    old, new = {"version": 1, "digest": "a" * 64}, {"version": 2, "digest": "b" * 64}
    assert adjustment_line("uptime", -5, "March 2026", old, new).as_json() == {
        "kind": "adjustment",
        "clause": "uptime",
        "text": "March 2026, uptime: version 2 in place of version 1",
        "minor": -5,
        "of": {"from": old, "to": new},
    }


def outcome(fee: dict[str, Any], *clauses: dict[str, Any], evidence: dict[str, Any] | None = None) -> dict[str, Any]:
    return rated(a_document(*clauses, fee=fee, evidence=evidence or {ENGINE: seen(), SPARE: seen()}))


def texts(fee: dict[str, Any], *clauses: dict[str, Any], **more: Any) -> list[tuple[str, int]]:
    agreement = a_contract(clause(), fee=fee)
    return [(each.text, each.minor) for each in outcome_lines(agreement, outcome(fee, *clauses, **more))]


def test_each_kind_of_fee_has_a_line() -> None:
    up = clause(remedies=[AWS_TIERS])
    bonus = {"kind": "steps", "above": "98.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"}
    flat = {"kind": "flat", "minor": 100}
    assert texts(flat, up) == [("Fee", 100), ("uptime 100.00 %: no credit", 0)]
    assert texts(flat, clause(remedies=[bonus])) == [("Fee", 100), ("uptime 100.00 %: bonus", 5)]
    assert texts({"kind": "per_asset", "minor": 70, "prorate": "seconds"}, up)[0] == ("Fee for 2 assets", 140)
    counters = [
        {"id": f"c{hours}", "at": f"2026-11-01T0{hours}:00:00Z", "value": hours, "received": "2026-11-02T00:00:00Z"}
        for hours in ("0", "4")
    ]
    metered = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "350"}]}
    evidence = {ENGINE: seen(counters=counters), SPARE: seen()}
    assert texts(metered, up, evidence=evidence)[0] == ("Fee for 4 h at 350 EUR per h", 140_000)
    tiers = metered | {"mode": "volume", "tiers": [{"to": "3", "price": "0.001"}, {"to": None, "price": "0.0005"}]}
    assert texts(tiers, up, evidence=evidence)[0] == ("Fee for 4 h by volume tiers", 0)


def test_a_clause_that_settles_nothing_has_no_line() -> None:
    unknown = clause(minimum_coverage="98", remedies=[AWS_TIERS])
    evidence = {ENGINE: seen(initial=None), SPARE: seen(initial=None)}
    assert texts({"kind": "flat", "minor": 100}, unknown, evidence=evidence) == [("Fee", 100)]


def test_outcomes_are_compared_by_money_and_measures() -> None:
    answer = rated(a_document(a_clause(remedies=[AWS_TIERS])))
    assert figures(answer) == {
        "currency": "EUR", "fee_minor": 1_000_000, "total_minor": 1_000_000, "clauses": answer["clauses"],
    }  # fmt: skip
    assert figures(answer) == figures(answer | {"as_of": "later", "trace": "", "workings": {}})


def test_a_trace_becomes_a_tree_with_names() -> None:
    steps = trace_steps("one of m1\n  two\n    three\n  four\nfive", {"m1": "Engine 081"})
    assert [step.text for step in steps] == ["one of Engine 081", "five"]
    assert [part.text for part in steps[0].parts] == ["two", "four"]
    assert [part.text for part in steps[0].parts[0].parts] == ["three"]
    assert steps[1].parts == ()


def test_no_line_of_a_trace_is_lost() -> None:
    trace = rated(a_document(a_clause(remedies=[AWS_TIERS])))["trace"]

    def count(steps: Any) -> int:
        return sum(1 + count(step.parts) for step in steps)

    assert count(trace_steps(trace, {})) == len(trace.split("\n"))
