"""The last months of real evidence, measured as settling them would, and nothing kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from billing.outcomes.deciding import approve_exclusion
from billing.outcomes.models import OutcomeRun
from billing.outcomes.services import claim_exclusion, run_outcome
from billing.simulation.domain.months import settle_months
from billing.simulation.gathering import last_months
from billing.simulation.schemas import Chances, Measurement, OtherBasisError, SimulationError, Sweep, basis
from billing.simulation.selectors import SimulationNotFoundError, SimulationUnfinishedError, measurement
from billing.simulation.services import agreement_to_simulate, start_simulation
from billing.simulation.simulating import simulate
from tenants.custody.models import RetentionPolicy
from tenants.jobs.models import Job, JobState
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.record.models import LogLeaf
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.billing.simulation.year import AS_OF, drafted, look, months_in, settled, visits
from tests.billing.world import BY, NOVEMBER, Fleet, a_fleet, agreement, at, published
from tests.twins.evidence.pit import every, published_pit, send
from twins.evidence.models import EvidenceSegment
from twins.evidence.services import seal_evidence

pytestmark = pytest.mark.django_db
HOUR_MS = 3_600_000


@pytest.fixture
def inside(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


def test_a_year_is_what_settling_it_gives_and_nothing_of_it_is_kept(inside: None) -> None:
    fleet = a_fleet("2025-11-28", "2026-12-01")
    visits(fleet, ("2026-03-10T12:00", "2026-03-11T00:00"), ("2026-11-10T12:00", "2026-11-10T12:50"))
    contract = published(
        agreement(
            fleet, time_zone="Europe/Berlin", correction_window="P400D", effective={"from": "2025-01-01", "to": None}
        )
    )
    agreed = agreement_to_simulate(contract.id)
    before = LogLeaf.objects.count()
    kept = look(agreed)
    months = months_in(kept, agreed)
    assert [month.name for month in months] == ["2025-12", *(f"2026-{number:02}" for number in range(1, 12))]
    # The clocks go forward in March and back in October.
    hours = [(month.period[1] - month.period[0]) // HOUR_MS for month in months]
    assert hours == [744, 744, 672, 743, 720, 744, 720, 744, 744, 720, 745, 720]
    results = settle_months(months, agreed.terms.terms())
    assert [result.credit_minor for result in results] == [0, 0, 0, 300_000, *[0] * 7, 120_000]
    assert (EvidenceSegment.objects.count(), OutcomeRun.objects.count(), LogLeaf.objects.count()) == (0, 0, before)
    for result, month in zip(results, months, strict=True):
        run = run_outcome(
            contract=contract.id, period_start=_moment(month.period[0]), period_end=_moment(month.period[1]),
            as_of=AS_OF, by=BY, now=AS_OF,
        )  # fmt: skip
        outcome = run.document["outcome"]
        assert (result.total_minor, str(result.clauses[0].ratio)) == (
            outcome["total_minor"], outcome["clauses"][0]["ratio"],
        )  # fmt: skip


def _moment(instant: int) -> Any:
    return at("1970-01-01") + timedelta(milliseconds=instant)


def test_months_before_an_asset_existed_are_left_out(inside: None) -> None:
    agreed = drafted(a_fleet("2026-08-14", "2026-12-01"))
    kept = look(agreed, count=5)
    assert kept["left_out"] == [
        {"month": "2026-07", "reason": "before"}, {"month": "2026-08", "reason": "before"},
    ]  # fmt: skip
    assert [month.name for month in months_in(kept, agreed)] == ["2026-09", "2026-10", "2026-11"]


def test_an_asset_is_in_service_from_when_something_is_known_of_it(inside: None) -> None:
    pit = Fleet(*published_pit(2, now=at("2026-01-01")))
    step = timedelta(minutes=5)
    old, young = pit.engines
    send(
        [(old, "fault", moment, 0.0) for moment in every(at("2026-10-31"), at("2026-12-01"), step)]
        + [(young, "fault", moment, 0.0) for moment in every(at("2026-11-16"), at("2026-12-01"), step)],
        received=at("2026-12-20"),
    )
    agreed = drafted(pit, a_clause(id="uptime", assets=pit.ids, remedies=[AWS_TIERS]))
    kept = look(agreed, count=2, as_of=at("2026-12-21"))
    (november,) = months_in(kept, agreed)
    assert kept["left_out"] == [{"month": "2026-10", "reason": "before"}]
    assert november.present == {pit.ids[0]: 720 * HOUR_MS, pit.ids[1]: 360 * HOUR_MS}
    assert settled(kept, agreed)[0].clauses[0].ratio == 1
    assert kept["unknown"] == []


def test_a_twin_without_evidence_has_no_months(inside: None) -> None:
    pit = Fleet(*published_pit(2, now=at("2026-01-01")))
    agreed = drafted(pit, a_clause(id="uptime", assets=pit.ids, remedies=[AWS_TIERS]))
    kept = look(agreed)
    assert (kept["months"], len(kept["left_out"]), kept["unknown"]) == (0, 12, ["E-01", "E-02"])
    found = simulate(_measured(agreed, kept), agreed.terms, Chances())
    assert (found.months, found.curve, found.distribution) == ((), None, None)


def test_a_contract_without_clauses_has_a_fee_and_no_credits(inside: None) -> None:
    agreed = drafted(a_fleet("2026-08-28", "2026-12-01"))
    bare = agreed.model_copy(update={"terms": agreed.terms.model_copy(update={"clauses": []})})
    found = simulate(_measured(bare, look(bare, count=3)), bare.terms, Chances())
    assert [(month.total_minor, month.is_settled) for month in found.months] == [(1_200_000, True)] * 3
    assert found.curve is None
    assert found.distribution is not None
    assert found.distribution.p99_minor == 0
    assert found.distribution.fees == 14_400_000


def test_what_came_in_late_counts_and_so_does_what_was_approved_under_another_contract(inside: None) -> None:
    # All flights are told in one go on 1 December, after the window of September has closed.
    fleet = a_fleet("2026-08-28", "2026-12-01")
    visits(fleet, ("2026-09-10", "2026-09-12"))
    planned = a_clause(
        id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], exclusions=[{"category": "planned", "allowance": None}]
    )
    other = published(agreement(fleet, planned, title="Of before"))
    agreed = drafted(fleet, planned, currency="JPY", correction_window="P1D")
    assert [month.credit_minor for month in settled(look(agreed, count=3), agreed)] == [1_200_000, 0, 0]
    claim = claim_exclusion(
        contract=other.id, category="planned", assets=fleet.engines, start=at("2026-09-09"), end=at("2026-09-13"),
        evidence={}, by="planner", now=at("2026-09-08"),
    )  # fmt: skip
    assert settled(look(agreed, count=3), agreed)[0].credit_minor == 1_200_000
    approve_exclusion(
        exclusion=claim.id, why="agreed", by="northwind", customer=other.customer_id, now=at("2026-09-14")
    )
    (september, _, _) = settled(look(agreed, count=3), agreed)
    assert (september.credit_minor, september.clauses[0].totals.excluded) == (0, 4 * 24 * HOUR_MS)


FEE: Json = {
    "kind": "metered", "unit": "t", "mode": "graduated", "of": "volume",
    "tiers": [{"to": "10000", "price": "1.20"}, {"to": None, "price": "1.05"}],
}  # fmt: skip


def test_a_metered_fee_is_simulated_with_its_volume_and_an_indeterminate_month_is_in_no_year(inside: None) -> None:
    pit = Fleet(*published_pit(1, now=at("2026-01-01")))
    (machine,) = pit.engines
    step = timedelta(hours=1)
    rows: list[Any] = [
        (machine, "material_total", moment, 20.0 * number)
        for number, moment in enumerate(every(at("2026-09-30"), at("2026-12-31T23:00"), step))
    ]
    # Its state is known throughout October and November, and on the first two days of December.
    known = every(at("2026-09-30"), at("2026-12-03"), timedelta(minutes=5))
    rows += [(machine, "fault", moment, 0.0) for moment in known]
    send(rows, received=at("2027-01-01"))
    uptime = a_clause(id="uptime", assets=pit.ids, remedies=[AWS_TIERS], minimum_coverage="90")
    agreed = drafted(pit, uptime, fee=FEE, currency="EUR")
    kept = look(agreed, count=3, as_of=at("2027-01-04"))
    october, november, december = settled(kept, agreed)
    # 744 h of 20 t: 14,880 t are 10,000 at 1.20 and 4,880 at 1.05.
    assert (october.volume, october.fee_minor) == (Fraction(14_880), 1_200_000 + 512_400)
    assert (november.volume, november.is_settled) == (Fraction(14_400), True)
    assert (december.is_settled, december.clauses[0].status, december.credit_minor) == (False, "indeterminate", 0)
    found = simulate(_measured(agreed, kept), agreed.terms, Chances())
    assert (len(found.months), len(found.settled), found.distribution) == (3, 2, None)
    assert found.curve is not None
    assert {point.p95_minor for point in found.curve.points} == {None}


def test_months_whose_readings_are_gone_are_what_was_sealed_of_them(inside: None) -> None:
    fleet = a_fleet("2026-08-28", "2026-12-01")
    visits(fleet, ("2026-11-10T12:00", "2026-11-10T12:50"))
    seal_evidence(twin=fleet.twin, start=NOVEMBER[0], end=NOVEMBER[1], now=at("2026-12-05"))
    agreed = drafted(fleet)
    RetentionPolicy.objects.update_or_create(defaults={"gone_before": at("2026-11-20")})
    kept = look(agreed, count=3)
    assert kept["left_out"] == [
        {"month": "2026-09", "reason": "gone"}, {"month": "2026-10", "reason": "gone"},
    ]  # fmt: skip
    assert [(month.name, month.credit_minor) for month in settled(kept, agreed)] == [("2026-11", 120_000)]


def _measured(agreed: Any, kept: dict[str, Any]) -> Measurement:
    return Measurement(new_id(), agreed, AS_OF, tuple(months_in(kept, agreed)), (), tuple(kept["unknown"]))


def test_the_last_months_are_whole_on_the_clocks_of_the_contract() -> None:
    newyear = at("2027-01-01T03:00")
    assert last_months(time_zone("Europe/Berlin"), newyear, 2) == ["2026-11", "2026-12"]
    assert last_months(time_zone("America/New_York"), newyear, 2) == ["2026-10", "2026-11"]
    assert last_months(time_zone("UTC"), at("2026-03-31"), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_what_is_too_much_or_not_there_is_refused(inside: None) -> None:
    fleet = a_fleet("2026-11-28", "2026-12-01")
    contract = published(agreement(fleet))
    agreed = agreement_to_simulate(contract.id, 1)
    with pytest.raises(NotFoundError, match="no such version"):
        agreement_to_simulate(contract.id, 2)
    for months in (0, 13):
        with pytest.raises(SimulationError, match="1 to 12 months"):
            start_simulation(agreement=agreed, contract=contract.id, months=months, by=BY, now=AS_OF)
    names = [f"m{number}" for number in range(4200)]
    many = agreed.terms.clauses[0].model_copy(update={"assets": names})
    large = agreed.model_copy(update={"terms": agreed.terms.model_copy(update={"clauses": [many]})})
    with pytest.raises(SimulationError, match="12 months and 50400 of these"):
        start_simulation(agreement=large, contract=None, by=BY, now=AS_OF)
    assert Job.objects.count() == 0


def test_only_what_is_done_is_answered(inside: None) -> None:
    contract = published(agreement(a_fleet("2026-11-28", "2026-12-01")))
    agreed = agreement_to_simulate(contract.id)
    job = start_simulation(agreement=agreed, contract=contract.id, by=BY, now=AS_OF)
    with pytest.raises(SimulationUnfinishedError, match="the job is queued"):
        measurement(job.id)
    Job.objects.filter(id=job.id).update(state=JobState.DONE, result=look(agreed, count=1))
    assert measurement(job.id).agreement == agreed
    for missing in (new_id(), Job.objects.create(kind="other", created_at=AS_OF).id):
        with pytest.raises(SimulationNotFoundError):
            measurement(missing)


def test_the_question_must_fit_what_was_measured(inside: None) -> None:
    fleet = a_fleet("2026-08-28", "2026-12-01")
    agreed = drafted(fleet)
    found = _measured(agreed, look(agreed, count=3))
    written = agreed.terms.model_dump(mode="json", by_alias=True)

    def asked(chances: Chances = Chances(), sweep: Sweep | None = None, **changes: Any) -> Any:  # noqa: B008
        return simulate(found, type(agreed.terms).model_validate(written | changes), chances, sweep)

    assert asked(rounding="up", currency="JPY").distribution is not None
    assert basis(agreed.as_json()) == basis(agreed.as_json() | {"title": "Other", "tax_percent": "19"})
    others: list[Json] = [{"time_zone": "Europe/Berlin"}, {"clauses": []}, {"fee": FEE}]
    for changes in others:
        with pytest.raises(OtherBasisError):
            asked(**changes)
    tenth = Fraction(1, 10)
    for sweep, words in (
        (Sweep("nowhere", Fraction(90), Fraction(95), tenth), "No clause nowhere"),
        (Sweep("uptime", Fraction(0), Fraction(95), tenth), "upwards from above 0"),
        (Sweep("uptime", Fraction(96), Fraction(95), tenth), "upwards from above 0"),
        (Sweep("uptime", Fraction(90), Fraction(95), Fraction(0)), "upwards from above 0"),
        (Sweep("uptime", Fraction(1), Fraction(10**6), tenth), "at most 500"),
    ):
        with pytest.raises(SimulationError, match=words):
            asked(sweep=sweep)
    with pytest.raises(SimulationError, match="it may be 50"):
        asked(Chances(years=100_000), Sweep("uptime", Fraction(90), Fraction(96), tenth))
    assert len(asked(Chances(years=100_000)).curve.points) <= 50
