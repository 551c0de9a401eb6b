"""Drafting over the REST API: templates that fit, contracts begun from them, drafts looked at and never stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.contracts.models import Contract
from billing.contracts.selectors import draft_of
from tenants.customers.services import create_customer
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, SIGNED, Fleet, agreement, at, customer, published
from tests.twins.evidence.pit import published_pit
from twins.catalog.models import Template

pytestmark = pytest.mark.django_db
Keyed = Callable[[Tenant, Role], APIClient]
Json = dict[str, Any]
TEMPLATES, BEGIN, LOOK = "/api/v1/contract-templates/", "/api/v1/contracts/from-template/", "/api/v1/contracts/look/"
NOBODY = "01a1fbb7-0000-7000-8000-000000000000"


@pytest.fixture
def pit(tenant: Tenant) -> Fleet:
    with scope(tenant.id):
        return Fleet(*published_pit(2, now=at("2026-01-01")))


@pytest.fixture
def begun(tenant: Tenant, pit: Fleet) -> Json:
    with scope(tenant.id):
        northwind = str(customer().id)
    return {
        "template": "volume-per-hour", "customer": northwind, "twin": str(pit.twin), "currency": "EUR",
        "time_zone": "Europe/Berlin", "effective": {"from": "2027-01-01"}, "price": "1.20", "target": "400",
    }  # fmt: skip


def _told() -> int:
    """How often anything was done to contracts."""
    return AuditEntry.objects.filter(action__startswith="contract.").count()


def own_template(key: str, name: str, figures: Json) -> None:
    Template.objects.create(kind="contract", key=key, name=name, document=figures, made_by=BY, made_at=SIGNED)


def test_what_a_twin_tells_and_which_templates_fit_it(tenant: Tenant, pit: Fleet, with_key: Keyed) -> None:
    figures = {"fee_per_hour": "95", "tiers": [{"below": "98", "credit": "4"}]}
    with scope(tenant.id):
        own_template("pit", "Pit hours", figures)
    told = with_key(tenant, Role.ENGINEER).get(TEMPLATES, {"twin": str(pit.twin)}).json()
    assert told["assets"] == [
        {
            "id": asset, "name": f"E-{number:02}", "type": "excavator@1",
            "measures": {"engine_hours_run": "h", "volume": "t"}, "conditions": [],
        }
        for number, asset in enumerate(pit.ids, 1)
    ]  # fmt: skip
    purpose = "Earthmoving as a service: a price for what is moved, against a guaranteed amount each working hour."
    by_key = {each["key"]: each for each in told["templates"]}
    assert {key: each["fits"] for key, each in by_key.items()} == {
        "uptime": True, "power-by-the-hour": True, "volume-per-hour": True, "oee": False, "energy-per-unit": False,
        "cold-chain": False, "response": True, "cloud-uptime": True, "own:pit": True,
    }  # fmt: skip
    assert by_key["volume-per-hour"] == {
        "key": "volume-per-hour", "title": "Cubic metres per hour", "fits": True, "why": "", "fix": "",
        "purpose": purpose,
        "price": "Price for each t", "target": "Guaranteed t per hour", "assets": pit.ids, "usual": {},
    }  # fmt: skip
    assert by_key["oee"]["why"] == "No type of its assets counts good pieces."
    assert by_key["own:pit"]["usual"] == {"price": "95"}
    assert by_key["own:pit"]["price"] == "Price for each hour"


def test_a_twin_that_is_not_there_has_no_templates(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    answer = client.get(TEMPLATES, {"twin": NOBODY})
    assert (answer.status_code, answer.json()["code"]) == (422, "contract.twin")
    assert client.get(TEMPLATES).status_code == 400


def test_a_contract_is_begun_from_a_template(tenant: Tenant, pit: Fleet, begun: Json, with_key: Keyed) -> None:
    made = with_key(tenant, Role.ENGINEER).post(BEGIN, begun | {"title": "Tonnes"})
    assert made.status_code == 201
    draft = made.json()["draft"]
    assert (draft["title"], draft["terms"]["time_zone"], list(draft["assets"])) == ("Tonnes", "Europe/Berlin", pit.ids)
    assert made.json()["text"][3] == "The fee is 1.20 EUR for each t that the counters of volume of the assets show."
    with scope(tenant.id):
        assert draft_of(Contract.objects.get()).as_json() == draft


@pytest.mark.parametrize(
    ("change", "status", "found"),
    [
        ({"template": "whim"}, 422, ("contract.template", "template")),
        ({"template": "oee"}, 422, ("contract.template_misfit", "twin")),
        ({"target": None}, 422, ("document.missing", "target")),
        ({"price": "0"}, 422, ("document.out_of_range", "price")),
        ({"price": "1,20"}, 422, ("document.malformed", "price")),
        ({"time_zone": "Mars/Olympus"}, 422, ("contract.unknown_zone", "time_zone")),
        ({"effective": {"from": "2027-02-30"}}, 422, ("document.malformed", "effective/from")),
        ({"customer": NOBODY}, 404, None),
        ({"twin": NOBODY}, 422, None),
        ({"price": ""}, 400, None),
    ],
)
def test_what_cannot_be_begun(
    tenant: Tenant, begun: Json, with_key: Keyed, change: Json, status: int, found: tuple[str, str] | None
) -> None:
    answer = with_key(tenant, Role.ENGINEER).post(BEGIN, begun | change)
    assert answer.status_code == status
    if found is not None:
        assert [(one["code"], one["place"]) for one in answer.json()["findings"]] == [found]
    with scope(tenant.id):
        assert not Contract.objects.exists()


def test_a_draft_reads_back_with_the_digest_it_would_be_published_under(
    tenant: Tenant, begun: Json, with_key: Keyed
) -> None:
    client = with_key(tenant, Role.ENGINEER)
    made = client.post(BEGIN, begun).json()
    written = ("title", "customer", "twin", "effective", "terms", "preapproved", "assumptions", "tax_percent")
    draft = {name: made["draft"][name] for name in written} | {"payment_days": 14}
    looked = client.post(LOOK, {"contract": made["id"], "draft": draft}).json()
    assert (looked["findings"], looked["version"]) == ([], 1)
    assert looked["sections"][1] == {
        "title": "Fee", "place": "terms/fee",
        "lines": [{"text": made["text"][3], "places": ["terms/fee"]}],
    }  # fmt: skip
    assert looked["text"].startswith("Cubic metres per hour\nVersion 1 of contract ")
    assert "The sum is due 14 days after the invoice." in looked["text"]
    saved = client.put(f"/api/v1/contracts/{made['id']}/", draft | {"revision": 1})
    assert saved.status_code == 200
    version = client.post(f"/api/v1/contracts/{made['id']}/publish/", {"revision": 2}).json()
    assert version["digest"] == looked["digest"]


def test_a_draft_of_no_contract_has_no_digest(tenant: Tenant, pit: Fleet, with_key: Keyed) -> None:
    with scope(tenant.id):
        wanted = agreement(pit)
    looked = with_key(tenant, Role.ENGINEER).post(LOOK, {"draft": wanted}).json()
    assert (looked["findings"], looked["digest"], looked["version"]) == ([], None, 1)
    assert [one["title"] for one in looked["sections"]][:3] == ["Parties and time", "Fee", "Clause uptime"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"terms": {}}, [("document.missing", f"terms/{name}") for name in (
            "currency", "time_zone", "correction_window", "fee", "clauses")]),
        ({"title": ""}, [("document.empty", "title")]),
        ({"customer": NOBODY}, [("request.not_found", "customer")]),
        ({"twin": NOBODY}, [("contract.twin", "twin")]),
        ({"preapproved": [{"category": "whim"}]}, [("contract.preapproved", "")]),
        ({"unheard": 1}, [("document.unknown_field", "unheard")]),
    ],
)  # fmt: skip
def test_findings_have_their_places_and_nothing_is_stored(
    tenant: Tenant, pit: Fleet, with_key: Keyed, change: Json, found: list[tuple[str, str]]
) -> None:
    client = with_key(tenant, Role.ENGINEER)
    with scope(tenant.id):
        row = published(agreement(pit))
        before, entries = Contract.objects.values().get(), _told()
        wanted = agreement(pit)
    looked = client.post(LOOK, {"contract": str(row.id), "draft": wanted | change})
    assert looked.status_code == 200
    told = looked.json()
    assert [(one["code"], one["place"]) for one in told["findings"]] == found
    assert all(one["message"] and one["fix"] for one in told["findings"])
    assert (told["sections"], told["text"], told["digest"], told["version"]) == ([], None, None, None)
    with scope(tenant.id):
        assert Contract.objects.values().get() == before
        assert _told() == entries


def test_names_that_nothing_tells_are_found_in_their_clause(tenant: Tenant, pit: Fleet, with_key: Keyed) -> None:
    weight = {"kind": "throughput", "of": "weight", "unit": "t", "target": "1", "per": "h", "hours": "committed"}
    with scope(tenant.id):
        wanted = agreement(pit, a_clause(id="load", assets=pit.ids, indicator=weight))
    (finding,) = with_key(tenant, Role.ENGINEER).post(LOOK, {"draft": wanted}).json()["findings"]
    assert (finding["code"], finding["place"]) == ("contract.unknown_name", "terms/clauses/0/indicator/of")
    assert finding["fix"] == "Choose one of engine_hours_run, volume."


def test_more_assets_and_templates_take_no_more_queries(tenant: Tenant, with_key: Keyed) -> None:
    client, counts = with_key(tenant, Role.ENGINEER), []
    for count in (1, 4):
        with scope(tenant.id):
            twin, _ = published_pit(count, now=at("2026-01-01"), called=f"Pit {count}")
        client.get(TEMPLATES, {"twin": str(twin)})
        with CaptureQueriesContext(connection) as asked:
            assert client.get(TEMPLATES, {"twin": str(twin)}).status_code == 200
        counts.append(len(asked))
        with scope(tenant.id):
            for number in range(3):
                figures = {"fee_per_hour": "1", "tiers": [{"below": "9", "credit": "1"}]}
                own_template(f"t-{count}-{number}", f"T {number}", figures)
    assert counts[0] == counts[1]


def test_strangers_and_viewers_draft_nothing(tenant: Tenant, stranger: Tenant, begun: Json, with_key: Keyed) -> None:
    viewer = with_key(tenant, Role.VIEWER)
    draft: Json = {"draft": {}}
    for refused in (
        viewer.get(TEMPLATES, {"twin": begun["twin"]}), viewer.post(BEGIN, begun), viewer.post(LOOK, draft),
    ):  # fmt: skip
        assert refused.status_code == 403
    made = with_key(tenant, Role.ENGINEER).post(BEGIN, begun).json()["id"]
    other = with_key(stranger, Role.OWNER)
    with scope(stranger.id):
        theirs = str(create_customer(name="Southwind", now=SIGNED).id)
    assert other.get(TEMPLATES, {"twin": begun["twin"]}).status_code == 422
    assert other.post(BEGIN, begun | {"customer": theirs}).status_code == 422
    assert other.post(LOOK, draft | {"contract": made}).json()["code"] == "contract.not_found"
    assert other.post(LOOK, draft | {"contract": str(new_id())}).status_code == 404
