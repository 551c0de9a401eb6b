"""The page from which a contract is settled: what it offers, what it says before, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.contracts.models import Contract
from tenants.jobs.models import Job
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.signing import amended
from tests.billing.world import a_fleet, agreement, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FIRST, SECOND = "2026-08-31T22:00:00Z/2026-09-15T22:00:00Z", "2026-09-15T22:00:00Z/2026-09-30T22:00:00Z"
PATH = "/t/meridian/contracts/uptime/"


def amended_on_the_16th(cast: Cast) -> Contract:
    with scope(cast.meridian.id):
        fleet, zone = a_fleet("2026-08-29", "2026-08-30"), {"time_zone": "Europe/Berlin"}
        contract = published(agreement(fleet, effective={"from": "2026-08-01", "to": None}, **zone))
        amended(contract, agreement(fleet, effective={"from": "2026-09-16", "to": "2026-10-01"}, **zone))
    return contract


def test_parts_of_a_month_are_offered_and_what_they_cost_is_said_before(cast: Cast, sign_in: SignIn) -> None:
    amended_on_the_16th(cast)
    page = body(sign_in(cast.owner), f"{PATH}statements/")
    assert '<option value="2026-07-31T22:00:00Z/2026-08-31T22:00:00Z">August 2026</option>' in page
    assert f'<option value="{FIRST}">1 to 15 September 2026</option>' in page
    assert f'<option value="{SECOND}">16 to 30 September 2026</option>' in page
    assert (
        "These are parts of a month: 1 to 15 September 2026, 16 to 30 September 2026. The whole fee, or the whole "
        "minimum, is charged for each." in page
    )
    assert "parts of a month" not in body(sign_in(cast.viewer), f"{PATH}statements/")


def test_a_part_is_settled_from_the_page(cast: Cast, sign_in: SignIn) -> None:
    contract, client = amended_on_the_16th(cast), sign_in(cast.owner)
    page = client.post(f"{PATH}settle/", {"period": SECOND}, follow=True).content.decode()
    assert "16 to 30 September 2026 is being settled; the bar above shows how far it is." in page
    with scope(cast.meridian.id):
        assert Job.objects.get(kind="billing.settle").params == {
            "contract": str(contract.id), "start": "2026-09-15T22:00:00Z", "end": "2026-09-30T22:00:00Z",
            "by": "owner@meridian.example",
        }  # fmt: skip


@pytest.mark.parametrize("period", ["", "2026-09", "2026-08-31T22:00:00Z/2026-09-30T22:00:00Z"])
def test_what_is_not_open_is_not_settled(cast: Cast, sign_in: SignIn, period: str) -> None:
    amended_on_the_16th(cast)
    page = sign_in(cast.owner).post(f"{PATH}settle/", {"period": period}, follow=True).content.decode()
    assert "That period cannot be settled. Choose one that is over and has no statement." in page
    with scope(cast.meridian.id):
        assert not Job.objects.filter(kind="billing.settle").exists()


def test_whole_months_are_offered_without_a_word_about_parts(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-29", "2026-08-30")
        published(agreement(fleet, effective={"from": "2026-08-01", "to": "2026-10-01"}))
    page = body(sign_in(cast.owner), f"{PATH}statements/")
    assert "September 2026</option>" in page
    assert "part of a month" not in page
