"""The end customer's portal: their own reports, whole, and nothing else of the house."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.customers.services import create_customer
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.world import SIGNED, House, body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_a_customers_reader_reads_their_report(cast: Cast, house: House, sign_in: SignIn) -> None:
    client, report = sign_in(cast.reader), house.done.report
    assert f"/t/meridian/reports/{report.id}/" in body(client, "/t/meridian/reports/")
    page = body(client, f"/t/meridian/reports/{report.id}/")
    for words in (
        "Outcome report of Meridian Engines for Northwind Air",
        "99.88 %",
        "guaranteed 99.9 %",
        "10 Nov 2026 12:00 to 10 Nov 2026 12:50",
        "ME-2026-0001",
        "10,800.00 USD",
        "What the time of each asset counted as",
        "The entries are in the log under the head",
        report.fingerprint,
    ):
        assert words in page, words
    assert "<script" not in page.split('<article class="report">')[1].split("</article>")[0]
    assert "style=" not in page.split('<article class="report">')[1].split("</article>")[0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("report.json", "application/json"), ("report.pdf", "application/pdf"), ("rate.json", "application/json")],
)
def test_the_files_of_a_report(cast: Cast, house: House, sign_in: SignIn, name: str, kind: str) -> None:
    response = sign_in(cast.reader).get(f"/t/meridian/reports/{house.done.report.id}/{name}")
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert response["Content-Disposition"].startswith('attachment; filename="uptime-2026-11-01-v1')
    assert "no-store" in response["Cache-Control"]
    wanted = {"report.json": house.done.report.bundle, "report.pdf": house.done.report.pdf}
    if name in wanted:
        assert response.content == bytes(wanted[name])


def test_the_verifier_is_there_for_all_who_read_reports(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.reader).get("/t/meridian/reports/verifier.py")
    assert response.content.startswith(b'"""Check an outcome report without trusting')
    body(sign_in(cast.reader), "/t/meridian/reports/other.py", 404)


def test_another_customers_reader_finds_nothing(cast: Cast, house: House, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        other = create_customer(name="Southwind Air", now=SIGNED).id
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=other, now=SIGNED)
    client, report = sign_in(reader), house.done.report.id
    assert "No report yet" in body(client, "/t/meridian/reports/")
    for path in ("", "report.json", "report.pdf", "rate.json"):
        body(client, f"/t/meridian/reports/{report}/{path}", 404)
    assert client.get("/t/meridian/api/v1/reports/").json()["results"] == []
    for path in ("", "proof/", "pdf/", "rate-document/"):
        assert client.get(f"/t/meridian/api/v1/reports/{report}/{path}").status_code == 404


def test_a_reader_sees_nothing_else_of_the_house(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    for path in (
        "contracts/", "contracts/new/", "contracts/uptime/", "contracts/uptime/exclusions/",
        "contracts/uptime/statements/", "statements/", f"statements/{house.done.statement.id}/",
    ):  # fmt: skip
        body(client, f"/t/meridian/{path}", 403)
    for path in ("contracts/", "exclusions/", "outcome-runs/", "statements/", "invoices/"):
        assert client.get(f"/t/meridian/api/v1/{path}").status_code == 403
    assert client.get("/t/meridian/api/v1/reports/").json()["results"][0]["id"] == str(house.done.report.id)
