"""A write sent twice is done once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tenants.customers.models import Customer
from tenants.customers.services import create_customer
from tenants.edge.idempotency import Idempotent
from tenants.edge.models import IdempotentAnswer
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import ConflictError
from tenants.kernel.ids import new_id
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db


class Customers(Idempotent, APIView):
    """A write to try: makes a customer, or refuses."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT}

    def post(self, request: Request) -> Response:
        if request.data["name"] == "refused":
            raise ConflictError("not now")
        return Response({"name": create_customer(name=request.data["name"], now=utc_now()).name}, status=201)


@pytest.fixture
def actor(tenant: Tenant) -> Actor:
    return Actor(
        tenant=tenant.id,
        slug=tenant.slug,
        role=Role.ENGINEER,
        permissions=PERMISSIONS[Role.ENGINEER],
        name="key x",
        key=new_id(),
    )


def send(actor: Actor, name: str, key: str | None) -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    request: HttpRequest = APIRequestFactory().post("/customers/", {"name": name}, headers=headers)
    request.actor = actor  # type: ignore[attr-defined]
    with scope(actor.tenant):
        return Customers.as_view()(request).render()


def names(actor: Actor) -> list[str]:
    with scope(actor.tenant):
        return list(Customer.objects.values_list("name", flat=True))


def test_the_same_request_gets_the_same_answer_and_is_done_once(actor: Actor) -> None:
    first, second = send(actor, "Northwind", "k1"), send(actor, "Northwind", "k1")
    assert (first.status_code, json.loads(first.content)) == (201, {"name": "Northwind"})
    assert (second.status_code, second.content, second["Idempotency-Replayed"]) == (201, first.content, "true")
    assert names(actor) == ["Northwind"]


def test_another_request_under_the_same_key_is_refused(actor: Actor) -> None:
    send(actor, "Northwind", "k1")
    other = send(actor, "Southwind", "k1")
    assert (other.status_code, other.data["code"]) == (422, "request.idempotency_key_reused")
    assert names(actor) == ["Northwind"]


def test_keys_are_each_actors_own(actor: Actor) -> None:
    send(actor, "Northwind", "k1")
    colleague = Actor(
        tenant=actor.tenant,
        slug=actor.slug,
        role=Role.ENGINEER,
        permissions=PERMISSIONS[Role.ENGINEER],
        name="key y",
        key=new_id(),
    )
    assert send(colleague, "Southwind", "k1").status_code == 201


def test_a_refused_request_may_be_sent_again(actor: Actor) -> None:
    assert send(actor, "refused", "k1").status_code == 409
    with scope(actor.tenant):
        assert not IdempotentAnswer.objects.exists()
    assert send(actor, "refused", "k1").status_code == 409


def test_an_answer_is_forgotten_after_a_day(actor: Actor) -> None:
    send(actor, "Northwind", "k1")
    with scope(actor.tenant):
        IdempotentAnswer.objects.update(created_at=utc_now() - timedelta(days=1, seconds=1))
    assert send(actor, "Southwind", "k1").status_code == 201
    assert names(actor) == ["Northwind", "Southwind"]


def test_without_a_key_nothing_is_kept(actor: Actor) -> None:
    send(actor, "Northwind", None)
    with scope(actor.tenant):
        assert not IdempotentAnswer.objects.exists()
