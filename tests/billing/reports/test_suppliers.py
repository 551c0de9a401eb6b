"""One sign-in, several suppliers: what a person finds at /reports/, and what they never find there."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.reports import supplier_pages
from tenants.domains.models import ProvenHost
from tenants.people.members import remove_member
from tenants.people.models import Membership, User
from tenants.people.selectors import actor_of_member, organisation
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing import rows
from tests.billing.payments.world import an_invoice
from tests.billing.reports.two_suppliers import Two, two_suppliers
from tests.billing.world import SIGNED, body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OURS = "/reports/"


@pytest.fixture
def two(cast: Cast) -> Two:
    return two_suppliers(cast)


def told(client: Client, path: str = OURS) -> str:
    """The words of a page, with single spaces."""
    text = re.sub(r"<[^>]+>", " ", body(client, path).split("<main")[1])
    return " ".join(html.unescape(text).split())


def links(client: Client) -> set[str]:
    """Where the page leads to, inside organisations."""
    return {each for each in re.findall(r'href="([^"]+)"', body(client, OURS)) if "/t/" in each}


class TestPage:
    def test_who_has_two_suppliers_sees_what_each_has_for_them(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        page = told(sign_in(cast.reader))
        for words in (
            "Power by the hour, version 1: sign it, or decline to hold from",
            "Availability: 3 exclusions to approve, or object to object before 2098-11-25 00:00 UTC",
            "1 open invoice 500,000 JPY due on 4 January 2027",
            "2 open invoices 11,100.00 USD due on 4 January 2027",
            "Dispute about Pump station an offer waits for your answer",
            "November 2026, version 1 Stranger Pumps Pump station 99.88 % guaranteed 99.9 % 10,800.00 USD",
        ):
            assert words in page, words
        for words in ("Southwind", "Not Northwind's", "7,777.77"):
            assert words not in page, words
        # The one with the newest report comes first, whatever it is called.
        assert page.index("Stranger Pumps") < page.index("Meridian Engines")

    def test_it_is_told_in_german_to_who_chose_it(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            an_invoice(cast.northwind, 123_450, currency="EUR")
        client = sign_in(cast.reader)
        User.objects.filter(id=cast.reader.id).update(language="de")
        page = told(client)
        for words in (
            "Ihre Anbieter",
            "Power by the hour, Version 1: unterzeichnen oder ablehnen soll gelten ab",
            "Availability: 3 Ausnahmen, die Sie genehmigen oder denen Sie widersprechen können Widerspruch möglich vor",
            "1 offene Rechnung 1.234,50 € fällig am 4. Januar 2027",
            "1 offene Rechnung 500.000 JPY fällig am 4. Januar 2027",
            "2 offene Rechnungen 11.100,00 USD fällig am 4. Januar 2027",
            "Beanstandung zu Pump station ein Angebot wartet auf Ihre Antwort",
            "Neueste Berichte Die neuesten Berichte aller Anbieter, der jüngste zuerst Bericht Anbieter Vertrag",
            "November 2026, Version 1 Stranger Pumps Pump station 99,88 % garantiert 99,9 % 10.800,00 USD",
        ):
            assert words in page, words

    def test_one_that_is_suspended_says_so_in_german(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        Tenant.objects.filter(id=cast.stranger.id).update(state="suspended")
        User.objects.filter(id=cast.reader.id).update(language="de")
        page = told(sign_in(cast.reader))
        assert "Die Organisation ist gesperrt. Fragen Sie dort nach, wann die Seiten wieder offen sind." in page

    def test_it_leads_into_each(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        found = links(client)
        assert {
            "/t/meridian/reports/", f"/t/meridian/agreed/{two.offered}/", f"/t/meridian/agreed/{two.claimed}/",
            f"/t/meridian/agreed/{two.claimed}/exclusions/", "/t/meridian/invoices/", "/t/stranger/reports/",
            f"/t/stranger/disputes/{two.dispute}/", f"/t/stranger/reports/{two.done.report.id}/",
            "/t/stranger/invoices/",
        } <= found  # fmt: skip
        for path in found:
            if "/agreed/" in path and path.split("/")[4] not in (str(two.offered), str(two.claimed)):
                continue  # rows as lists show them, without their documents
            body(client, path)

    def test_one_that_has_a_host_of_its_own_is_read_there(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        ProvenHost.objects.create(host="portal.stranger.example", tenant_id=cast.stranger.id, proven_at=SIGNED)
        found = links(sign_in(cast.reader))
        theirs = "http://portal.stranger.example:8000/t/stranger"
        assert {f"{theirs}/reports/{two.done.report.id}/", f"{theirs}/disputes/{two.dispute}/"} <= found
        assert not any(each.startswith("/t/stranger/") for each in found)
        assert "/t/meridian/reports/" in found

    def test_no_query_names_two_and_their_number_does_not_grow(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        client, counted = sign_in(cast.reader), []
        for more in (0, 4):
            for tenant, customer in ((cast.meridian, cast.northwind), (cast.stranger, two.pumps)):
                with scope(tenant.id):
                    for _ in range(more):
                        an_invoice(customer, 100)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                body(client, OURS)
            counted.append(len(queries))
            told_of = [[str(each.id) in query["sql"] for each in (cast.meridian, cast.stranger)]
                       for query in queries.captured_queries]  # fmt: skip
            assert [True, True] not in told_of
            assert [True, False] in told_of
            assert [False, True] in told_of
        assert counted[0] == counted[1]

    def test_who_has_none_is_told_so(self, cast: Cast, sign_in: SignIn) -> None:
        assert "You are a customer of nobody yet" in told(sign_in(cast.owner))

    def test_nobody_else_comes_there(self, cast: Cast, sign_in: SignIn) -> None:
        assert Client().get(OURS)["Location"] == "/account/login/?next=/reports/"
        assert sign_in(cast.reader).post(OURS).status_code == 405

    def test_those_beyond_the_bound_are_named(
        self, cast: Cast, two: Two, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(supplier_pages, "MOST_SUPPLIERS", 1)
        page = told(sign_in(cast.reader))
        assert "1 supplier is read for one page. Open the others by themselves. Stranger Pumps" in page
        assert "Power by the hour" in page
        assert "Pump station" not in page


class TestWays:
    def test_a_customer_of_several_begins_there(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        assert client.get("/")["Location"] == OURS
        assert "Where do you want to work?" in body(client, "/?choose")
        for path in ("/?choose", "/account/", "/t/meridian/reports/", "/t/stranger/reports/"):
            assert f'href="{OURS}"' in body(client, path), path

    def test_a_customer_of_one_begins_at_that_one(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        assert client.get("/")["Location"] == "/t/meridian/reports/"
        page = told(client)
        assert "Meridian Engines Open Nothing waits, and nothing is to be paid. Contracts None yet." in page
        assert "Stranger" not in page

    def test_one_that_removed_the_person_is_not_named(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        with scope(cast.stranger.id):
            found = organisation(cast.outsider.id, "stranger")
            assert found is not None
            owner = actor_of_member(found, user=cast.outsider.id, name=cast.outsider.email)
            row = Membership.objects.get(user=cast.reader, tenant_id=cast.stranger.id)
            remove_member(membership=row.id, by=owner, now=SIGNED)
        page = told(sign_in(cast.reader))
        assert "Meridian Engines" in page
        for words in ("Stranger", "Pump station", "99.88"):
            assert words not in page

    def test_who_works_at_one_and_buys_from_another_sees_the_other(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        add_member(tenant=cast.stranger.id, user=cast.owner.id, role=Role.CUSTOMER, customer=two.pumps, now=SIGNED)
        client = sign_in(cast.owner)
        page = told(client)
        assert "Pump station" in page
        for words in ("Meridian", "Power by the hour", "11,100.00"):
            assert words not in page, words
        assert "Where do you want to work?" in body(client, "/")
        assert f'href="{OURS}"' in body(client, "/t/meridian/")

    def test_who_is_no_customer_anywhere_is_not_led_there(self, cast: Cast, sign_in: SignIn) -> None:
        for path in ("/t/meridian/", "/account/"):
            assert f'href="{OURS}"' not in body(sign_in(cast.owner), path)

    def test_a_session_by_single_sign_on_shows_what_it_opens(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        session = client.session
        session["sign_on"] = {"confined": True, "tenants": {str(cast.meridian.id): SIGNED.timestamp()}}
        session.save()
        page = told(client)
        assert "Power by the hour" in page
        assert "Stranger" not in page


class TestSuppliersThatCannotBeRead:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("suspended", "Stranger Pumps Suspended The organisation is suspended. Ask them when"),
            ("closed", "Stranger Pumps Closed The organisation is closed. Ask them when"),
        ],
    )
    def test_a_state_is_told(self, cast: Cast, two: Two, sign_in: SignIn, state: str, words: str) -> None:
        Tenant.objects.filter(id=cast.stranger.id).update(state=state)
        client = sign_in(cast.reader)
        page = told(client)
        assert words in page
        assert "Pump station" not in page
        assert not any("/t/stranger/" in each for each in links(client))
        assert "Power by the hour" in page

    def test_past_due_it_is_read(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        Tenant.objects.filter(id=cast.stranger.id).update(state="past_due")
        assert "Pump station 99.88 %" in told(sign_in(cast.reader))

    def test_one_that_asks_for_more_leads_to_where_it_asks(self, cast: Cast, two: Two, sign_in: SignIn) -> None:
        Tenant.objects.filter(id=cast.stranger.id).update(policy={"second_factor": True})
        client = sign_in(cast.reader)
        page = told(client)
        assert "Go on there : Stranger Pumps" in page
        assert "Pump station" not in page
        assert "/t/stranger/reports/" in links(client)
        assert client.get("/t/stranger/reports/")["Location"] == "/account/second-factor/"

    def test_one_that_fails_leaves_the_others(
        self, cast: Cast, two: Two, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rows, "TERMS", {})
        with scope(cast.stranger.id):
            rows.billed(two.pumps, 1)  # a report under a contract whose document says next to nothing
        page = told(sign_in(cast.reader))
        assert "Stranger Pumps What this supplier has for you cannot be read now." in page
        assert "Power by the hour" in page
        assert "Pump station" not in page
