"""The list of gateways: what each sends, searched, narrowed, sorted and filed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from django.conf import settings
from django.test import Client

from tenants.customers.services import create_customer
from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, shown, walked
from twins.gateways.models import Gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/gateways/"


def sent(*gateways: Gateway, last: datetime, readings: int = 1200, set_aside: int = 0) -> None:
    """Note what gateways have sent, as the ingest does: in its role, committed at once."""
    known, minute = settings.INGEST_DATABASE, utc_now().replace(second=0, microsecond=0)
    rows = [(each.tenant_id, each.id, last, minute, readings, set_aside) for each in gateways]
    with psycopg.connect(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"] or None, host=known["HOST"],
    ) as ingest:  # fmt: skip
        ingest.cursor().executemany(
            "INSERT INTO twins_traffic (tenant_id, gateway, last_seen_at, minute, this_minute, last_minute, readings,"
            " set_aside, clock_at, clock_us, former_clock_us, late_us, backlog, version)"
            " VALUES (%s, %s, %s, %s, 60, 60, %s, %s, now(), 2500000, 1500000, 3400000, 40, 'fw 2.1')",
            rows,
        )


def many(count: int, *, first: int = 0) -> None:
    """Gateways of which several were made in the same moment."""
    now = utc_now()
    made = Gateway.objects.bulk_create(
        Gateway(name=f"gw {number:04}", token_prefix="ot", created_at=now + timedelta(seconds=number // 40))
        for number in range(first, first + count)
    )
    sent(*made[::3], last=now)


@pytest.fixture
def four(cast: Cast) -> dict[str, Gateway]:
    """One gateway in each state; the silent one stands at Northwind's and is named like a formula."""
    now = utc_now()
    with scope(cast.meridian.id):
        names = {"sending": "Hall 1", "silent": "=Hall 2", "never": "Yard", "disabled": "Old"}
        made = {
            state: Gateway.objects.create(
                name=name, token_prefix="ot", created_at=now, customer_id=cast.northwind if state == "silent" else None,
                disabled_at=now if state == "disabled" else None,
            )
            for state, name in names.items()
        }  # fmt: skip
        sent(made["sending"], last=now, readings=123_456, set_aside=12)
        sent(made["silent"], last=now - timedelta(hours=1))
        sent(made["disabled"], last=now)
    with scope(cast.stranger.id):
        sent(Gateway.objects.create(name="Theirs", token_prefix="ot", created_at=now), last=now)
    return made


def test_the_empty_list_leads_on(cast: Cast, sign_in: SignIn) -> None:
    text = page(sign_in(cast.engineer), PATH)
    assert "No gateway yet" in text
    assert "Connect a gateway" in text
    assert "<select" not in text
    assert "Connect a gateway" not in page(sign_in(cast.viewer), PATH)


def test_what_each_sends(cast: Cast, sign_in: SignIn, four: dict[str, Gateway]) -> None:
    text = page(sign_in(cast.engineer), PATH)
    assert sorted(shown(text)) == ["=Hall 2", "Hall 1", "Old", "Yard"]
    assert "123,456" in text
    assert 'data-label="Readings per minute"' in text
    assert f'href="{PATH}{four["sending"].id}/refused/">12<' in text
    for word in ("Sending", "Silent", "Never seen", "Disabled"):
        assert f"<span>{word}</span>" in text
    assert "New gateway" in text
    assert "New gateway" not in page(sign_in(cast.viewer), PATH)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("q=hall", ["=Hall 2", "Hall 1"]), ("q=northwind", ["=Hall 2"]), ("q=theirs", []),
        ("state=connected", ["Hall 1"]), ("state=late", ["=Hall 2"]), ("state=unknown", ["Yard"]),
        ("state=disconnected", ["Old"]), ("state=other&q=hall", ["=Hall 2", "Hall 1"]),
    ],
)  # fmt: skip
def test_searched_and_narrowed(
    cast: Cast, sign_in: SignIn, four: dict[str, Gateway], asked: str, names: list[str]
) -> None:
    client = sign_in(cast.viewer)
    assert sorted(walked(client, f"{PATH}?{asked}")) == names
    assert sorted(row["Name"].removeprefix("'") for row in filed(client, f"{PATH}?{asked}")) == names


def test_narrowed_to_a_customer(cast: Cast, sign_in: SignIn, four: dict[str, Gateway]) -> None:
    client = sign_in(cast.viewer)
    assert walked(client, f"{PATH}?customer={cast.northwind}") == ["=Hall 2"]
    with scope(cast.stranger.id):
        theirs = create_customer(name="Southwind Air", now=utc_now()).id
    assert len(walked(client, f"{PATH}?customer={theirs}")) == 4, "no choice of ours"


def test_the_file(cast: Cast, sign_in: SignIn, four: dict[str, Gateway]) -> None:
    rows = {row["Name"]: row for row in filed(sign_in(cast.viewer), f"{PATH}?sort=-name")}
    assert len(rows) == 4
    assert rows["Hall 1"] | {"Last seen": ""} == {
        "Name": "Hall 1", "State": "connected", "Customer": "", "Last seen": "", "Readings per minute": "60",
        "Stored": "123456", "Refused": "12", "Made": isoformat(four["sending"].created_at), "Version": "fw 2.1",
        "Serial": "", "Site": "", "Clock ahead ms": "-1500", "Newest reading s old": "3", "Waiting": "40",
        "Id": str(four["sending"].id),
    }  # fmt: skip
    assert rows["'=Hall 2"]["Customer"] == "Northwind Air"
    assert rows["'=Hall 2"]["State"] == "late"


def test_pages_of_many(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    with scope(cast.meridian.id):
        many(120)
    check_order(client, PATH, ("name", "created_at"), count=120)
    check_cursors(client, PATH)


def test_queries_do_not_grow(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        many(10)

    def grow() -> None:
        with scope(cast.meridian.id):
            many(990, first=10)

    check_queries(sign_in(cast.viewer), PATH, grow)
