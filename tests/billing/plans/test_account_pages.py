"""The operator's pages of accounts: who is charged, what for, and what keeps a bill waiting."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from billing.plans import account_pages
from billing.plans.accounts import keep_account
from billing.plans.closing import close_due
from billing.plans.models import PlanAccount, PlanBill, UsageEvent
from billing.plans.services import publish_prices, take_events
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.plans.world import BY, PRICES, SEPTEMBER, Market, event, opened, prices, told
from tests.billing.world import at, body
from tests.conftest import Cast

SignIn = Callable[[User], Client]
ROOT = "/t/platform/admin/plan-accounts/"
GPU = PRICES["meters"][2]
DUE, SOON = "3 Oct 2026 00:00 (UTC)", "it is made within a quarter of an hour."


@pytest.fixture
def market(people: Cast, operator: Tenant) -> Market:
    """Meridian on Business, with prices since September."""
    Tenant.objects.filter(id=people.meridian.id).update(plan="business")
    return opened(operator, people.meridian)


@pytest.fixture
def client(market: Market, people: Cast, sign_in: SignIn) -> Client:
    """Who sells."""
    return sign_in(people.owner)


@pytest.fixture
def account(market: Market) -> UUID:
    """Meridian's account: September and October are billed, with GPU time of September that came late."""
    with scope(market.operator.id):
        used("e1", "2026-09-10T10:00:00Z", "10800", "2026-09-11")
        close_due(market.account, now=at("2026-10-03"))
        used("e2", "2026-09-20T10:00:00Z", "3600", "2026-10-20")
        close_due(market.account, now=at("2026-11-03"))
        return market.account.id


def used(name: str, time: str, seconds: str, now: str) -> None:
    """GPU time that was told; in the operator's scope."""
    given = event(id=name, time=time, data={"value": seconds})
    (answer,) = take_events(given=[given], by=BY, now=at(now))
    assert answer.kind == "accepted"


def more(market: Market, count: int) -> None:
    """More organisations on Business, each with two billed months and GPU time in them and now."""
    moment = utc_now() - timedelta(seconds=1)
    for number in range(count):
        slug = f"other-{number:02d}"
        tenant = Tenant.objects.create(slug=slug, name=f"Other {number}", plan="business", created_at=SEPTEMBER)
        with scope(market.operator.id):
            made = keep_account(told(tenant, SEPTEMBER, time_zone="Asia/Tokyo" if number % 2 else "UTC"))
            assert made is not None
            then = event(id=f"then-{slug}", subject=slug)
            today = event(id=f"now-{slug}", subject=slug, time=moment.isoformat())
            take_events(given=[then, today], by=BY, now=utc_now())
            close_due(made, now=at("2026-11-03"))


def plain(page: str) -> str:
    """The words of a page."""
    return " ".join(re.sub("<[^>]+>", " ", page).split())


class TestList:
    def test_who_is_charged_what(self, account: UUID, client: Client) -> None:
        page = body(client, ROOT)
        assert f'href="{ROOT}{account}/"' in page
        for words in ("Meridian Engines", "Business", "499.00 EUR", "October 2026", "501.50 EUR", "Overdue"):
            assert words in plain(page), words

    def test_before_anybody_is_charged_it_says_how_to_begin(
        self, operator: Tenant, people: Cast, sign_in: SignIn
    ) -> None:
        page = body(sign_in(people.owner), ROOT)
        assert "Nobody is charged yet" in page
        assert "/t/platform/admin/plan-prices/" in page

    def test_what_waits_says_why_and_leads_to_where_it_is_mended(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            a_seller()
            close_due(market.account, now=at("2026-10-03"))
            row = market.account
            assert row.why_place == "customer/country"
        mend = f"/t/platform/admin/customers/{row.customer_id}/billing/"
        for path in (f"{ROOT}?bill=waits", f"{ROOT}{row.id}/"):
            page = body(client, path)
            assert "It is not known in which country the customer is" in page
            assert f'href="{mend}"' in page
        assert "Meridian" not in plain(body(client, f"{ROOT}?bill=made").partition('id="list"')[2])
        with scope(market.operator.id):
            billed_at(row.customer_id, AT_HOME)
            close_due(market.account, now=at("2026-10-05"))
            assert (market.account.why, market.account.why_place) == ("", "")
        assert mend not in body(client, ROOT)

    def test_what_a_legal_entity_lacks_leads_there(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            PlanAccount.objects.update(why="No rate of tax is known.", why_place="legal_entity/rates")
        assert 'href="/t/platform/admin/legal-entities/">Mend it' in body(client, ROOT)

    def test_it_is_searched_narrowed_and_filed(self, market: Market, account: UUID, client: Client) -> None:
        more(market, 2)
        assert "Meridian" not in plain(body(client, f"{ROOT}?q=other-01").partition('id="list"')[2])
        assert "Nothing fits" in body(client, f"{ROOT}?plan=team")
        rows = client.get(f"{ROOT}?format=csv").content.decode("utf-8-sig").splitlines()
        assert rows[0] == "Organisation,In addresses,Plan,This month so far,Last bill,Sum,Invoice,Waits because"
        assert rows[1] == "Meridian Engines,meridian,Business,499.00,2026-10,501.50,overdue,"
        assert len(rows) == 4

    def test_it_asks_the_same_however_many_there_are(
        self, market: Market, account: UUID, client: Client, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        body(client, ROOT)
        with django_assert_num_queries(MOST):
            body(client, ROOT)
        more(market, 9)
        with django_assert_num_queries(MOST):
            page = body(client, ROOT)
        assert page.count("Other ") >= 9


MOST = 20
"""Questions of a list of accounts: the session, the shell, and what is told of them."""


class TestAccount:
    def test_plans_the_running_month_and_bills(self, market: Market, account: UUID, client: Client) -> None:
        with scope(market.operator.id):
            team = prices(plan="team", monthly_minor=10_000, meters=[GPU])
            publish_prices(document=team, valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
            taken = [("team", at("2026-11-10"))]
            keep_account(told(market.organisation, at("2026-11-11"), plan="team", taken=taken))
        page = plain(body(client, f"{ROOT}{account}/"))
        for words in ("Plans it was on Plan From Until Team 2026-11-10 00:00 UTC now Business 2026-09-01 00:00 UTC",
                      "October 2026 501.50 EUR OC-2026-0002", "September 2026 504.00 EUR OC-2026-0001",
                      "Charged since 2026-09-01 00:00 UTC", "Months begin in UTC"):  # fmt: skip
            assert words in page, words
        assert f"{ROOT}{account}/bills/2026-09/" in body(client, f"{ROOT}{account}/")

    def test_a_bill_says_what_each_line_rests_on_and_corrects(self, account: UUID, client: Client) -> None:
        page = body(client, f"{ROOT}{account}/bills/2026-10/")
        assert f'href="{ROOT}{account}/bills/2026-09/">Corrects the bill of September 2026' in page
        assert f"{ROOT}{account}/usage/?month=2026-09&amp;type=gpu.seconds" in page
        assert "September 2026: GPU time: 4 h, 1 included Corrects the bill of September 2026" in plain(page)
        assert "Business, version 1" in page
        assert client.get(f"{ROOT}{account}/bills/2026-12/").status_code == 404

    def test_a_month_in_its_time_of_grace_says_when_its_bill_is_made(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            row = market.account
            for now, words in (
                ("2026-09-20", ""),
                ("2026-10-02", f"September 2026 is over. Its bill is made on {DUE}, with what comes in until then."),
                ("2026-10-04", f"September 2026 is over, and its bill is due since {DUE}: {SOON}"),
            ):  # fmt: skip
                assert account_pages.told_waiting(row, at(now)) == words

    def test_an_organisation_that_is_gone(self, market: Market, account: UUID, client: Client) -> None:
        with scope(market.operator.id):
            row = market.account
            row.terms.create(plan="", since=at("2026-11-05"))
        assert "none: the organisation is gone" in body(client, f"{ROOT}{account}/")

    def test_a_month_in_which_nothing_has_a_price(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            taken = [("trial", at("2026-09-15"))]
            keep_account(told(market.organisation, at("2026-09-15"), plan="trial", taken=taken))
            row = market.account
        page = plain(body(client, f"{ROOT}{row.id}/"))
        for words in ("This month so far – nothing has a price", "Plan Trial", "nothing is charged for it"):
            assert words in page, words
        assert "Forecast" not in page
        assert "Trial" in plain(body(client, ROOT))

    def test_looking_now_asks_for_it(
        self, account: UUID, market: Market, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[UUID] = []
        monkeypatch.setattr(account_pages, "hint", asked.append)
        answer = client.post(f"{ROOT}{account}/follow/")
        assert (answer.status_code, answer["Location"]) == (302, f"{ROOT}{account}/")
        assert asked == [market.organisation.id]

    def test_it_takes_few_queries(
        self, account: UUID, client: Client, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        body(client, f"{ROOT}{account}/")
        with django_assert_max_num_queries(40):
            body(client, f"{ROOT}{account}/")
        with django_assert_max_num_queries(16):
            body(client, f"{ROOT}{account}/bills/2026-10/")


class TestUsage:
    def test_by_month_and_meter_the_newest_first(self, market: Market, account: UUID, client: Client) -> None:
        with scope(market.operator.id):
            given = [
                event(id=f"disk-{day}", time=f"2026-10-0{day}T10:00:00Z", type="disk", data={"value": f"{day}.5"})
                for day in range(1, 4)
            ]
            take_events(given=given, by="key of the store", now=at("2026-10-05"))
        page = plain(body(client, f"{ROOT}{account}/usage/").partition("<tbody>")[2])
        assert page.index("2026-10-03 10:00 UTC Disk 3.5") < page.index("2026-10-01 10:00 UTC Disk 1.5")
        assert page.index("Disk 1.5") < page.index("GPU time 3,600")
        page = plain(body(client, f"{ROOT}{account}/usage/?month=2026-09&type=gpu.seconds"))
        assert "2 in all" in page
        assert "Disk 3.5" not in page
        assert "Nothing fits" in body(client, f"{ROOT}{account}/usage/?month=2026-09&type=disk")
        assert "key of the store" in body(client, f"{ROOT}{account}/usage/?type=disk")

    def test_in_pages(self, market: Market, account: UUID, client: Client) -> None:
        with scope(market.operator.id):
            given = [
                event(id=f"n{number}", source="/n", time=f"2026-09-12T10:{number:02d}:00Z") for number in range(60)
            ]
            take_events(given=given, by=BY, now=at("2026-09-13"))
            assert UsageEvent.objects.count() == 62
        page = body(client, f"{ROOT}{account}/usage/")
        assert page.count("<tr>") == 51
        following = re.search('rel="next" href="([^"]+)"', page)
        assert following is not None
        assert body(client, f"{ROOT}{account}/usage/{following[1].replace('&amp;', '&')}").count("<tr>") == 13

    def test_before_anything_was_used_it_says_where_it_comes_from(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            row = market.account
        assert "Nothing was used yet" in body(client, f"{ROOT}{row.id}/usage/")


class TestWhoSees:
    def test_nobody_elsewhere_has_these_pages(
        self, account: UUID, people: Cast, client: Client, sign_in: SignIn
    ) -> None:
        for path in ("", f"{account}/", f"{account}/usage/", f"{account}/bills/2026-09/"):
            assert client.get(f"/t/meridian/admin/plan-accounts/{path}").status_code == 404
            assert sign_in(people.outsider).get(f"{ROOT}{path}").status_code == 404
        assert client.post(f"/t/meridian/admin/plan-accounts/{account}/follow/").status_code == 404
        assert client.get(f"{ROOT}{new_id()}/").status_code == 404
        assert "plan-accounts" not in body(client, "/t/meridian/admin/fees/")

    def test_who_only_looks_on_mends_nothing(
        self, market: Market, account: UUID, people: Cast, sign_in: SignIn
    ) -> None:
        with scope(market.operator.id):
            PlanAccount.objects.update(
                why="It is not known in which country the customer is.", why_place="customer/country"
            )
            assert PlanBill.objects.count() == 2
        viewer = sign_in(people.viewer)
        for path in ("", f"{account}/"):
            page = body(viewer, f"{ROOT}{path}")
            assert "It is not known in which country" in page
            assert "/billing/" not in page
        assert viewer.post(f"{ROOT}{account}/follow/").status_code == 403

    def test_without_the_permission_it_is_refused(
        self, operator: Tenant, account: UUID, people: Cast, sign_in: SignIn
    ) -> None:
        with scope(operator.id):
            customer = PlanAccount.objects.get().customer_id
        engineer = people.engineer.id
        add_member(tenant=operator.id, user=engineer, role=Role.CUSTOMER, customer=customer, now=SEPTEMBER)
        for path in ("plan-accounts/", f"plan-accounts/{account}/", "plan-prices/", "plan-prices/business/new/"):
            assert sign_in(people.engineer).get(f"/t/platform/admin/{path}").status_code == 403
