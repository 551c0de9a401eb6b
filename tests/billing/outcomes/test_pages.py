"""The page of exclusions, and deciding about them there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.outcomes.models import ExclusionDecision
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.world import House, agreement, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_a_claim_is_decided_with_a_reason(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    path = f"/t/meridian/contracts/uptime/exclusions/{house.claim}/decide/"
    assert "Approve" in body(client, "/t/meridian/contracts/uptime/exclusions/")
    client.post(path, {"decision": "approve", "why": ""})
    assert "Nothing was decided. Say why" in body(client, "/t/meridian/contracts/uptime/exclusions/")
    client.post(path, {"decision": "decline", "why": "not agreed"})
    page = body(client, "/t/meridian/contracts/uptime/exclusions/")
    assert "Declined" in page
    assert "owner@meridian.example: not agreed" in page
    client.post(path, {"decision": "approve", "why": "after all"})
    assert "The claim was declined by owner@meridian.example." in body(
        client, "/t/meridian/contracts/uptime/exclusions/"
    )
    with scope(cast.meridian.id):
        assert ExclusionDecision.objects.count() == 1


def test_a_viewer_reads_and_an_empty_list_says_what_to_do(cast: Cast, house: House, sign_in: SignIn) -> None:
    assert "Proposed" in body(sign_in(cast.viewer), "/t/meridian/contracts/uptime/exclusions/")
    with scope(cast.meridian.id):
        other = published(agreement(house.fleet, title="Other"))
    page = body(sign_in(cast.viewer), f"/t/meridian/contracts/{other.slug}/exclusions/")
    assert "Approve a maintenance plan" in page
    path = f"/t/meridian/contracts/{other.slug}/exclusions/{house.claim}/decide/"
    assert sign_in(cast.owner).post(path, {"why": "x"}).status_code == 404
