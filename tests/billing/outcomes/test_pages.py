"""The page of exclusions, and deciding about them there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.outcomes.models import Exclusion, ExclusionDecision
from billing.outcomes.selectors import exclusion, state_of
from billing.outcomes.services import claim_exclusion
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.world import House, agreement, at, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/contracts/uptime/exclusions/"
TOLD = {"who": "Jo Smith", "on": "2026-11-19", "how": "mail to the planner", "why": "the storm stopped it"}


def loose_claim(house: House, **changes: Any) -> UUID:
    wanted = {
        "contract": None, "category": "strike", "assets": house.fleet.engines, "start": at("2026-11-25"),
        "end": at("2026-11-26"), "evidence": {"notice": "S-1"}, "by": "planner", "now": at("2026-11-24"),
    }  # fmt: skip
    return claim_exclusion(**wanted | changes).id


def filled(house: House, **changes: Any) -> dict[str, Any]:
    return {
        "category": "planned", "assets": house.fleet.ids, "start": "2026-11-22T08:00", "end": "2026-11-22T20:30",
        "rests_on": "Order 4711 <of Tuesday>", "zone": "Europe/Berlin",
    } | changes  # fmt: skip


def test_a_claim_is_decided_with_a_reason(cast: Cast, house: House, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"{PAGE}{house.claim}/decide/"
    page = body(client, PAGE)
    assert "The customer decides, in their portal." in page
    assert "Approve</button>" not in page
    assert "Decline</button>" not in page
    for missing in ("who", "on", "how", "why"):
        client.post(path, TOLD | {missing: ""})
        assert "Nothing was recorded. Name who of the customer agreed" in body(client, PAGE), missing
    client.post(path, TOLD | {"on": "2199-01-01"})
    assert "Nobody can have agreed on that day. Give the day on which they did." in body(client, PAGE)
    with scope(cast.meridian.id):
        assert not ExclusionDecision.objects.exists()
    client.post(path, TOLD)
    page = body(client, PAGE)
    assert "recorded by owner@meridian.example" in page
    assert ": agreed by Jo Smith on 2026-11-19 (mail to the planner): the storm stopped it</p>" in page
    client.post(path, TOLD)
    assert "The claim was approved by owner@meridian.example." in body(client, PAGE)
    with scope(cast.meridian.id):
        (decision,) = ExclusionDecision.objects.all()
    assert decision.document["consent"] == {"who": "Jo Smith", "on": "2026-11-19", "how": "mail to the planner"}


def test_saying_approve_is_no_approval(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    for decision in ("approve", "decline"):
        client.post(f"{PAGE}{house.claim}/decide/", {"decision": decision, "why": "agreed"})
    with scope(cast.meridian.id):
        assert not ExclusionDecision.objects.exists()


def test_a_viewer_reads_and_an_empty_list_says_what_to_do(cast: Cast, house: House, sign_in: SignIn) -> None:
    assert "Proposed" in body(sign_in(cast.viewer), "/t/meridian/contracts/uptime/exclusions/")
    with scope(cast.meridian.id):
        other = published(agreement(house.fleet, title="Other"))
    page = body(sign_in(cast.viewer), f"/t/meridian/contracts/{other.slug}/exclusions/")
    assert "Approve a maintenance plan" in page
    path = f"/t/meridian/contracts/{other.slug}/exclusions/{house.claim}/decide/"
    assert sign_in(cast.owner).post(path, {"why": "x"}).status_code == 404


class TestClaiming:
    def test_times_are_read_on_the_viewers_clocks(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client = sign_in(cast.engineer)
        assert client.post(PAGE, filled(house)).status_code == 302
        with scope(cast.meridian.id):
            made = Exclusion.objects.get(start=datetime(2026, 11, 22, 7, tzinfo=UTC))
        assert (made.end, made.claimed_by) == (datetime(2026, 11, 22, 19, 30, tzinfo=UTC), cast.engineer.email)
        assert (made.contract_id, made.document["assets"]) == (house.contract.id, house.fleet.ids)
        assert made.document["evidence"] == {"rests_on": "Order 4711 <of Tuesday>"}
        page = body(client, PAGE)
        assert "Order 4711 &lt;of Tuesday&gt;" in page
        assert "The claim is in the log." in page

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"category": "whim"}, "Select a valid choice. whim is not one of the available choices."),
            ({"assets": []}, "This field is required."),
            ({"assets": ["01a1fbb7-0000-7000-8000-000000000000"]}, "is not one of the available choices"),
            ({"start": "soon"}, "Enter a valid date/time."),
            ({"start": "2026-03-29T02:30"}, "2026-03-29 02:30:00 couldn’t be interpreted in time zone Europe/Berlin"),
            ({"start": "2026-11-23T00:00"}, "An exclusion needs a span of a millisecond or more"),
            ({"start": "0001-01-01T00:00", "zone": "Asia/Tokyo"}, "A time is not of the years 1900 to 2199."),
            ({"end": "9999-12-31T23:59", "zone": "America/Lima"}, "A time is not of the years 1900 to 2199."),
            ({"start": "2025-11-01T00:00", "end": "2025-11-02T00:00"}, "is not about these assets at that time"),
            ({"rests_on": ""}, "This field is required."),
            ({"rests_on": "x" * 2001}, "Ensure this value has at most 2000 characters (it has 2001)."),
            ({"zone": "Mars/Olympus"}, "&#x27;Mars/Olympus&#x27; is not a time zone of the IANA database."),
            ({"zone": ""}, "This field is required."),
        ],
        ids=str,
    )
    def test_what_does_not_fit_is_told_and_kept(
        self, cast: Cast, house: House, sign_in: SignIn, change: dict[str, Any], told: str
    ) -> None:
        response = sign_in(cast.engineer).post(PAGE, filled(house, **change))
        page = response.content.decode()
        assert response.status_code == 400
        assert "Not claimed yet. What you entered is still here." in page
        assert told in page
        assert change.get("end", "2026-11-22T20:30") in page
        with scope(cast.meridian.id):
            assert Exclusion.objects.count() == 1

    def test_what_the_service_refuses_stands_at_its_field(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        page = sign_in(cast.engineer).post(PAGE, filled(house, end="2026-11-22T08:00")).content.decode()
        field = page.split('id="id_start_error"')[1].split("</p>")[0]
        assert "Give a start before the end, and the assets." in field

    def test_who_may_not_operate_sees_no_form(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        page = body(client, PAGE)
        assert "Claim an exclusion" not in page
        assert "Withdraw the claim" not in page
        assert client.post(PAGE, filled(house)).status_code == 403
        assert client.post(f"{PAGE}{house.claim}/withdraw/", {"why": "x"}).status_code == 403
        with scope(cast.meridian.id):
            assert (Exclusion.objects.count(), ExclusionDecision.objects.count()) == (1, 0)

    def test_nothing_can_be_claimed_where_nothing_is_excluded(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            other = published(agreement(house.fleet, title="Other"))
        page = body(sign_in(cast.engineer), f"/t/meridian/contracts/{other.slug}/exclusions/")
        assert "No clause of the contract excludes anything" in page
        assert "<textarea" not in page


class TestWithdrawing:
    def test_an_engineer_withdraws_with_a_reason(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client, path = sign_in(cast.engineer), f"{PAGE}{house.claim}/withdraw/"
        page = body(client, PAGE)
        assert "Withdraw" in page
        assert "Approve</button>" not in page
        client.post(path, {"why": " "})
        assert "Nothing was decided. Say why" in body(client, PAGE)
        client.post(path, {"why": "the visit did not take place"})
        page = body(client, PAGE)
        assert "Withdrawn, does not count" in page
        assert ": the visit did not take place</p>" in page
        assert path not in page
        client.post(path, {"why": "again"})
        assert "The claim was withdrawn by" in body(client, PAGE)
        with scope(cast.meridian.id):
            assert state_of(exclusion(house.claim), utc_now()) == "withdrawn"

    def test_an_approved_claim_offers_only_that(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        client.post(f"{PAGE}{house.claim}/decide/", TOLD)
        page = body(client, PAGE)
        assert f"{PAGE}{house.claim}/withdraw/" in page
        assert "Record the agreement</button>" not in page


class TestUnderNoContract:
    def test_claims_about_its_assets_are_listed_marked_and_approved_by_nobody(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            loose, stranger = loose_claim(house), loose_claim(house, assets=[house.contract.id])
        client = sign_in(cast.owner)
        page = body(client, PAGE)
        assert page.count("under no contract</span>") == 1
        assert "<dt>Notice</dt><dd>S-1</dd>" in page
        assert str(stranger) not in page
        assert client.post(f"{PAGE}{stranger}/withdraw/", {"why": "x"}).status_code == 404
        assert "Nobody approves it: claim the time under each contract" in page
        assert f"{PAGE}{loose}/decide/" not in page
        client.post(f"{PAGE}{loose}/decide/", TOLD)
        assert "A claim under no contract is approved by nobody" in body(client, PAGE)
        with scope(cast.meridian.id):
            assert state_of(exclusion(loose), utc_now()) == "proposed"

    def test_a_page_takes_a_number_of_queries_that_does_not_grow(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:
        client, counts = sign_in(cast.owner), []
        for more in (1, 12):
            with scope(cast.meridian.id):
                for _ in range(more):
                    loose_claim(house)
            with CaptureQueriesContext(connection) as queries:
                body(client, PAGE)
            counts.append(len(queries))
        assert counts[0] == counts[1]
