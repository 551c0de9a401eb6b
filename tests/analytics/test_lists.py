"""The lists of plans and of remaining life: searched, narrowed, sorted and filed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from analytics.health.models import Prediction
from analytics.maintenance.models import Plan, PlanState
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tests.analytics.fleets import PLANNING, predict_by_hand
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, walked
from tests.twins.evidence.fleet import published_fleet
from twins.composer.models import Twin
from twins.evidence.services import record_event

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PLANS, HEALTH = "/t/meridian/plans/", "/t/meridian/health/"


def a_twin(name: str) -> Twin:
    return Twin.objects.create(slug=str(new_id()), name=name, draft={}, created_at=PLANNING, updated_at=PLANNING)


def plans(twin: Twin, count: int, state: PlanState = PlanState.APPROVED) -> None:
    """Plans of which several begin and were made in the same moment, and cost the same."""
    Plan.objects.bulk_create(
        Plan(
            twin=twin, state=state, start=PLANNING + timedelta(days=number // 40), end=PLANNING + timedelta(days=60),
            currency="EUR", assumptions={}, problem={}, problem_digest="", visits=[{}] * 3, deferrals=[], left_out=[],
            standing=[], findings=[], terms={}, digest="", outcome="optimal", cost_minor=4_650_050 + number // 40,
            engine="", solved_in_s=1.0, made_by="planner", made_at=PLANNING + timedelta(seconds=number // 40),
        )
        for number in range(count)
    )  # fmt: skip


class TestPlans:
    def test_found_narrowed_and_filed(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        with scope(cast.stranger.id):
            plans(a_twin("Theirs"), 1)
        with scope(cast.meridian.id):
            north, south = a_twin("Northwind fleet"), a_twin("@Southwind fleet")
            plans(north, 1, PlanState.PROPOSED)
            plans(south, 2)
        for asked, count in {
            "": 3, "q=northwind": 1, "q=theirs": 0, "q=planner+fleet": 3, "state=proposed": 1, "state=approved": 2,
            f"twin={south.id}": 2, f"twin={south.id}&state=proposed": 0,
        }.items():  # fmt: skip
            assert len(walked(client, f"{PLANS}?{asked}")) == len(filed(client, f"{PLANS}?{asked}")) == count, asked
        assert filed(client, f"{PLANS}?twin={south.id}")[0] == {
            "Twin": "'@Southwind fleet", "State": "ok", "From": "2026-09-01T00:00:00Z", "To": "2026-10-31T00:00:00Z",
            "Visits": "3", "Expected cost": "46500.50", "Currency": "EUR", "Made": "2026-09-01T00:00:00Z",
            "Made by": "planner",
        }  # fmt: skip
        assert "46,500.50 EUR" in page(client, PLANS)

    def test_pages_of_many_and_their_queries(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        with scope(cast.meridian.id):
            twin = a_twin("Northwind fleet")
            plans(twin, 120)
        check_order(client, PLANS, ("start", "cost_minor", "made_at"), count=120)
        check_cursors(client, PLANS)

        def grow() -> None:
            with scope(cast.meridian.id):
                plans(twin, 880)

        check_queries(client, PLANS, grow)


class TestHealth:
    @pytest.fixture
    def fleet(self, cast: Cast) -> tuple[UUID, list[UUID]]:
        """A hundred and twenty engines, in groups of forty whose lives are the same; the first was restored since."""
        with scope(cast.meridian.id):
            twin, engines = published_fleet(120)
            predict_by_hand(twin, {engine: 20.0 + number // 40 for number, engine in enumerate(engines)})
            predict_by_hand(twin, {engines[0]: 5.0, engines[1]: 6.0}, as_of=PLANNING + timedelta(days=1))
            other, others = published_fleet(1, name="Another fleet", first=500)
            predict_by_hand(other, {others[0]: 1.0})
            done = PLANNING + timedelta(days=3)
            for kind in ("shop_in", "shop_out"):
                record_event(asset=engines[0], kind=kind, at=done, source="shop", reference=kind, now=done)
                done += timedelta(days=1)
        return twin, engines

    def test_the_restored_come_last(self, cast: Cast, sign_in: SignIn, fleet: tuple[UUID, list[UUID]]) -> None:
        client, path = sign_in(cast.viewer), f"{HEALTH}?twin={fleet[0]}"
        found = walked(client, path)
        assert found[0] == "Engine 082"
        assert found[-1] == "Engine 081 Restored since, not predicted anew"
        assert len(found) == 120
        assert walked(client, f"{path}&sort=-rank") == found[::-1]
        assert walked(client, f"{path}&life=renewed") == found[-1:]
        assert walked(client, f"{path}&q=engine+099") == ["Engine 099"]
        assert walked(client, f"{path}&q=engine+500") == []
        assert len(walked(client, f"{path}&life=few")) == 119
        assert filed(client, f"{path}&q=082") == [
            {"Asset": "Engine 082", "Flights left": "6", "At least": "0", "At most": "16", "In so many cases %": "90",
             "What moves it most": "Static pressure at high-pressure compressor outlet shortens it by 14 flights",
             "Flown": "120", "As of": "2026-09-02T00:00:00Z", "Restored since": "", "Model": "abababab"},
        ]  # fmt: skip

    def test_pages_keep_to_their_twin(self, cast: Cast, sign_in: SignIn, fleet: tuple[UUID, list[UUID]]) -> None:
        client = sign_in(cast.viewer)
        text = page(client, f"{HEALTH}?twin={fleet[0]}&q=engine")
        assert f'<input type="hidden" name="twin" value="{fleet[0]}">' in text
        assert f'href="?twin={fleet[0]}">Show all' in text
        check_cursors(client, HEALTH)
        for sort in ("flights", "as_of"):
            assert len(set(walked(client, f"{HEALTH}?twin={fleet[0]}&sort={sort}"))) == 120

    def test_queries_do_not_grow(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            twin, engines = published_fleet(120)
            predict_by_hand(twin, dict.fromkeys(engines[:10], 7.0))

        def grow() -> None:
            with scope(cast.meridian.id):
                predict_by_hand(twin, dict.fromkeys(engines[10:], 9.0))
                assert Prediction.objects.count() == 120

        check_queries(sign_in(cast.viewer), HEALTH, grow)
