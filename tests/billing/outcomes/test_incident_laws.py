"""Laws of incidents that hold of any document: more time, a condition that stops the clock, spans told in parts."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.outcomes.domain.incidents import Incident
from billing.outcomes.domain.outcome import Outcome
from tests.billing.outcomes.documents import Json, outcome_of, rate_documents

laws = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def on_response(draw: st.DrawFn) -> Json:
    """Any document, with its clauses on response times."""
    made: Json = draw(rate_documents())
    for clause in made["contract"]["clauses"]:
        named = draw(st.sampled_from(({}, {"of": "attended"})))
        clause["indicator"] = {"kind": "response", "within": f"PT{draw(st.integers(1, 60))}M"} | named
    for known in made["evidence"].values():  # whatever was reported of another asset's state is as good as any
        known["conditions"] = {"attended": copy.deepcopy(made["evidence"]["m1"]["states"])}
    return made


def found_in(outcome: Outcome) -> list[list[Incident]]:
    return [list(asset.measure.incidents or ()) for clause in outcome.clauses for asset in clause.assets]


@laws
@given(on_response(), st.integers(1, 400))
def test_more_time_never_makes_fewer_incidents_met(document: Json, minutes: int) -> None:
    before = found_in(outcome_of(document))
    for clause in document["contract"]["clauses"]:
        clause["indicator"]["within"] = f"PT{60 + minutes}M"
    after = found_in(outcome_of(document))
    for one, other in zip(before, after, strict=True):
        assert [item[:3] for item in one] == [item[:3] for item in other]
        for was, now in zip(one, other, strict=True):
            assert was.verdict in {now.verdict, "missed"}
            assert (now.verdict == "open") <= (now.end is None)


@laws
@given(on_response())
def test_a_condition_can_only_stop_a_clock_earlier(document: Json) -> None:
    with_it = found_in(outcome_of(document))
    for clause in document["contract"]["clauses"]:
        clause["indicator"].pop("of", None)
    for one, other in zip(with_it, found_in(outcome_of(document)), strict=True):
        assert [item.start for item in one] == [item.start for item in other]
        assert all(early.clock <= late.clock for early, late in zip(one, other, strict=True))


@laws
@given(on_response())
def test_repairs_have_the_time_that_counts_as_down_and_no_moment_twice(document: Json) -> None:
    for clause in document["contract"]["clauses"]:
        clause["indicator"].pop("of", None)
        clause["outages"] = {"minimum": "PT0S", "quantum": "PT0S"}
    outcome = outcome_of(document)
    for clause in outcome.clauses:
        for asset in clause.assets:
            totals, found = asset.ledger.totals, asset.measure.incidents or ()
            assert sum(one.clock for one in found) == totals.down + totals.unknown_down
            assert all(one.clock > 0 for one in found)
            ends = [one.end for one in found]
            assert all(end is not None and end <= after.start for end, after in zip(ends, found[1:], strict=False))
            assert asset.measure.numerator == sum(one.verdict == "met" for one in found)


@laws
@given(on_response(), st.integers(1, 9))
def test_how_a_span_is_reported_does_not_matter(document: Json, minutes: int) -> None:
    """An outage told in two parts is one incident."""
    for known in document["evidence"].values():
        known["states"] = [one for one in known["states"] if one["from"].endswith("Z")][:1]
    whole = found_in(outcome_of(document))
    for known in document["evidence"].values():
        for state in known["states"][:1]:
            middle = f"{state['from'][:-5]}{minutes}:00Z"
            known["states"] = [state | {"to": middle}, state | {"from": middle}]
    assert found_in(outcome_of(document)) == whole
