"""Gateways from a table: every line looked at, all made or none."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.services import raise_limit
from tenants.people.models import Site, Space, SpaceKind
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.gateways import selectors
from twins.gateways.models import Gateway
from twins.gateways.provisioning.bulk import MOST_LINES, TableError, make_gateways, read_table
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db


def test_a_table_becomes_gateways(tenant: Tenant) -> None:
    now = utc_now()
    with scope(tenant.id):
        northwind = create_customer(name="Northwind", now=now).id
        space = Space.objects.create(name="Works", kind=SpaceKind.TEST, created_at=now)
        site = Site.objects.create(space=space, name="Hamburg", created_at=now).id
        lines = read_table(
            f"\ufeffSerial;name;Customer;site\nPX-1;Press;northwind;Hamburg\n\n;Mixer;{northwind};\nPX-3;Kiln;;{site}\n"
        )
        assert [(line.number, line.findings) for line in lines] == [(2, ()), (4, ()), (5, ())]
        made = make_gateways(lines=lines, by="owner", now=now)
        rows = [(row.name, row.serial, row.customer_id, row.site_id, row.origin) for row, _ in made]
    assert rows == [
        ("Press", "PX-1", northwind, site, "file"), ("Mixer", "", northwind, None, "file"),
        ("Kiln", "PX-3", None, site, "file"),
    ]  # fmt: skip
    for row, token in made:
        held = selectors.holders([token.text], now=now).get(token.text)
        assert held is not None
        assert (held.source.gateway, held.source.customer) == (row.id, row.customer_id)


def test_each_line_is_told_what_is_wrong(tenant: Tenant) -> None:
    now = utc_now()
    with scope(tenant.id):
        create_gateway(name="There", serial="PX-0", now=now)
        for name in ("Twins", "TWINS"):
            create_customer(name=name, now=now)
        lines = read_table(
            "name,serial,customer,site\nThere,,,\n,PX-1,,\nA,PX-0,,\nB,S,,\nB,S,,\nC,,Nobody,Nowhere\nD,,Twins,\n"
            f"{'x' * 121},,,\nGood,,,\n"
        )
        with pytest.raises(TableError) as caught:
            make_gateways(lines=lines, by="owner", now=now)
        assert Gateway.objects.count() == 1
    assert [[one.code.partition(".")[2] for one in line.findings] for line in lines] == [
        ["name_taken"], ["no_name"], ["serial_taken"], ["name_twice", "serial_twice"], ["name_twice", "serial_twice"],
        ["unknown_customer", "unknown_site"], ["unknown_customer"], ["too_long"], [],
    ]  # fmt: skip
    assert lines[0].findings[0].place == "2/name"
    assert len(caught.value.findings) == 11
    assert "8 of 9 lines" in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "name\n", "serial\nPX\n", "name,name\nx,y\n", "name,colour\nx,red\n", 'name\n"x', "name\nx\x00\n",
     "name\n" + "x\n" * (MOST_LINES + 1), "x" * 600_000],
)  # fmt: skip
def test_what_is_no_table(tenant: Tenant, text: str) -> None:
    with scope(tenant.id), pytest.raises(TableError):
        read_table(text)


def test_the_quota_holds(tenant: Tenant) -> None:
    now = utc_now()
    with scope(tenant.id):
        raise_limit(meter=Meter.GATEWAYS, value=2, until=None, reason="test", by="operator", now=now)
        with pytest.raises(LimitReachedError):
            make_gateways(lines=read_table("name\na\nb\nc\n"), by="owner", now=now)
        assert not Gateway.objects.exists()
        assert len(make_gateways(lines=read_table("name\na\nb\n"), by="owner", now=now)) == 2


def test_a_name_that_somebody_took_meanwhile(tenant: Tenant) -> None:
    now = utc_now()
    with scope(tenant.id):
        lines = read_table("name\na\nb\n")
        create_gateway(name="b", now=now)
        with pytest.raises(TableError, match="meanwhile"):
            make_gateways(lines=lines, by="owner", now=now)
        assert Gateway.objects.count() == 1


def test_many_cost_few_questions(tenant: Tenant) -> None:
    now = utc_now()
    with (
        scope(tenant.id),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        made = make_gateways(lines=read_table("name\n" + "".join(f"g{n}\n" for n in range(300))), by="o", now=now)
    assert len(made) == 300
    assert len(asked) < 30
