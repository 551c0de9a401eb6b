"""The page and the API of Stripe's meters: for the operator's administrators, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from billing.plans.models import MeterSettings, MeterTally, StripeMeter
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.plans.metering import BEGUN, DISK, GPU, SECRET, Teller
from tests.billing.plans.world import Market
from tests.billing.world import body
from tests.lists import check_queries, filed

SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
PAGE = "/t/platform/admin/payments/meters/"


@pytest.fixture
def administrator(teller: Teller, sign_in: SignIn) -> Client:
    """The operator's owner."""
    user = User.objects.create_user("owner@platform.example")
    add_member(tenant=teller.operator, user=user.id, role=Role.OWNER, now=BEGUN)
    return sign_in(user)


def test_the_page_tells_how_each_meter_stands(teller: Teller, administrator: Client) -> None:
    assert "Nothing is told yet" in body(administrator, PAGE)
    teller.use(GPU, "1234567.5")
    teller.use(DISK, "3")
    assert "Waits to be told" in body(administrator, PAGE)
    teller.settle(minutes=15)
    page = body(administrator, PAGE)
    for words in ("GPU time", "Disk", "2026-09", "1,234,567", "Agrees", f"webhooks/stripe/{teller.operator}/meters/"):
        assert words in page, words
    assert SECRET not in page
    rows = filed(administrator, PAGE)
    assert [(row["Type"], row["Metered"], row["Told"], row["At Stripe"]) for row in rows] == [
        (DISK, "3", "3", "3"), (GPU, "1234567", "1234567", "1234567"),
    ]  # fmt: skip
    settings = body(administrator, "/t/platform/admin/payments/")
    assert "What your organisations use is told to Stripe's meters." in settings.replace("&#x27;", "'")
    assert PAGE in settings


def test_what_waits_for_a_person_is_told_with_what_to_do(teller: Teller, administrator: Client) -> None:
    teller.use(GPU, "5")
    teller.work_all()
    with scope(teller.operator):
        finding = {"code": "meter.more_there", "place": GPU, "message": "Stripe has 42.", "fix": "End it."}
        MeterTally.objects.update(finding=finding)
        StripeMeter.objects.update(finding=finding | {"code": "meter.at_stripe", "message": "It is deactivated."})
        tally = MeterTally.objects.get().id
    page = body(administrator, PAGE)
    for words in ("Stripe has 42.", "End it.", "It is deactivated.", "Take what stands there: meridian, 2026-09"):
        assert words in page, words
    assert "2 wait for something to be mended" in body(administrator, "/t/platform/admin/payments/")
    assert administrator.post(f"{PAGE}take/", {"tally": str(new_id())}).status_code == 404
    assert administrator.post(f"{PAGE}take/", {"tally": "x"}).status_code == 404
    assert administrator.post(f"{PAGE}take/", {"tally": str(tally)})["Location"] == PAGE
    with scope(teller.operator):
        assert MeterTally.objects.get().takes_seen
    assert administrator.post(f"{PAGE}look/")["Location"] == PAGE


def test_it_is_turned_on_and_off_and_the_secret_goes_in_and_never_out(teller: Teller, administrator: Client) -> None:
    assert administrator.post(PAGE, {"secret": ""})["Location"] == PAGE
    with scope(teller.operator):
        assert not MeterSettings.objects.get().is_on
    page = body(administrator, "/t/platform/admin/payments/")
    assert "can be told to Stripe" in page
    answer = administrator.post(PAGE, {"is_on": "on", "secret": "mine"})
    assert answer.status_code == 400
    assert "This has not the form of such a secret." in answer.content.decode()
    assert administrator.post(PAGE, {"is_on": "on", "secret": "whsec_other1234"})["Location"] == PAGE
    with scope(teller.operator):
        assert MeterSettings.objects.get().is_on
    assert "whsec_other1234" not in body(administrator, PAGE)


def test_for_others_there_is_nothing(teller: Teller, market: Market, sign_in: SignIn, with_key: WithKey) -> None:
    user = User.objects.create_user("owner@meridian.example")
    add_member(tenant=market.organisation.id, user=user.id, role=Role.OWNER, now=BEGUN)
    client, elsewhere = sign_in(user), PAGE.replace("platform", "meridian")
    assert client.get(elsewhere).status_code == 404
    assert [client.post(f"{elsewhere}{name}").status_code for name in ("", "look/", "take/")] == [404] * 3
    assert "meters" not in body(client, "/t/meridian/admin/payments/")
    answer = with_key(market.organisation, Role.FINANCE).get("/api/v1/meter-tallies/")
    assert (answer.status_code, answer.json()["code"]) == (404, "plans.not_operator")


def test_the_api_tells_the_same(teller: Teller, market: Market, with_key: WithKey) -> None:
    teller.use(GPU, "1234567.5")
    teller.settle(hours=31)
    (row,) = with_key(market.operator, Role.FINANCE).get("/api/v1/meter-tallies/").json()["results"]
    assert {name: row[name] for name in row if name not in ("id", "looked_at")} == {
        "organisation": str(market.organisation.id), "slug": "meridian", "type": GPU, "month": "2026-09",
        "counted": "1234567", "told": 1234567, "seen": 1234567, "proven": 1234567, "finding": None,
    }  # fmt: skip


def test_queries_do_not_grow(teller: Teller, administrator: Client) -> None:
    teller.use(GPU, "1")

    def grow() -> None:
        with scope(teller.operator):
            account = teller.account()
            MeterTally.objects.bulk_create(
                MeterTally(account=account, type=f"type-{number}", month="2026-09", counted=number)
                for number in range(30)
            )

    check_queries(administrator, PAGE, grow)
