"""A contract on repair times from evidence to the report that its customer reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.contracts.models import Contract
from billing.reports.bundles import Bundle
from billing.reports.incidents import incident_rows
from billing.reports.selectors import content_of, proven_bundle, proven_pdf
from billing.reports.services import Settlement, settle_period
from tenants.kernel.calendars import time_zone
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, NOVEMBER, a_fleet, agreement, at, body, published, visit, written
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]

TIERS = {"kind": "tiers", "tiers": [{"below": "90", "credit": "10"}]}


def a_contract() -> Contract:
    """Two engines that are to be back within four hours; one failed thrice, the last time at the end of the month."""
    fleet = a_fleet("2026-10-29", "2026-12-01", count=2)
    first, _ = fleet.engines
    visit(first, "2026-11-10T06:00", "2026-11-10T10:00", told="2026-11-11")
    visit(first, "2026-11-12T06:00", "2026-11-12T10:00:01", told="2026-11-13")
    visit(first, "2026-11-30T23:00", "2026-12-02T06:00", told="2026-12-03")
    repair = a_clause(
        id="repair",
        assets=fleet.ids,
        indicator={"kind": "response", "within": "PT4H"},
        gaps={"policy": "as_up"},
        remedies=[TIERS],
    )
    return published(agreement(fleet, repair, time_zone="Europe/Berlin"))


def settled() -> Settlement:
    start, end = at("2026-10-31T23:00"), at("2026-11-30T23:00")
    return settle_period(contract=a_contract().id, start=start, end=end, by=BY, now=at("2026-12-05"))


def test_the_page_and_the_document_list_each_incident(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        done = settled()
        (clause,) = content_of(done.report, bytes(done.report.bundle)).clauses
        document = written(proven_pdf(done.report))
    assert (clause.percent, clause.exact, clause.guarantee, clause.amount) == (
        "50.00",
        "1/2",
        "guaranteed 90 %",
        "-1,200.00 USD",
    )
    assert [(asset.name, asset.percent) for asset in clause.assets] == [("Engine 081", "50.00"), ("Engine 082", "–")]
    assert clause.incidents is not None
    assert [(one.asset, one.began, one.stopped, one.clock, one.verdict) for one in clause.incidents] == [
        ("Engine 081", "10 Nov 2026 07:00", "10 Nov 2026 11:00", "4 hours", "met"),
        ("Engine 081", "12 Nov 2026 07:00", "12 Nov 2026 11:00", "4 hours 1 second", "missed"),
    ]
    page = " ".join(body(sign_in(cast.owner), f"/t/meridian/reports/{done.report.id}/").split())
    for words in ("Repair: 50.00 %", "12 Nov 2026 07:00", "4 hours 1 second", ">missed<", "back within 4 hours"):
        assert words in page, words
    assert "4 hours 1 second missed" in document


def test_the_bundle_holds_all_that_the_incidents_are_computed_from(cast: Cast) -> None:
    with scope(cast.meridian.id):
        bundle = Bundle.read(proven_bundle(settled().report))
    assert bundle.recomputes()
    (asset, _) = bundle.run["outcome"]["workings"]["clauses"][0]["assets"]
    assert [(clock, verdict) for _, _, clock, verdict in asset["incidents"]] == [
        (14_400_000, "met"),
        (14_401_000, "missed"),
    ]


def test_a_month_without_an_incident_says_so(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        indicator = {"kind": "response", "within": "PT4H"}
        repair = a_clause(id="repair", assets=fleet.ids, indicator=indicator, remedies=[TIERS])
        contract = published(agreement(fleet, repair))
        start, end = NOVEMBER
        done = settle_period(contract=contract.id, start=start, end=end, by=BY, now=at("2026-12-05"))
        document = written(proven_pdf(done.report))
    assert [(line["text"], line["minor"]) for line in done.statement.document["lines"]] == [
        ("Fee", 1_200_000),
        ("repair 100.00 %: no credit", 0),
    ]
    page = body(sign_in(cast.owner), f"/t/meridian/reports/{done.report.id}/")
    assert "Repair: 100.00 %" in page
    assert "No asset had an incident in committed time." in page
    assert "No asset had an incident in committed time." in document


def test_incidents_stand_in_the_order_of_time_whosever_they_are() -> None:
    minute = 60_000
    workings = {
        "assets": [
            {"asset": "a", "incidents": [[5 * minute, None, 90_500, "open"], [9 * minute, 10 * minute, minute, "met"]]},
            {"asset": "b", "incidents": [[2 * minute, 4 * minute, 0, "met"]]},
        ]
    }
    rows = incident_rows(workings, {"a": "A", "b": "B"}, time_zone("UTC"))
    assert rows is not None
    assert [(one.asset, one.began, one.stopped, one.clock, one.verdict) for one in rows] == [
        ("B", "1 Jan 1970 00:02", "1 Jan 1970 00:04", "no time", "met"),
        ("A", "1 Jan 1970 00:05", "still open", "1 minute 30.5 seconds", "left for the next period"),
        ("A", "1 Jan 1970 00:09", "1 Jan 1970 00:10", "1 minute", "met"),
    ]
    assert incident_rows({"assets": [{"asset": "a"}]}, {"a": "A"}, time_zone("UTC")) is None
