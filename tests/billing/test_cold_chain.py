"""A contract on a cold chain and on the time until a technician is there, from readings to the statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from billing.contracts.fields import DocumentError
from billing.contracts.selectors import agreement_of, versions
from billing.contracts.wording import describe
from billing.reports import verifier
from billing.reports.services import settle_period
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import Json, a_clause
from tests.billing.world import BY, Fleet, agreement, at, published
from tests.twins.evidence.cold import published_store
from tests.twins.evidence.pit import every, send

pytestmark = pytest.mark.django_db
START, END = at("2026-11-01"), at("2026-12-01")
STEP = timedelta(minutes=5)
COLD: Json = {"kind": "availability", "of": "within_limits"}
ON_SITE: Json = {"kind": "response", "within": "PT2H", "of": "technician_on_site"}


@pytest.fixture
def store(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        twin, asset = published_store(now=at("2026-01-01"))
        yield Fleet(twin, [asset])


def clauses(store: Fleet, on_site: Json = ON_SITE) -> list[Json]:
    cold = {"kind": "tiers", "tiers": [{"below": "99.9", "credit": "10"}]}
    late = {"kind": "tiers", "tiers": [{"below": "90", "credit": "5"}]}
    return [
        a_clause(id="cold", assets=store.ids, indicator=COLD, remedies=[cold], minimum_coverage="95"),
        a_clause(id="on site", assets=store.ids, indicator=on_site, remedies=[late], minimum_coverage="95"),
    ]


def november(asset: UUID) -> None:
    """Two trips: a technician after an hour and a half, and one after three; the goods were too warm for an hour."""
    faults = [("2026-11-10T08:00", "2026-11-10T12:00"), ("2026-11-20T08:00", "2026-11-20T12:00")]
    visits = [("2026-11-10T09:30", "2026-11-10T12:00"), ("2026-11-20T11:00", "2026-11-20T12:00")]
    warm = [("2026-11-20T10:00", "2026-11-20T11:00")]
    rows = []
    for key, spans, usual, then in (
        ("fault", faults, 0.0, 1.0),
        ("service_switch", visits, 0.0, 1.0),
        ("goods_temperature", warm, 5.0, 8.5),
    ):
        for moment in every(START, END, STEP):
            holds = any(at(begin) <= moment < at(end) for begin, end in spans)
            rows.append((asset, key, moment, then if holds else usual))
    send(rows, received=at("2026-12-01T01:00"))


def test_a_month_is_settled(store: Fleet) -> None:
    contract = published(agreement(store, *clauses(store), title="Cold chain", currency="EUR"))
    november(store.engines[0])
    done = settle_period(contract=contract.id, start=START, end=END, by=BY, now=at("2026-12-04"))
    cold, on_site = done.statement.document["clauses"]
    # One hour of 720 outside the limits: 719/720 are less than 99.9 %.
    assert (cold["ratio"], cold["percent"], cold["amount_minor"]) == ("719/720", "99.861111", -120_000)
    # One of two technicians was there within two hours.
    assert (on_site["ratio"], on_site["percent"], on_site["amount_minor"]) == ("1/2", "50.000000", -60_000)
    assert all(check.holds for check in verifier.verify_report(bytes(done.report.bundle)))
    sentences = describe(agreement_of(versions(contract.id)[0]))
    assert any("the share of committed time in which within limits holds" in one for one in sentences)
    assert any("is back, or technician on site begins to hold, within 2 hours" in one for one in sentences)


def test_who_is_to_come_is_a_condition_of_the_type(store: Fleet) -> None:
    with pytest.raises(DocumentError) as refused:
        published(agreement(store, *clauses(store, ON_SITE | {"of": "energy"})))
    assert [(one.code, one.place, one.fix) for one in refused.value.findings] == [
        (
            "contract.unknown_name",
            "terms/clauses/1/indicator/of",
            "Choose one of operating_hours, technician_on_site, within_limits.",
        )
    ]
