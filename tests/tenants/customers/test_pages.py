"""The pages of end customers: who they are, their people, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tenants.customers.models import Customer
from tenants.kernel.clock import utc_now
from tenants.people.models import Invitation, User
from tenants.scope.context import scope
from tests.billing.isolation import settled
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/admin/customers/"


def test_a_customer_is_made_and_changed(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.engineer)
    assert client.get(f"{PATH}new/").status_code == 200
    body = {
        "name": "Southwind",
        "number": "K-7",
        "address": "1 Runway Road\nMunich",
        "contact_email": "n@south.example",
    }
    made = client.post(f"{PATH}new/", body, follow=True)
    assert b"1 Runway Road<br>Munich" in made.content
    taken = client.post(f"{PATH}new/", {"name": "Southwind"})
    assert taken.status_code == 400
    assert "there is a customer “Southwind”" in taken.content.decode()
    path = made.redirect_chain[-1][0]
    assert b'value="K-7"' in client.get(f"{path}edit/").content
    assert b"K-8" in client.post(f"{path}edit/", {**body, "number": "K-8"}, follow=True).content
    assert client.post(f"{path}edit/", {**body, "name": "Northwind Air"}).status_code == 400


def test_its_people_are_shown_and_invited(cast: Cast, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"{PATH}{cast.northwind}/"
    assert b"reader@meridian.example" in client.get(path).content
    assert client.get(f"{path}invite/").status_code == 200
    assert client.post(f"{path}invite/", {"email": "nobody"}).status_code == 400
    sent = client.post(f"{path}invite/", {"email": "second@northwind.example"}, follow=True)
    assert b"second@northwind.example is invited" in sent.content
    assert mail.outbox[0].to == ["second@northwind.example"]
    with scope(cast.meridian.id):
        row = Invitation.objects.get()
        assert (row.role, row.customer) == ("customer", cast.northwind)
        Invitation.objects.update(expires_at=utc_now() - timedelta(seconds=1))
    assert b"Expired" in client.get(path).content
    again = client.post(f"{path}invite/", {"email": "reader@meridian.example"})
    assert again.status_code == 400
    assert sign_in(cast.engineer).post(f"{path}invite/", {"email": "x@y.example"}).status_code == 403


def test_a_customer_goes_into_the_trash_by_name_unless_a_contract_stands(cast: Cast, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"{PATH}{cast.northwind}/"
    assert b"30 days" in client.get(f"{path}remove/").content
    assert client.post(f"{path}remove/", {"typed": "Northwind"}).status_code == 400
    gone = client.post(f"{path}remove/", {"typed": "Northwind Air"}, follow=True)
    assert b"is in the trash" in gone.content
    assert client.get(path).status_code == 404
    with scope(cast.meridian.id):
        assert not Customer.objects.exists()


def test_a_customer_with_a_contract_stays(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        settled(cast.northwind)
    client, path = sign_in(cast.owner), f"{PATH}{cast.northwind}/"
    shown = client.get(path).content.decode()
    assert 'id="contracts-heading"' in shown
    assert 'id="views-heading"' in shown
    refused = client.post(f"{path}remove/", {"typed": "Northwind Air"})
    assert refused.status_code == 400
    with scope(cast.meridian.id):
        assert Customer.objects.filter(id=cast.northwind).exists()


def test_the_list_counts_searches_and_exports(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    assert b"New customer" not in client.get(PATH).content
    assert b"Nothing fits" in client.get(f"{PATH}?q=south").content
    rows = client.get(f"{PATH}?format=csv").content.decode().lstrip("\ufeff").splitlines()
    assert rows[0] == "Name,Number,Contact,Contracts,Shared views,People,Since"
    assert rows[1].startswith("Northwind Air,,,0,0,1,")


def test_pages_take_few_queries_however_many_customers_there_are(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        Customer.objects.bulk_create([Customer(name=f"c{number}", created_at=utc_now()) for number in range(70)])
    for path in (PATH, f"{PATH}{cast.northwind}/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        selects = [each for each in queries.captured_queries if each["sql"].startswith("SELECT")]
        assert len(selects) <= 14, path


def test_an_end_customers_people_see_no_customers(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    for path in (PATH, f"{PATH}{cast.northwind}/", f"{PATH}new/"):
        assert client.get(path).status_code == 403
