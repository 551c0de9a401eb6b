"""The pages of statements: every figure open, and what can be started from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.jobs.models import Job
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.invoices.restated import (
    OCTOBER,
    a_patchy_fleet,
    calm,
    miss,
    patchy,
    restated,
    settled,
    storm,
    until,
)
from tests.billing.world import Fleet, House, agreement, body, published
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_a_statement_opens_to_the_whole_computation(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    listed = body(client, "/t/meridian/statements/")
    assert f"/t/meridian/statements/{house.done.statement.id}/" in listed
    assert "November 2026, version 1" in listed
    assert "10,800.00 USD" in listed
    page = body(client, f"/t/meridian/statements/{house.done.statement.id}/")
    for words in (
        "99.88",
        "863/864",
        "-1,200.00 USD",
        "outage 2026-11-10T12:00:00+00:00 to 2026-11-10T12:50:00+00:00: 3000 s, of which 3000 s count",
        "exclusion of Engine 081",
        "not approved, not rated",
        "credit 120000 rounded half_even to 120000, granted 120000",
        "below 99.9 % holds",
        house.done.statement.digest,
    ):
        assert words in page, words
    assert house.fleet.ids[0] not in page
    assert "Rate again" not in page


def test_rating_again_and_settling_start_jobs(cast: Cast, house: House, sign_in: SignIn) -> None:
    client, statement = sign_in(cast.owner), house.done.statement.id
    assert "Rate again" in body(client, f"/t/meridian/statements/{statement}/")
    client.post(f"/t/meridian/statements/{statement}/restate/")
    page = body(client, "/t/meridian/contracts/uptime/statements/")
    october, november = (f"2026-{month}-01T00:00:00Z/2026-{month + 1}-01T00:00:00Z" for month in (10, 11))
    assert f'<option value="{october}">October 2026</option>' in page
    assert f'<option value="{november}">' not in page
    assert "ME-2026-0001" in page
    client.post("/t/meridian/contracts/uptime/settle/", {"period": october})
    client.post("/t/meridian/contracts/uptime/settle/", {"period": november})
    assert "That period cannot be settled." in body(client, "/t/meridian/contracts/uptime/statements/")
    with scope(cast.meridian.id):
        jobs = {job.kind: job.params for job in Job.objects.all()}
    assert jobs == {
        "billing.restate": {"statement": str(statement), "by": "owner@meridian.example"},
        "billing.settle": {
            "contract": str(house.contract.id), "start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z",
            "by": "owner@meridian.example",
        },
    }  # fmt: skip
    assert client.post(f"/t/meridian/statements/{house.claim}/restate/").status_code == 404


def test_a_version_of_which_too_little_is_known_says_what_stands(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        fleet = a_patchy_fleet()
        contract = published(patchy(fleet, effective=until("2026-11-01")))
        miss(fleet, "2026-10", 15, 1, told="2026-10-16")
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        weather = storm(fleet, contract, "2026-10", now="2026-11-06")
        second, _ = restated(first, "2026-11-07")
        calm(weather, now="2026-11-08")
        miss(fleet, "2026-10", 16, 7, told="2026-11-08")
        third, _ = restated(first, "2026-11-09")
    assert second is not None
    assert third is not None
    client = sign_in(cast.viewer)
    page = body(client, f"/t/meridian/statements/{second.id}/")
    for words in ("what was settled of it before stands", "uptime: indeterminate, what version 1 settled stands"):
        assert words in page, words
    assert "nothing is settled for it" not in page
    page = body(client, f"/t/meridian/statements/{third.id}/")
    assert "-1,800.00 USD, charged by an invoice of its own" in page


def test_before_the_first_statement(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert "No statement yet" in body(client, "/t/meridian/statements/")
    assert "No report yet" in body(client, "/t/meridian/reports/")
    body(client, "/t/meridian/statements/01a1fbb7-0000-7000-8000-000000000000/", 404)
    assert "Last outcome" not in body(client, "/t/meridian/")
    with scope(cast.meridian.id):
        contract = published(agreement(Fleet(*published_fleet(1)), effective={"from": "2100-01-01"}))
    page = body(client, f"/t/meridian/contracts/{contract.slug}/statements/")
    assert "Once a period in which the contract holds is over" in page
    assert "no period is settled yet" in body(client, "/t/meridian/")


def test_the_overview_shows_the_last_outcome_and_what_is_owed(cast: Cast, house: House, sign_in: SignIn) -> None:
    page = body(sign_in(cast.viewer), "/t/meridian/")
    assert "99.88 %" in page
    assert "10,800.00 USD" in page
    assert "1 invoice" in page
