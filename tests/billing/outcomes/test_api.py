"""Exclusions, outcome runs and the dry run over the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing.outcomes.models import Exclusion, OutcomeRun
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.outcomes.documents import a_document, rated
from tests.billing.world import House
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
Keyed = Callable[..., APIClient]
EXCLUSIONS, RUNS = "/api/v1/exclusions/", "/api/v1/outcome-runs/"
CONSENT = {"who": "Jo Smith", "on": "2026-11-19", "how": "mail to the planner"}


def a_claim(house: House, **changes: Any) -> dict[str, Any]:
    return {
        "contract": str(house.contract.id),
        "category": "planned",
        "assets": house.fleet.ids,
        "start": "2026-11-22T00:00:00Z",
        "end": "2026-11-23T00:00:00Z",
        "evidence": {"plan": "P-9"},
    } | changes


def test_a_claim_is_made_and_decided(cast: Cast, house: House, with_key: Keyed) -> None:
    engineer, owner = with_key(cast.meridian, Role.ENGINEER), with_key(cast.meridian, Role.OWNER)
    made = engineer.post(EXCLUSIONS, a_claim(house))
    assert (made.status_code, made.data["decision"]) == (201, None)
    assert made.data["document"]["evidence"] == {"plan": "P-9"}
    path = f"{EXCLUSIONS}{made.data['id']}/"
    assert engineer.post(f"{path}approve/", {"why": "agreed"}).status_code == 403
    for does in ("approve", "decline"):
        refused = owner.post(f"{path}{does}/", {"why": "agreed"})
        assert (refused.status_code, refused.json()["code"]) == (403, "exclusion.other_side")
    assert "record who of them agreed" in owner.post(f"{path}approve/", {"why": "agreed"}).json()["fix"]
    vague = owner.post(f"{path}approve/", {"why": "agreed", "consent": CONSENT | {"how": "ok"}})
    assert (vague.status_code, vague.json()["code"]) == (422, "consent.invalid")
    approved = owner.post(f"{path}approve/", {"why": "agreed", "consent": CONSENT})
    assert (approved.status_code, approved.data["decision"]["consent"]) == (200, CONSENT)
    assert (approved.data["decision"]["approved"], approved.data["decision"]["why"]) == (True, "agreed")
    again = owner.post(f"{path}decline/", {"why": "no"})
    assert (again.status_code, again.json()["code"]) == (409, "exclusion.decided")
    assert owner.post(f"{path}approve/", {}).status_code == 400
    assert owner.get(path).json() == approved.json()
    assert len(owner.get(EXCLUSIONS).json()["results"]) == 2


def test_who_operates_withdraws_what_was_approved(cast: Cast, house: House, with_key: Keyed) -> None:
    engineer, owner = with_key(cast.meridian, Role.ENGINEER), with_key(cast.meridian, Role.OWNER)
    path = f"{EXCLUSIONS}{house.claim}/"
    proposed = owner.get(path).json()
    assert (proposed["state"], proposed["decision"], proposed["withdrawal"]) == ("proposed", None, None)
    assert owner.post(f"{path}approve/", {"why": "agreed", "consent": CONSENT}).json()["state"] == "approved"
    assert with_key(cast.meridian, Role.VIEWER).post(f"{path}withdraw/", {"why": "x"}).status_code == 403
    assert engineer.post(f"{path}withdraw/", {"why": ""}).status_code == 400
    gone = engineer.post(f"{path}withdraw/", {"why": "the visit did not take place"})
    assert (gone.status_code, gone.data["state"], gone.data["decision"]["approved"]) == (200, "withdrawn", True)
    assert gone.data["withdrawal"]["why"] == "the visit did not take place"
    assert set(gone.json()["withdrawal"]) == {"why", "decided_by", "decided_at", "digest"}
    assert owner.get(path).json() == gone.json()
    again = engineer.post(f"{path}withdraw/", {"why": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "exclusion.decided")
    missing = engineer.post(f"{EXCLUSIONS}{house.contract.id}/withdraw/", {"why": "x"})
    assert (missing.status_code, missing.json()["code"]) == (404, "exclusion.not_found")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"category": "whim"}, 422, "exclusion.invalid"),
        ({"assets": []}, 400, "request.invalid"),
        ({"start": "2026-11-24T00:00:00Z"}, 422, "exclusion.invalid"),
        ({"start": "0001-01-01T00:00:00Z"}, 422, "period.invalid"),
        ({"evidence": {"count": 10**30}}, 422, "exclusion.invalid"),
        ({"contract": "01a1fbb7-0000-7000-8000-000000000000"}, 422, "exclusion.invalid"),
    ],
)
def test_claims_that_do_not_fit(
    cast: Cast, house: House, with_key: Keyed, change: dict[str, Any], status: int, code: str
) -> None:
    answer = with_key(cast.meridian, Role.OWNER).post(EXCLUSIONS, a_claim(house, **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with scope(cast.meridian.id):
        assert Exclusion.objects.count() == 1


def test_a_run_is_made_and_read(cast: Cast, house: House, with_key: Keyed) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    wanted = {"contract": str(house.contract.id), "start": "2026-10-30T00:00:00Z", "end": "2026-10-31T00:00:00Z"}
    made = client.post(RUNS, wanted | {"as_of": "2026-11-01T00:00:00Z"})
    assert made.status_code == 201
    assert made.data["document"]["outcome"]["clauses"][0]["status"] == "settled"
    path = f"{RUNS}{made.data['id']}/"
    assert client.get(path).json() == made.json()
    assert client.post(RUNS, wanted | {"as_of": "2026-11-01T00:00:00Z"}).data["id"] == made.data["id"]
    future = client.post(RUNS, wanted | {"as_of": "2199-01-01T00:00:00Z"})
    assert (future.status_code, future.json()["code"]) == (422, "period.invalid")
    nothing = client.post(RUNS, wanted | {"contract": made.data["id"]})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "contract.not_found")
    assert len(client.get(RUNS).json()["results"]) == 2


def test_a_dry_run_keeps_nothing(cast: Cast, house: House, with_key: Keyed) -> None:
    client, document = with_key(cast.meridian, Role.ENGINEER), a_document()
    answer = client.post(f"{RUNS}dry-run/", document)
    assert (answer.status_code, answer.json()) == (200, rated(document))
    with scope(cast.meridian.id):
        assert OutcomeRun.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document.unreadable"),
        (b"{", "document.unreadable"),
        (b'{"rate": 1, "rate": 1}', "document.repeated_key"),
        (b"\xff", "document.unreadable"),
        (b"[]", "document.wrong_type"),
        (json.dumps(a_document(rounding="sideways")).encode(), "document.not_allowed"),
    ],
)
def test_dry_runs_that_do_not_fit(cast: Cast, with_key: Keyed, content: bytes, code: str) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    answer = client.post(f"{RUNS}dry-run/", content, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["code"] == code


def test_a_viewer_only_reads(cast: Cast, house: House, with_key: Keyed) -> None:
    viewer = with_key(cast.meridian, Role.VIEWER)
    assert viewer.get(RUNS).status_code == viewer.get(EXCLUSIONS).status_code == 200
    for path, content in ((RUNS, {}), (EXCLUSIONS, a_claim(house)), (f"{RUNS}dry-run/", a_document())):
        assert viewer.post(path, content).status_code == 403
