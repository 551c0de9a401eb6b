"""At a supplier's own host: what it shows does not depend on whether the person has other suppliers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tenants.customers.services import create_customer
from tenants.domains import hosts
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.tenants.domains.test_hosts import enter, there
from tests.tenants.domains.test_services import NOW, proven

pytestmark = pytest.mark.django_db


def test_other_suppliers_are_told_nowhere_there(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    proven(cast.meridian)
    hosts._kept.cache_clear()
    inside = enter(cast, cast.reader, sign_in, "/t/meridian/reports/")
    token = re.compile(r'(csrf-token" content=|csrfmiddlewaretoken" value=)"[^"]+"|"request_id":"[^"]+"')
    alone = there(inside.get, "/t/meridian/reports/").content.decode()
    with scope(cast.stranger.id):
        customer = create_customer(name="Northwind", now=NOW).id
    add_member(tenant=cast.stranger.id, user=cast.reader.id, role=Role.CUSTOMER, customer=customer, now=NOW)
    both = there(inside.get, "/t/meridian/reports/").content.decode()
    assert token.sub("", alone) == token.sub("", both)
    assert 'href="/reports/"' in both
    answer = there(inside.get, "/reports/")
    assert (answer.status_code, answer["Location"]) == (302, "http://localhost:8000/reports/")
