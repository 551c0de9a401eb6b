"""Simulations over the REST API: measured by a job, asked at once, read by whoever may read contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from billing.contracts.models import Contract
from billing.simulation.tasks import simulate_contract
from tenants.jobs.models import Job, JobState
from tenants.jobs.registry import handler_of
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.simulation.year import AS_OF, look, visits
from tests.billing.world import Fleet, a_fleet, agreement, published, terms
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
Keyed = Callable[..., APIClient]
API = "/api/v1/simulations/"


class Reporter:
    """Takes progress from the handler."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant
        self.told: list[tuple[float, str]] = []

    def progress(self, share: float, message: str) -> None:
        self.told.append((share, message))

    def cancelled(self) -> bool:
        return False


@pytest.fixture
def signed(cast: Cast) -> tuple[Fleet, Contract]:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-28", "2026-12-01")
        visits(fleet, ("2026-11-10T12:00", "2026-11-10T12:50"))
        return fleet, published(agreement(fleet, caps={"period_percent": "10"}))


def done(cast: Cast, job: str, *, count: int = 3) -> None:
    """Do what the worker does, with the clock of the story."""
    with scope(cast.meridian.id):
        row = Job.objects.get(id=job)
        agreed = _agreement(row.params)
        Job.objects.filter(id=job).update(state=JobState.DONE, result=look(agreed, count=count, as_of=AS_OF))


def _agreement(params: dict[str, Any]) -> Any:
    from billing.contracts.agreement import AgreementDocument

    return AgreementDocument.read(params["agreement"])


def test_a_contract_is_measured_and_asked(cast: Cast, signed: tuple[Fleet, Contract], with_key: Keyed) -> None:
    engineer, viewer = with_key(cast.meridian, Role.ENGINEER), with_key(cast.meridian, Role.VIEWER)
    _, contract = signed
    wanted = {"contract": str(contract.id), "months": 3}
    assert viewer.post(API, wanted).status_code == 403
    started = engineer.post(API, wanted)
    assert (started.status_code, started.json()["kind"]) == (202, "billing.simulate")
    path = f"{API}{started.json()['id']}/"
    waiting = viewer.get(path)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "simulation.unfinished")
    done(cast, started.json()["id"])
    found = viewer.get(path).json()
    assert [(month["month"], month["credit_minor"], month["total_minor"]) for month in found["months"]] == [
        ("2026-09", 0, 1_200_000),
        ("2026-10", 0, 1_200_000),
        ("2026-11", 120_000, 1_080_000),
    ]
    november = found["months"][2]
    assert (november["clauses"][0]["ratio"], november["clauses"][0]["percent"]) == ("863/864", "99.884259")
    assert (november["asked_minor"], november["cap_minor"]) == (120_000, 120_000)
    year = found["distribution"]
    assert (year["months"], year["years"], year["fees_minor"]) == (3, 10_000, 14_400_000)
    assert (year["expected_credits_minor"], year["margin"], year["year_capped"]) == (480_000, None, None)
    assert year["any_credit"] == year["month_capped"] > 0.98
    assert year["at_risk"]["p95"] == {"minor": year["p95_credits_minor"], "percent_of_fees": "5.833333"}
    assert (found["currency"], found["engine"], found["sweep"]["guaranteed"]) == (
        "USD", "outturn-outcomes-1", "99.900000",
    )  # fmt: skip
    assert viewer.get(path).json() == found
    with scope(cast.meridian.id):
        assert Job.objects.count() == 1


def test_other_terms_are_asked_of_the_same_months(cast: Cast, signed: tuple[Fleet, Contract], with_key: Keyed) -> None:
    viewer = with_key(cast.meridian, Role.VIEWER)
    fleet, contract = signed
    job = with_key(cast.meridian, Role.FINANCE).post(API, {"contract": str(contract.id), "version": 1}).json()["id"]
    done(cast, job)
    path = f"{API}{job}/what-if/"
    tried = terms(fleet.ids, fee={"kind": "flat", "minor": 2_000_000})
    sweep = {"clause": "uptime", "low": "99.8", "high": "99.9", "step": "0.05"}
    asked = {"terms": tried, "sweep": sweep, "years": 500, "seed": 7, "cost_minor": 23_900_000}
    answer = viewer.post(path, asked)
    assert answer.status_code == 200
    found = answer.json()
    assert [(point["guaranteed"], point["expected_credits_minor"]) for point in found["sweep"]["points"]] == [
        ("99.800000", 0), ("99.850000", 0), ("99.900000", 800_000),
    ]  # fmt: skip
    margin = found["distribution"]["margin"]
    assert (margin["expected_minor"], margin["cost_minor"]) == (24_000_000 - 800_000 - 23_900_000, 23_900_000)
    assert margin["p99_minor"] <= margin["p95_minor"] <= 100_000
    assert viewer.post(path, asked).json() == found
    limited = viewer.post(path, asked | {"year_limit_minor": 100_000}).json()["distribution"]
    assert (limited["p99_credits_minor"], limited["year_capped"]) == (100_000, limited["any_credit"])


def test_the_limit_of_the_contract_holds_unless_another_is_tried(
    cast: Cast, signed: tuple[Fleet, Contract], with_key: Keyed
) -> None:
    fleet, _ = signed
    with scope(cast.meridian.id):
        capped = published(agreement(fleet, title="Capped", year_cap_minor=100_000))
    finance = with_key(cast.meridian, Role.FINANCE)
    job = finance.post(API, {"contract": str(capped.id), "months": 3}).json()["id"]
    done(cast, job)
    path = f"{API}{job}/what-if/"

    def credits_of(found: Any) -> tuple[int, bool]:
        told = found.json()["distribution"]
        return told["p99_credits_minor"], told["year_capped"] is None

    assert credits_of(finance.get(f"{API}{job}/")) == (100_000, False)
    assert credits_of(finance.post(path, {})) == (100_000, False)
    assert credits_of(finance.post(path, {"year_limit_minor": 70_000})) == (70_000, False)
    free = finance.post(path, {"year_limit_minor": None})
    assert free.json()["distribution"]["expected_credits_minor"] == 480_000
    assert credits_of(free)[1]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"terms": {"currency": "EUR"}}, 422, "document.invalid"),
        ({"years": 100_001}, 400, "request.invalid"),
        ({"years": 0}, 400, "request.invalid"),
        ({"seed": -1}, 400, "request.invalid"),
        ({"cost_minor": 2**53}, 400, "request.invalid"),
        ({"sweep": {"clause": "uptime", "low": "90", "high": "99999", "step": "0.000001"}}, 422, "simulation.invalid"),
        ({"sweep": {"clause": "nowhere", "low": "90", "high": "99", "step": "1"}}, 422, "simulation.invalid"),
        ({"sweep": {"clause": "uptime", "low": "NaN", "high": "99", "step": "1"}}, 400, "request.invalid"),
    ],
)
def test_questions_that_do_not_fit(
    cast: Cast, signed: tuple[Fleet, Contract], with_key: Keyed, change: dict[str, Any], status: int, code: str
) -> None:
    owner = with_key(cast.meridian, Role.OWNER)
    job = owner.post(API, {"contract": str(signed[1].id)}).json()["id"]
    done(cast, job, count=1)
    answer = owner.post(f"{API}{job}/what-if/", change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_terms_that_are_kept_nowhere_are_measured_too(
    cast: Cast, signed: tuple[Fleet, Contract], with_key: Keyed
) -> None:
    owner = with_key(cast.meridian, Role.OWNER)
    fleet, contract = signed
    with scope(cast.meridian.id):
        wanted = agreement(fleet, title="Only tried") | {"customer": str(cast.northwind)}
    started = owner.post(API, {"agreement": wanted, "months": 1})
    assert started.status_code == 202
    reporter = Reporter(cast.meridian.id)
    with scope(cast.meridian.id):
        params = Job.objects.get(id=started.json()["id"]).params
    assert handler_of("billing.simulate") is simulate_contract
    kept = simulate_contract(reporter, params)
    assert len(reporter.told) == 1
    assert (kept["simulation"], kept["months"] + len(kept["left_out"])) == (1, 1)
    with scope(cast.meridian.id):
        assert Contract.objects.count() == 1
    for body, status in (
        ({}, 422), ({"contract": str(contract.id), "agreement": wanted}, 422),
        ({"agreement": wanted, "version": 1}, 422), ({"agreement": {"title": "x"}}, 422),
        ({"contract": str(cast.northwind)}, 404), ({"contract": str(contract.id), "version": 9}, 404),
        ({"contract": str(contract.id), "months": 13}, 400),
    ):  # fmt: skip
        assert owner.post(API, body).status_code == status, body
