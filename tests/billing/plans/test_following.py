"""One round for an organisation: three transactions, each of one tenant, and nothing of anybody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from billing.plans import following, tasks
from billing.plans.following import follow_organisation
from billing.plans.models import PlanAccount, PlanBill, PlanInvoice, PlanSheet, PlanTaken, UsageEvent
from billing.plans.services import publish_prices, take_events
from tenants.customers.models import Customer
from tenants.limits.domain.plans import Meter
from tenants.limits.services import change_plan, raise_limit
from tenants.limits.usage import add_usage
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.plans.world import BY, PRICES, SEPTEMBER, Market, event, prices
from tests.billing.world import at

READINGS = PRICES["meters"][0]


def used(tenant: Tenant, amount: int, now: datetime) -> None:
    with scope(tenant.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=amount, now=now)


@pytest.fixture
def priced(operator: Tenant, tenant: Tenant) -> Tenant:
    """Meridian on Business, whose readings cost from 1 September on; nobody has looked yet."""
    Tenant.objects.filter(id=tenant.id).update(plan="business")
    with scope(operator.id):
        publish_prices(document=prices(meters=[READINGS]), valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
    return tenant


def sheet(tenant: Tenant) -> dict[str, Any]:
    with scope(tenant.id):
        document: dict[str, Any] = PlanSheet.objects.get().document
        return document


def test_usage_becomes_a_sheet_and_an_invoice(operator: Tenant, priced: Tenant) -> None:
    follow_organisation(priced.id, now=SEPTEMBER)
    used(priced, 1500, at("2026-09-05T10:00"))
    used(priced, 500, at("2026-09-06T10:00"))
    for _ in range(2):
        follow_organisation(priced.id, now=at("2026-09-11"))
    told = sheet(priced)
    assert (told["plan_name"], told["month"], told["currency"]) == ("Business", "2026-09", "EUR")
    assert told["meters"] == [
        {
            "type": "outturn.readings", "name": "Readings stored", "unit": "readings", "aggregate": "sum",
            "used": "2,000", "included": "1,000", "minor": 1_000, "over": True, "share_percent": None,
            "forecast": "6,000", "forecast_minor": 1_000 + 2_000,
            "days": [{"day": "2026-09-05", "used": "1,500"}, {"day": "2026-09-06", "used": "500"}],
        }
    ]  # fmt: skip
    assert (told["total_minor"], told["forecast_minor"]) == (50_900, 52_900)
    follow_organisation(priced.id, now=at("2026-10-03"))
    with scope(priced.id):
        row = PlanInvoice.objects.get()
        assert (row.number, row.gross_minor, row.open_minor) == ("OC-2026-0001", 50_900, 50_900)
        assert row.bill["counted"] == {"outturn.readings": "2000"}
    with scope(operator.id):
        assert PlanBill.objects.get().invoice_id == row.id
        assert Customer.objects.get().name == "Meridian Engines"
    assert sheet(priced)["month"] == "2026-10"


def test_where_nobody_sells_plans_nothing_is_kept(priced: Tenant, operator: Tenant, settings: Any) -> None:
    settings.OUTTURN_OPERATOR = ""
    with scope(priced.id):
        change_plan(plan="team", by=BY, now=at("2026-09-05"))
        assert not PlanTaken.objects.exists()
    follow_organisation(priced.id, now=at("2026-09-11"))
    with scope(operator.id):
        assert not PlanAccount.objects.exists()


def test_an_organisation_on_a_plan_without_prices_is_no_customer(operator: Tenant, stranger: Tenant) -> None:
    follow_organisation(stranger.id, now=at("2026-09-11"))
    with scope(operator.id):
        assert not PlanAccount.objects.exists()
        assert not Customer.objects.exists()


def test_the_operator_does_not_charge_itself(operator: Tenant, priced: Tenant) -> None:
    Tenant.objects.filter(id=operator.id).update(plan="business")
    follow_organisation(operator.id, now=at("2026-09-11"))
    with scope(operator.id):
        assert not PlanAccount.objects.exists()


def test_a_plan_that_is_taken_counts_from_its_moment(operator: Tenant, priced: Tenant) -> None:
    with scope(operator.id):
        publish_prices(document=prices(plan="team", monthly_minor=3_000, meters=[]), valid_from=SEPTEMBER, by=BY,
                       now=SEPTEMBER)  # fmt: skip
    follow_organisation(priced.id, now=SEPTEMBER)
    with scope(priced.id):
        change_plan(plan="team", by=BY, now=at("2026-09-21"))
    follow_organisation(priced.id, now=at("2026-09-22"))
    told = sheet(priced)
    assert [(each["text"], each["minor"]) for each in told["fees"]] == [
        ("Business, share of the monthly fee", 33_267), ("Team, share of the monthly fee", 1_000),
    ]  # fmt: skip


def test_without_prices_the_sheet_goes_and_the_invoices_stay(operator: Tenant, priced: Tenant) -> None:
    follow_organisation(priced.id, now=SEPTEMBER)
    follow_organisation(priced.id, now=at("2026-10-03"))
    Tenant.objects.filter(id=priced.id).update(plan="trial")
    follow_organisation(priced.id, now=at("2026-10-31"))
    follow_organisation(priced.id, now=at("2026-11-10"))
    with scope(priced.id):
        assert not PlanSheet.objects.exists()
        assert PlanInvoice.objects.count() == 2


def test_a_name_that_another_customer_has_is_made_its_own(operator: Tenant, priced: Tenant) -> None:
    with scope(operator.id):
        Customer.objects.create(name="Meridian Engines", created_at=SEPTEMBER)
    follow_organisation(priced.id, now=SEPTEMBER)
    with scope(operator.id):
        assert PlanAccount.objects.get().customer.name == "Meridian Engines (meridian)"


def test_the_limit_of_the_operators_own_customers_keeps_nobody_from_being_charged(
    operator: Tenant, priced: Tenant
) -> None:
    with scope(operator.id):
        raise_limit(meter=Meter.CUSTOMERS, value=1, until=None, reason="agreed", by="support", now=SEPTEMBER)
        for name in ("Meridian Engines", "Meridian Engines (meridian)"):
            Customer.objects.create(name=name, created_at=SEPTEMBER)
    follow_organisation(priced.id, now=SEPTEMBER)
    with scope(operator.id):
        assert PlanAccount.objects.get().customer.name == f"Meridian Engines ({priced.id})"


def test_nobody_sees_anothers(operator: Tenant, priced: Tenant, stranger: Tenant) -> None:
    Tenant.objects.filter(id=stranger.id).update(plan="business")
    for each, amount in ((priced, 1500), (stranger, 70)):
        follow_organisation(each.id, now=SEPTEMBER)
        used(each, amount, at("2026-09-05"))
        follow_organisation(each.id, now=at("2026-09-11"))
        follow_organisation(each.id, now=at("2026-10-03"))
    rows = {}
    for each in (priced, stranger):
        with scope(each.id):
            assert not PlanAccount.objects.exists()
            assert not UsageEvent.objects.exists()
            assert not PlanBill.objects.exists()
            (rows[each.slug],) = PlanInvoice.objects.all()
    assert rows["meridian"].document["parties"]["customer"] == "Meridian Engines"
    assert rows["stranger"].document["parties"]["customer"] == "Stranger Pumps"
    assert rows["meridian"].bill["counted"] == {"outturn.readings": "1500"}
    assert "eridian" not in str(rows["stranger"].document) + str(rows["stranger"].bill)
    assert "tranger" not in str(rows["meridian"].document) + str(rows["meridian"].bill)


def test_what_was_reckoned_later_stays(priced: Tenant, operator: Tenant) -> None:
    follow_organisation(priced.id, now=SEPTEMBER)
    follow_organisation(priced.id, now=at("2026-09-12"))
    follow_organisation(priced.id, now=at("2026-09-11"))
    assert sheet(priced)["as_of"] == "2026-09-12T00:00:00Z"


def test_an_organisation_that_was_erased_pays_until_that_is_seen(operator: Tenant, priced: Tenant) -> None:
    follow_organisation(priced.id, now=SEPTEMBER)
    for _ in range(2):
        following.end_organisation(priced.id, now=at("2026-09-16"))
    following.end_organisation(priced.id, now=at("2026-11-03"))
    with scope(operator.id):
        publish_prices(document=prices(), valid_from=at("2026-12-01"), by=BY, now=at("2026-11-03"))
        sent = [event(id=name, subject=subject, time=f"2026-{time}:00Z") for name, subject, time in (
            ("1", str(priced.id), "09-15T23:59"), ("2", str(priced.id), "09-16T00:00"),
            ("3", "meridian", "09-15T23:59"),
        )]  # fmt: skip
        answers = take_events(given=sent, by=BY, now=at("2026-11-03"))
        assert [(each.kind, [found.code for found in each.findings]) for each in answers] == [
            ("accepted", []), ("refused", ["usage.after_plan"]), ("refused", ["usage.subject_unknown"]),
        ]  # fmt: skip
        assert list(PlanBill.objects.order_by("month").values_list("month", "total_minor")) == [
            ("2026-09", 24_950), ("2026-10", 0),
        ]  # fmt: skip


class TestTasks:
    @pytest.fixture(autouse=True)
    def _keep_the_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "close_old_connections", lambda: None)

    def test_everybody_but_the_operator_is_followed(self, priced: Tenant, stranger: Tenant, operator: Tenant,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
        asked: list[str] = []
        monkeypatch.setattr(tasks.follow, "apply_async", lambda args, **_: asked.append(args[0]))
        tasks.follow_all()
        assert sorted(asked) == sorted([str(priced.id), str(stranger.id)])

    def test_without_an_operator_nobody_is(self, priced: Tenant, settings: Any,
                                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
        settings.OUTTURN_OPERATOR = ""
        asked: list[str] = []
        monkeypatch.setattr(tasks.follow, "apply_async", lambda args, **_: asked.append(args[0]))
        tasks.follow_all()
        assert asked == []

    def test_one_is_followed_now(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[UUID, bool]] = []

        def note(whose: UUID, *, now: datetime) -> None:
            seen.append((whose, now.tzinfo is UTC))

        monkeypatch.setattr(following, "follow_organisation", note)
        tasks.follow(str(market.organisation.id))
        assert seen == [(market.organisation.id, True)]

    def test_one_that_was_erased_is_still_asked_for(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        whose = market.organisation.id
        Tenant.objects.filter(id=whose).update(slug=f"erased-{whose}")
        asked: list[str] = []
        monkeypatch.setattr(tasks.follow, "apply_async", lambda args, **_: asked.append(args[0]))
        tasks.follow_all()
        assert asked == [str(whose)]
        tasks.follow(str(whose))
        with scope(market.operator.id):
            assert [term.plan for term in market.account.terms.order_by("since")] == ["business", ""]
