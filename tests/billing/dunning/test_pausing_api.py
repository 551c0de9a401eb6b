"""Pausing reminders over the API: what is refused, what holds, who may, and that the audit has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing.dunning.models import DunningPause
from billing.dunning.selectors import looks
from billing.invoices.models import Invoice
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.world import an_invoice
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """100.00 USD, five days overdue today."""
    with scope(cast.meridian.id):
        return an_invoice(cast.northwind, 10_000, due=(utc_now() - timedelta(days=5)).date())


def path_of(invoice: Invoice) -> str:
    return f"/api/v1/invoices/{invoice.id}/dunning/pauses/"


def held(cast: Cast, *rows: Invoice) -> list[str | None]:
    """What holds the letters about some invoices."""
    now = utc_now()
    with scope(cast.meridian.id):
        found = looks(list(rows), today=now.date(), now=now)
    return [found[row.id].hold for row in rows]


def audited(cast: Cast) -> list[tuple[str, str, Any]]:
    with scope(cast.meridian.id):
        rows = AuditEntry.objects.filter(action__startswith="dunning.").order_by("at", "id")
        return [(row.action, row.subject, row.details) for row in rows]


def test_an_invoice_is_paused_and_written_about_again(cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
    client, until = with_key(cast.meridian, Role.FINANCE), str((utc_now() + timedelta(days=9)).date())
    made = client.post(path_of(invoice), {"reason": "  They pay  in May. ", "until": until}, format="json")
    assert made.status_code == 201
    pause = made.json()
    assert pause | {"paused_at": ""} == {
        "id": pause["id"], "invoice": str(invoice.id), "customer": None, "reason": "They pay in May.", "until": until,
        "paused_by": pause["paused_by"], "paused_at": "", "ended_by": "", "ended_at": None,
    }  # fmt: skip
    assert client.get(path_of(invoice)).json() == [pause]
    assert client.get(f"/api/v1/invoices/{invoice.id}/dunning/").json().items() >= (
        {"hold": "paused", "reason": "They pay in May.", "pauses": [pause]}.items()
    )
    assert held(cast, invoice) == ["paused"]
    ended = client.post(f"/api/v1/dunning/pauses/{pause['id']}/end/")
    assert (ended.status_code, ended.json()["ended_by"]) == (200, pause["paused_by"])
    assert ended.json()["ended_at"] is not None
    assert client.get(path_of(invoice)).json() == []
    subject = f"invoice/{invoice.id}"
    assert [(action, about) for action, about, _ in audited(cast)] == [
        ("dunning.paused", subject), ("dunning.resumed", subject),
    ]  # fmt: skip
    assert audited(cast)[0][2] == {"reason": "They pay in May.", "until": until}


def test_a_whole_customer_is_paused(cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
    with scope(cast.meridian.id):
        other = an_invoice(cast.northwind, 500, due=invoice.due_on)
    client = with_key(cast.meridian, Role.FINANCE)
    made = client.post(path_of(invoice), {"about": "customer", "reason": "We talk."}, format="json").json()
    assert (made["invoice"], made["customer"], made["until"]) == (None, str(cast.northwind), None)
    assert held(cast, invoice, other) == ["paused", "paused"]
    again = client.post(path_of(other), {"about": "customer", "reason": "We still talk."}, format="json").json()
    assert (again["id"], again["reason"]) == (made["id"], "We still talk.")
    assert client.get(path_of(invoice)).json() == [again]


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ({}, "request.invalid", "reason"),
        ({"reason": "  "}, "request.invalid", "reason"),
        ({"reason": "x" * 201}, "request.invalid", "reason"),
        ({"reason": "Why.", "until": "2020-01-01"}, "dunning.refused", "until"),
        ({"reason": "Why.", "until": "soon"}, "request.invalid", "until"),
        ({"reason": "Why.", "about": "all"}, "request.invalid", "about"),
    ],
)
def test_what_is_refused(
    cast: Cast, invoice: Invoice, with_key: WithKey, given: dict[str, str], code: str, place: str
) -> None:
    answer = with_key(cast.meridian, Role.FINANCE).post(path_of(invoice), given, format="json")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, code)
    assert place in (told.get("place"), *(finding["place"] for finding in told.get("findings", ())))
    with scope(cast.meridian.id):
        assert not DunningPause.objects.exists()


def test_what_is_not_there(cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
    client, given = with_key(cast.meridian, Role.FINANCE), {"reason": "Why."}
    nowhere = f"/api/v1/invoices/{new_id()}/dunning/pauses/"
    for answer in (client.get(nowhere), client.post(nowhere, given, format="json")):
        assert (answer.status_code, answer.json()["code"]) == (404, "invoice.not_found")
    gone = client.post(f"/api/v1/dunning/pauses/{new_id()}/end/")
    assert (gone.status_code, gone.json()["code"]) == (404, "dunning.pause_not_found")
    pause = client.post(path_of(invoice), given, format="json").json()["id"]
    assert [client.post(f"/api/v1/dunning/pauses/{pause}/end/").status_code for _ in range(2)] == [200, 404]


def test_a_credit_note_is_not_paused(cast: Cast, with_key: WithKey) -> None:
    with scope(cast.meridian.id):
        credit = an_invoice(cast.northwind, -500)
    answer = with_key(cast.meridian, Role.FINANCE).post(path_of(credit), {"reason": "Why."}, format="json")
    assert (answer.status_code, answer.json()["place"]) == (400, "invoice")


def test_who_may(cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
    pause = with_key(cast.meridian, Role.FINANCE).post(path_of(invoice), {"reason": "Why."}, format="json").json()
    viewer, stranger = with_key(cast.meridian, Role.VIEWER), with_key(cast.stranger, Role.OWNER)
    assert viewer.get(path_of(invoice)).json() == [pause]
    assert viewer.post(path_of(invoice), {"reason": "Mine."}, format="json").status_code == 403
    assert viewer.post(f"/api/v1/dunning/pauses/{pause['id']}/end/").status_code == 403
    for answer in (
        stranger.get(path_of(invoice)), stranger.post(path_of(invoice), {"reason": "Mine."}, format="json"),
        stranger.post(f"/api/v1/dunning/pauses/{pause['id']}/end/"),
    ):  # fmt: skip
        assert answer.status_code == 404
    assert viewer.get(path_of(invoice)).json() == [pause]


def test_the_same_again_with_its_key_is_one_pause(cast: Cast, invoice: Invoice, with_key: WithKey) -> None:
    client, given = with_key(cast.meridian, Role.FINANCE), {"reason": "Why."}
    first, second = (
        client.post(path_of(invoice), given, format="json", headers={"Idempotency-Key": "pause-1"}) for _ in range(2)
    )
    assert first.json() == second.json()
    assert [action for action, _, _ in audited(cast)] == ["dunning.paused"]
