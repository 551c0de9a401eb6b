"""Statements, invoices, reports and settlements over the REST API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.contracts.agreement import AgreementTerms
from billing.contracts.selectors import contract as contract_by_id
from billing.contracts.services import edit_contract
from billing.invoices.models import Invoice
from billing.reports.models import Report
from billing.reports.tasks import restate_statement_period, settle_month
from billing.reports.verifier import verify_report
from billing.statements.models import Statement
from tenants.jobs.models import Job
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.signing import amended
from tests.billing.world import BY, SIGNED, House, a_fleet, agreement, published, say, visit
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
Keyed = Callable[..., APIClient]
API = "/api/v1/"


class Reporter:
    """Takes progress from a job's handler."""

    def __init__(self, cast: Cast) -> None:
        self.tenant = cast.meridian.id
        self.told: list[str] = []

    def progress(self, share: float, message: str) -> None:
        self.told.append(message)

    def cancelled(self) -> bool:
        return False


def test_the_steps_one_by_one(cast: Cast, house: House, with_key: Keyed) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    october = {"start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z"}
    run = client.post(f"{API}outcome-runs/", {"contract": str(house.contract.id), **october})
    statement = client.post(f"{API}statements/", {"run": run.data["id"]})
    assert statement.status_code == 201
    assert statement.data["document"]["total_minor"] == statement.data["total_minor"]
    assert client.post(f"{API}statements/", {"run": run.data["id"]}).data["id"] == statement.data["id"]
    invoice = client.post(f"{API}invoices/", {"statement": statement.data["id"]})
    assert invoice.status_code == 201
    assert invoice.data["number"].startswith("ME-")
    assert sum(leg["minor"] for leg in invoice.data["ledger"]) == 0
    report = client.post(f"{API}reports/", {"statement": statement.data["id"]})
    assert report.status_code == 201
    for kind, made in (("statements", statement), ("invoices", invoice), ("reports", report)):
        assert client.get(f"{API}{kind}/{made.data['id']}/").json() == made.json()
        assert len(client.get(f"{API}{kind}/").json()["results"]) == 2


def test_the_files_of_a_report(cast: Cast, house: House, with_key: Keyed) -> None:
    client, report = with_key(cast.meridian, Role.VIEWER), house.done.report
    (listed,) = client.get(f"{API}reports/").json()["results"]
    assert client.get(f"{API}reports/{report.id}/").json() == listed
    assert (listed["total_minor"], listed["bundle_sha256"]) == (1_080_000, report.bundle_sha256)
    proof = client.get(f"{API}reports/{report.id}/proof/")
    assert (proof["Content-Type"], proof.content) == ("application/json", bytes(report.bundle))
    assert all(check.holds for check in verify_report(proof.content, trusted=listed["fingerprint"]))
    document = client.get(f"{API}reports/{report.id}/pdf/", headers={"Accept": "application/pdf"})
    assert (document["Content-Type"], document.content) == ("application/pdf", bytes(report.pdf))
    rate = client.get(f"{API}reports/{report.id}/rate-document/").json()
    dry = with_key(cast.meridian, Role.ENGINEER).post(f"{API}outcome-runs/dry-run/", rate)
    assert dry.json() == house.done.statement.run.document["outcome"]
    missing = client.get(f"{API}reports/{house.claim}/pdf/")
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
    assert missing.json()["code"] == "report.not_found"


def test_settling_and_restating_are_jobs(cast: Cast, house: House, with_key: Keyed) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    wanted = {"contract": str(house.contract.id), "month": "2026-11"}
    job = client.post(f"{API}settlements/", wanted)
    assert (job.status_code, job.data["kind"]) == (202, "billing.settle")
    again = client.post(f"{API}restatements/", {"statement": str(house.done.statement.id)})
    assert (again.status_code, again.data["kind"]) == (202, "billing.restate")
    november = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    with scope(cast.meridian.id):
        params = {"contract": str(house.contract.id), **november, "by": "key a owner's"}
        assert Job.objects.get(kind="billing.settle").params == params
    assert client.post(f"{API}settlements/", {"contract": wanted["contract"], **november}).status_code == 202
    for change in ({"month": "2026-13"}, {"month": ""}, {"contract": "x"}):
        assert client.post(f"{API}settlements/", wanted | change).status_code == 400
    assert client.post(f"{API}settlements/", wanted | {"contract": str(house.claim)}).status_code == 404
    assert client.post(f"{API}restatements/", {"statement": str(house.claim)}).status_code == 404


def test_a_period_is_asked_for_by_its_month_or_by_its_start_and_end(cast: Cast, house: House, with_key: Keyed) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    wanted = {"contract": str(house.contract.id)}
    for given in ({}, {"start": "2026-10-01T00:00:00Z"}, {"month": "2026-10", "end": "2026-11-01T00:00:00Z"}):
        (finding,) = client.post(f"{API}settlements/", wanted | given).json()["findings"]
        assert (finding["place"], finding["code"]) == ("month", "request.invalid")
        assert finding["message"] == "Give the month, or the `start` and the `end` of a part of one, and not both."


PARTS = (
    "Settle one that is open: 3 to 15 September 2026 (2026-09-02T22:00:00Z to 2026-09-15T22:00:00Z), "
    "16 to 30 September 2026 (2026-09-15T22:00:00Z to 2026-09-30T22:00:00Z)."
)


@pytest.mark.parametrize(
    ("asked", "place", "detail"),
    [
        ({"month": "2026-09"}, "month", "The contract is settled by parts of 2026-09."),
        ({"month": "2026-10"}, "month", "The contract does not hold in 2026-10."),
        (
            {"start": "2026-09-02T22:00:00Z", "end": "2026-09-30T22:00:00Z"}, "start",
            "That is no period by which the contract is settled.",
        ),
        (
            {"start": "2199-09-01T00:00:00Z", "end": "2199-10-01T00:00:00Z"}, "start",
            "The period ends at 2199-10-01T00:00:00Z: it is not over yet.",
        ),
    ],
)  # fmt: skip
def test_a_wrong_period_is_told_with_those_that_are_open(
    cast: Cast, with_key: Keyed, asked: dict[str, str], place: str, detail: str
) -> None:
    with scope(cast.meridian.id):
        fleet, zone = a_fleet("2026-08-29", "2026-08-30"), {"time_zone": "Europe/Berlin"}
        contract = published(agreement(fleet, effective={"from": "2026-09-03", "to": "2026-10-01"}, **zone))
        amended(contract, agreement(fleet, effective={"from": "2026-09-16", "to": "2026-10-01"}, **zone))
    client = with_key(cast.meridian, Role.OWNER)
    answer = client.post(f"{API}settlements/", {"contract": str(contract.id), **asked})
    told = {name: answer.json()[name] for name in ("status", "code", "place", "detail", "kept", "fix")}
    assert told == {
        "status": 422, "code": "period.not_open", "place": place, "detail": detail, "kept": "Nothing was settled.",
        "fix": PARTS,
    }  # fmt: skip


def test_a_draft_does_not_move_what_is_settled(cast: Cast, with_key: Keyed) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-29", "2026-10-01")
        contract = published(agreement(fleet, time_zone="Europe/Berlin"))
        drafted = AgreementTerms.read(agreement(fleet, time_zone="Asia/Tokyo"))
        edit_contract(
            contract=contract.id, revision=contract_by_id(contract.id).revision, wanted=drafted, by=BY, now=SIGNED
        )
    wanted = {"contract": str(contract.id), "month": "2026-09"}
    with_key(cast.meridian, Role.OWNER).post(f"{API}settlements/", wanted)
    with scope(cast.meridian.id):
        params = Job.objects.get(kind="billing.settle").params
    assert (params["start"], params["end"]) == ("2026-08-31T22:00:00Z", "2026-09-30T22:00:00Z")
    for given in (wanted | {"by": BY}, params):
        settle_month(Reporter(cast), given)
        with scope(cast.meridian.id):
            period = Statement.objects.get().document["period"]
        assert period == {"start": params["start"], "end": params["end"], "time_zone": "Europe/Berlin"}


def test_what_the_jobs_do(cast: Cast) -> None:
    reporter = Reporter(cast)
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-29", "2026-10-01")
        visit(fleet.engines[0], "2026-09-10T12:00", "2026-09-10T12:50", told="2026-09-11")
        contract = published(agreement(fleet))
    wanted = {"contract": str(contract.id), "month": "2026-09", "by": "owner"}
    result = settle_month(reporter, wanted)
    assert result["total_minor"] == 1_080_000
    assert settle_month(reporter, wanted) == result
    again = {"statement": result["statement"], "by": "owner"}
    assert restate_statement_period(reporter, again) == {"changed": False}
    with scope(cast.meridian.id):
        assert str(Statement.objects.get().id) == result["statement"]
        assert str(Invoice.objects.get().id) == result["invoice"]
        assert str(Report.objects.get().id) == result["report"]
        say(fleet.engines[0], "shop_out", "2026-09-10T12:20", told="2026-10-20")
    restated = restate_statement_period(reporter, again)
    assert (restated["changed"], restated["total_minor"], restated["invoice"]) == (True, 1_200_000, None)
    assert restate_statement_period(reporter, again) == {"changed": False}
    assert reporter.told[0] == "Sealing evidence and rating it"


def test_only_who_may_bill_writes(cast: Cast, house: House, with_key: Keyed) -> None:
    engineer = with_key(cast.meridian, Role.ENGINEER)
    for path in ("statements", "invoices", "reports", "settlements", "restatements"):
        assert engineer.post(f"{API}{path}/", {}).status_code == 403
    owner = with_key(cast.meridian, Role.OWNER)
    for path in ("statements", "invoices", "reports"):
        answer = owner.post(f"{API}{path}/", {"run" if path == "statements" else "statement": str(house.claim)})
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["contracts", "exclusions", "outcome-runs", "statements", "invoices", "reports"])
def test_a_list_takes_a_number_of_queries_that_does_not_grow(
    cast: Cast, house: House, with_key: Keyed, path: str
) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    client.get(f"{API}{path}/")  # notes the use of the key, once a minute
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{API}{path}/").status_code == 200
    assert len(queries) <= 9
