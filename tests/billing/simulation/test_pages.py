"""The page on which a contract is tried, as the people of the story see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract
from billing.contracts.services import create_contract, edit_contract
from billing.simulation.services import agreement_to_simulate
from tenants.jobs.models import Job, JobState
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.simulation.year import look, visits
from tests.billing.world import BY, SIGNED, Fleet, a_fleet, agreement, body, terms
from tests.conftest import Cast
from tests.isolation.asking import fingerprint

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/contracts/uptime/simulation/"
TIER = "clauses/0/remedies/0/tiers"
FIGURES = {
    "fee/minor": "12000", f"{TIER}/0/below": "99.9", f"{TIER}/0/credit": "10", f"{TIER}/1/below": "99",
    f"{TIER}/1/credit": "25", f"{TIER}/2/below": "95", f"{TIER}/2/credit": "100",
}  # fmt: skip
"""The draft's own."""


@pytest.fixture
def drafted(cast: Cast) -> tuple[Fleet, Contract]:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-28", "2026-12-01")
        visits(fleet, ("2026-11-10T12:00", "2026-11-10T12:50"))
        return fleet, create_contract(wanted=AgreementTerms.read(agreement(fleet)), by=BY, now=SIGNED)


def done(cast: Cast, contract: Contract, *, count: int = 3) -> None:
    with scope(cast.meridian.id):
        kept = look(agreement_to_simulate(contract.id), count=count)
        Job.objects.update(state=JobState.DONE, result=kept)


def test_the_way_from_a_draft_to_what_a_year_may_cost(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    client, (_, contract) = sign_in(cast.owner), drafted
    assert "Simulate the last year" in body(client, PAGE)
    assert client.post(f"{PAGE}measure/").status_code == 302
    client.post(f"{PAGE}measure/")  # asked twice it is one job
    with scope(cast.meridian.id):
        (job,) = Job.objects.all()
        assert (job.kind, job.params["contract"], job.params["months"]) == ("billing.simulate", str(contract.id), 12)
    waiting = body(client, PAGE)
    assert "Simulate a contract" in waiting
    assert 'hx-trigger="every 3s"' in waiting
    done(cast, contract)
    page = body(client, PAGE)
    for words in (
        "Nothing on this page is sealed, billed or kept", "99.88", "1,200.00 USD", "November 2026",
        "If uptime were guaranteed higher or lower", "Expected credits of a year", "4,800.00 USD",
        "At risk: 95 of 100 stay within", "A year is 12 months drawn from these 3", "Measure again",
    ):  # fmt: skip
        assert words in page, words
    assert page.count('class="picture"') == 3
    with scope(cast.meridian.id):
        assert Job.objects.count() == 1


def test_figures_are_tried_in_the_address_alone(cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn) -> None:
    client, (_, contract) = sign_in(cast.owner), drafted
    client.post(f"{PAGE}measure/")
    done(cast, contract)
    figures = {
        f"{TIER}/0/below": "99.8", f"{TIER}/0/credit": "10", f"{TIER}/1/below": "99", f"{TIER}/1/credit": "25",
        f"{TIER}/2/below": "", f"{TIER}/2/credit": "", f"{TIER}/3/below": "", f"{TIER}/3/credit": "",
        "fee/minor": "20000", "caps/period_percent": "", "clause": "uptime", "low": "99.5", "high": "99.9",
        "cost": "239000", "year_limit": "",
    }  # fmt: skip
    response = client.get(PAGE, figures)
    page = response.content.decode()
    assert response.status_code == 200
    for words in ("Tried", "60,000.00 USD", "Expected margin of a year", "1,000.00 USD", "99.80"):
        assert words in page, words
    assert "Every year that is drawn comes to the same credits." in page
    kept = client.get(PAGE, figures | {f"{TIER}/1/below": "99.8", "cost": "0.001"})
    assert kept.status_code == 400
    told = kept.content.decode()
    assert "Nothing was tried. What you entered is still here." in told
    assert "This is no amount of USD." in told
    assert 'value="99.5"' in told
    overlapping = client.get(PAGE, figures | {f"{TIER}/1/below": "99.8"})
    assert "Two tiers have the same `below`." in overlapping.content.decode()
    safe = client.get(PAGE, figures | {"low": "10", "high": "20"}).content.decode()
    assert "These months would have had no credit at any of these percentages." in safe
    assert "Picture of the credits by guarantee" not in safe
    steep = client.get(PAGE, figures | {"low": "99.9", "high": "90"})
    assert (steep.status_code, "Guaranteed percentages run upwards" in steep.content.decode()) == (400, True)
    with scope(cast.meridian.id):
        assert Contract.objects.get().draft["terms"]["fee"]["minor"] == 1_200_000


def test_the_limit_of_the_contract_stands_in_the_form(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    client, (fleet, contract) = sign_in(cast.owner), drafted
    with scope(cast.meridian.id):
        capped = AgreementTerms.read(agreement(fleet, year_cap_minor=100_050))
        edit_contract(contract=contract.id, revision=1, wanted=capped, by=BY, now=SIGNED)
    client.post(f"{PAGE}measure/")
    done(cast, contract)
    page = body(client, PAGE)
    assert re.search(r'name="year_limit"[^>]*value="1000\.50"', page)
    assert "Years that reach their limit" in page
    assert not re.search(r"(?<![0-9])4,800\.00 USD", page)  # the mean without a limit
    free = body(client, f"{PAGE}?{urlencode(FIGURES | {'year_limit': ''})}")
    assert "Years that reach their limit" not in free
    assert "Years that reach their limit" in body(client, f"{PAGE}?{urlencode(FIGURES)}")


def test_asking_writes_no_audit_and_changes_nothing(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    client, (fleet, contract) = sign_in(cast.viewer), drafted
    sign_in(cast.owner).post(f"{PAGE}measure/")
    done(cast, contract)
    with scope(cast.meridian.id):
        job, told = Job.objects.get(), AuditEntry.objects.count()
    before = fingerprint(cast.meridian.id)
    assert client.get(PAGE, FIGURES | {"cost": "239000", "year_limit": "5000"}).status_code == 200
    tried = terms(fleet.ids, fee={"kind": "flat", "minor": 2_000_000})
    path = f"/t/meridian/api/v1/simulations/{job.id}/what-if/"
    for asked, status in (({"terms": tried, "year_limit_minor": 5}, 200), ({"years": 0}, 400)):
        assert client.post(path, asked, content_type="application/json").status_code == status
    assert fingerprint(cast.meridian.id) == before
    with scope(cast.meridian.id):
        assert AuditEntry.objects.count() == told


def test_a_draft_that_measures_something_else_is_measured_again(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    client, (fleet, contract) = sign_in(cast.owner), drafted
    client.post(f"{PAGE}measure/")
    done(cast, contract)
    with scope(cast.meridian.id):
        other = agreement(
            fleet, a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], gaps={"policy": "as_up"})
        )
        edit_contract(
            contract=contract.id, revision=1, wanted=AgreementTerms.read(other | {"title": "Uptime"}), by=BY, now=SIGNED
        )
    page = body(client, PAGE)
    assert "The draft measures something else now" in page
    assert "Try other figures" not in page


def test_who_may_only_read_sees_what_was_measured_and_starts_nothing(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    viewer = sign_in(cast.viewer)
    page = body(viewer, PAGE)
    assert "Somebody who may operate contracts" in page
    assert "Simulate the last year" not in page
    assert viewer.post(f"{PAGE}measure/").status_code == 403
    body(viewer, "/t/meridian/contracts/nowhere/simulation/", 404)
    assert sign_in(cast.owner).post("/t/meridian/contracts/nowhere/simulation/measure/").status_code == 404


def test_months_without_evidence_are_told(cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn) -> None:
    client, (_, contract) = sign_in(cast.owner), drafted
    client.post(f"{PAGE}measure/")
    with scope(cast.meridian.id):
        Job.objects.update(state=JobState.FAILED, error="The evidence does not fit.")
    assert "The evidence does not fit." in body(client, PAGE)
    client.post(f"{PAGE}measure/")
    with scope(cast.meridian.id):
        kept = look(agreement_to_simulate(contract.id), count=2, as_of=SIGNED)
        Job.objects.filter(state=JobState.QUEUED).update(state=JobState.DONE, result=kept)
    page = body(client, PAGE)
    assert "Nothing to simulate with" in page
    assert "November and December 2025 are left out: nothing was known of any asset when they began." in page


def test_the_page_asks_as_often_whatever_there_is_to_show(
    cast: Cast, drafted: tuple[Fleet, Contract], sign_in: SignIn
) -> None:
    client, (_, contract) = sign_in(cast.owner), drafted
    client.post(f"{PAGE}measure/")
    asked = []
    for count in (2, 3):
        done(cast, contract, count=count)
        body(client, PAGE)
        with CaptureQueriesContext(connection) as queries:
            body(client, PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 25
