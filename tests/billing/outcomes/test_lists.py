"""The list of a contract's exclusions: searched, narrowed, sorted and filed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client

from billing.outcomes.deciding import approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.models import Exclusion
from billing.outcomes.services import claim_exclusion
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.world import BY, House, at
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, walked

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/contracts/uptime/exclusions/"


def many(house: House, count: int) -> None:
    """Claims of which several begin in the same moment."""
    start = at("2026-11-02")
    Exclusion.objects.bulk_create(
        Exclusion(
            contract=house.contract, category=f"kind {number:03}", start=start + timedelta(hours=number // 40),
            end=start + timedelta(days=9), document={"assets": house.fleet.ids, "evidence": {}}, digest="a" * 64,
            claimed_by=BY, claimed_at=start,
        )
        for number in range(count)
    )  # fmt: skip


def test_narrowed_to_what_was_decided(cast: Cast, sign_in: SignIn, house: House) -> None:
    client, now = sign_in(cast.viewer), at("2026-11-19")
    northwind = house.contract.customer_id
    deeds: dict[str, Callable[..., object]] = {
        "approved": partial(approve_exclusion, customer=northwind),
        "declined": partial(decline_exclusion, customer=northwind),
        "withdrawn": withdraw_exclusion,
    }
    with scope(cast.meridian.id):
        for day, (state, deed) in enumerate(deeds.items(), 3):
            claim = claim_exclusion(
                contract=house.contract.id, category="planned", assets=house.fleet.engines, start=at(f"2026-11-0{day}"),
                end=at(f"2026-11-1{day}"), evidence={"order": f"=W-{state}"}, by="planner", now=at("2026-11-18"),
            )  # fmt: skip
            deed(exclusion=claim.id, why="-So it is", by="judge", now=now)
    for state in ("proposed", *deeds):
        assert walked(client, f"{PATH}?state={state}") == ["planned"]
        assert [row["Decision"] for row in filed(client, f"{PATH}?state={state}")] == [state]
    assert len(walked(client, f"{PATH}?q=w-approved")) == 1
    assert len(walked(client, f"{PATH}?q=planner+planned")) == 4
    assert filed(client, f"{PATH}?state=approved") == [
        {"Category": "planned", "Assets": "Engine 081", "From": "2026-11-03T00:00:00Z", "To": "2026-11-13T00:00:00Z",
         "Claimed by": "planner", "Claimed": "2026-11-18T00:00:00Z", "What it rests on": "order: =W-approved",
         "Decision": "approved", "Decided by": "judge", "Why": "'-So it is"},
    ]  # fmt: skip


def test_pages_of_many_and_their_queries(cast: Cast, sign_in: SignIn, house: House) -> None:
    client = sign_in(cast.viewer)
    with scope(cast.meridian.id):
        many(house, 119)
    check_order(client, PATH, ("start",), count=120)
    check_cursors(client, PATH)

    def grow() -> None:
        with scope(cast.meridian.id):
            many(house, 880)

    check_queries(client, PATH, grow)
