"""What the palette finds, for whom, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.portal import search
from tenants.portal.search import MOST_LETTERS, MOST_OF_A_KIND, register_finder, words_of
from tenants.scope.actors import Permission
from tenants.scope.context import scope
from tests.billing.isolation import settled
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OWNER = "owner@meridian.example"
PUMP = {
    "key": "duty-pump",
    "version": 1,
    "name": {"en": "Duty pump"},
    "signals": {"flow_total": {"unit": "m3/h", "name": {"en": "Total flow"}}, "noise": {"unit": "dB"}},
}


def station(name: str, *assets: str) -> str:
    """A published twin of pumps; its name in addresses."""
    now = utc_now()
    twin = create_twin(name=name, now=now)
    operations = [
        {"op": "add_asset", "asset": str(uuid4()), "type": "duty-pump@1", "name": each, "at": [0, 0]} for each in assets
    ]
    draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by=OWNER, now=now)
    publish_twin(twin=twin.id, revision=draft.revision, note="", by=OWNER, now=now)
    return twin.slug


@pytest.fixture
def house(cast: Cast) -> Cast:
    with scope(cast.meridian.id):
        publish_type(document=PUMP, by=OWNER, now=utc_now())
        station("Pump station North", "P-101", "P-102", "100% spare", "Ölpumpe")
        create_gateway(name="Pump house", now=utc_now())
    with scope(cast.stranger.id):
        publish_type(document=PUMP, by="owner@stranger.example", now=utc_now())
        station("Pump station Elsewhere", "P-901")
    return cast


def found(client: Client, words: str, slug: str = "meridian") -> list[tuple[str, str, str]]:
    response = client.get(reverse("search", args=[slug]), {"q": words})
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    results: list[dict[str, Any]] = response.json()["results"]
    assert all(client.get(each["url"]).status_code == 200 for each in results), "every hit opens"
    return [(each["kind"], each["label"], each["note"]) for each in results]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("p-10", [("Asset", "P-101", "Pump station North"), ("Asset", "P-102", "Pump station North")]),
        ("STATION  north", [("Twin", "Pump station North", "")]),
        ("total", [("Signal", "Total flow", "Pump station North")]),
        ("flow_total", [("Signal", "Total flow", "Pump station North")]),
        ("duty-pump", [("Asset type", "Duty pump", "duty-pump@1")]),
        ("northwind", [("Customer", "Northwind Air", "")]),
        ("%", [("Asset", "100% spare", "Pump station North")]),
        ("_", [("Signal", "Total flow", "Pump station North")]),
        ("ölp", [("Asset", "Ölpumpe", "Pump station North")]),
        ("new tw", [("Action", "New twin", "")]),
        ("pump house", [("Gateway", "Pump house", "")]),
        ("p-901", []),
        ("elsewhere", []),
        ("\x00\ud83d", []),
        ("'; --", []),
        ("", []),
        ("   ", []),
    ],
)
def test_what_is_found(house: Cast, sign_in: SignIn, words: str, expected: list[tuple[str, str, str]]) -> None:
    words = words.encode("utf-8", "replace").decode()
    assert found(sign_in(house.owner), words) == expected


def test_kinds_are_told_in_their_order(house: Cast, sign_in: SignIn) -> None:
    assert [(kind, label) for kind, label, _ in found(sign_in(house.owner), "pump")] == [
        ("Twin", "Pump station North"),
        ("Asset", "Ölpumpe"),
        ("Gateway", "Pump house"),
        ("Asset type", "Duty pump"),
        ("Asset type", "Centrifugal pump"),
    ]


def test_names_that_begin_so_come_before_longer_ones_and_others(house: Cast, sign_in: SignIn) -> None:
    with scope(house.meridian.id):
        for name in ("Old pump", "Pump 2", "Pump 10"):
            create_gateway(name=name, now=utc_now())
    labels = [label for kind, label, _ in found(sign_in(house.owner), "pump") if kind == "Gateway"]
    assert labels == ["Pump 2", "Pump 10", "Pump house", "Old pump"]


def test_a_hit_opens_where_its_values_are_seen(house: Cast, sign_in: SignIn) -> None:
    client = sign_in(house.owner)
    urls = {
        each["label"]: each["url"]
        for words in ("p-101", "total", "northwind")
        for each in client.get("/t/meridian/search/", {"q": words}).json()["results"]
    }
    assert urls == {
        "P-101": "/t/meridian/twins/pump-station-north/?q=P-101",
        "Total flow": "/t/meridian/twins/pump-station-north/?columns=flow_total&trend=flow_total",
        "Northwind Air": "/t/meridian/contracts/?q=Northwind+Air",
    }


def test_each_organisation_finds_its_own(house: Cast, sign_in: SignIn) -> None:
    client = sign_in(house.outsider)
    assert found(client, "p-", slug="stranger") == [("Asset", "P-901", "Pump station Elsewhere")]
    assert found(client, "northwind", slug="stranger") == []
    assert client.get("/t/meridian/search/", {"q": "p"}).status_code == 404


def test_roles_find_what_they_may(house: Cast, sign_in: SignIn) -> None:
    assert found(sign_in(house.viewer), "new") == []
    assert found(sign_in(house.viewer), "p-101") == [("Asset", "P-101", "Pump station North")]
    assert [label for _, label, _ in found(sign_in(house.engineer), "new")] == [
        "New alarm rule",
        "New asset type",
        "New contract",
        "New dashboard",
        "New gateway",
        "New plan",
        "New twin",
    ]
    assert [label for _, label, _ in found(sign_in(house.owner), "api")] == ["API keys"]
    assert found(sign_in(house.engineer), "api") == []
    for words in ("p-101", "pump", "northwind", "new"):
        assert found(sign_in(house.reader), words) == []


def test_invoices_and_reports(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        settled(cast.northwind)
    report = ("Report", "Uptime of the leased fleet", "September 2026, version 1")
    kinds = {kind for kind, _, _ in found(sign_in(cast.owner), "leased")}
    assert kinds == {"Twin", "Contract", "Report"}
    assert found(sign_in(cast.reader), "leased") == [report]
    assert [kind for kind, _, _ in found(sign_in(cast.owner), "2026-0001")] == ["Invoice"]
    assert found(sign_in(cast.reader), "2026-0001") == []


def test_many_things_cost_no_more_queries_than_few(house: Cast, sign_in: SignIn) -> None:
    client, counts = sign_in(house.owner), []
    for more in (0, 12):
        with scope(house.meridian.id):
            for number in range(more):
                create_gateway(name=f"Pump gateway {number}", now=utc_now())
                create_customer(name=f"Pump customer {number}", now=utc_now())
                station(f"Pump station {number}", *(f"Pump {number}-{each}" for each in range(5)))
        with CaptureQueriesContext(connection) as queries:
            results = client.get("/t/meridian/search/", {"q": "pump"}).json()["results"]
        counts.append(len(queries))
    kinds = [each["kind"] for each in results]
    assert {kind: kinds.count(kind) for kind in ("Twin", "Asset", "Gateway", "Customer")} == {
        "Twin": MOST_OF_A_KIND, "Asset": MOST_OF_A_KIND, "Gateway": MOST_OF_A_KIND, "Customer": MOST_OF_A_KIND,
    }  # fmt: skip
    assert counts[0] == counts[1]


def test_words() -> None:
    assert words_of(" Pump  NORTH pump\n") == ("pump", "north")
    assert words_of("x" * 1000) == ("x" * MOST_LETTERS,)
    assert words_of("\x00\u202e") == ()


def test_a_kind_must_have_its_place() -> None:
    with pytest.raises(ValueError, match="Ghost is none of Twin, "):
        register_finder("Ghost", "nowhere.at.all", needs=Permission.ORGANISATION_READ)
    assert "Ghost" not in search._finders
