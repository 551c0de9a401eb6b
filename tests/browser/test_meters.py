"""The page of Stripe's meters in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.plans.meters.choosing import change_meters
from billing.plans.meters.tallies import note_usage
from billing.plans.models import MeterTally, StripeMeter
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.world import choose_stripe
from tests.billing.plans.world import BY, SEPTEMBER, event, opened
from tests.billing.world import at
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.processes import serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web server where an organisation sells the platform's plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTTURN_OPERATOR", "platform")
        with serving(Path(tmp_path_factory.mktemp("site")) / "web.log") as url:
            yield url


@pytest.fixture
def administrator(cast: Cast, settings: Any) -> User:
    """The operator's owner: some meters agree, one waits, one has more at Stripe, and one is deactivated."""
    settings.OUTTURN_OPERATOR = "platform"
    operator = Tenant.objects.create(slug="platform", name="Outturn Cloud", plan="enterprise", created_at=SEPTEMBER)
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    market = opened(operator, cast.meridian)
    now = at("2026-09-20")
    sent = [
        event(id="gpu", data={"value": "1234567.25"}), event(id="disk", type="disk", data={"value": "812.5"}),
        event(id="eu", type="regions", data={"item": "eu"}),
    ]  # fmt: skip
    market.send(*sent, now=now)
    with scope(operator.id):
        choose_stripe()
        change_meters(is_on=True, secret="whsec_meters4242", by=BY, now=now)
        note_usage(market.account, now=now)
        seen = now + timedelta(minutes=20)
        MeterTally.objects.filter(type="gpu.seconds").update(told=1234567, seen=1234567, looked_at=seen)
        MeterTally.objects.filter(type="disk").update(told=812, seen=1812, looked_at=seen, finding={
            "code": "meter.more_there", "place": "meridian/disk/2026-09",
            "message": "Stripe has 1,812 of 2026-09, more than we ever told. Somebody else tells this meter, too.",
            "fix": "Find out who does, and end it. Then take what stands there: the difference is told as less.",
        })  # fmt: skip
        StripeMeter.objects.filter(type="regions").update(finding={
            "code": "meter.at_stripe", "place": "regions_0a1b2c3d4e",
            "message": "The meter “Regions” (regions_0a1b2c3d4e) is deactivated at Stripe.",
            "fix": "Reactivate it at Stripe, then look again.",
        })  # fmt: skip
    user = User.objects.create_user("owner@platform.example")
    add_member(tenant=operator.id, user=user.id, role=Role.OWNER, now=SEPTEMBER)
    return user


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    administrator: User, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page("/t/platform/admin/payments/", administrator, width=width)
    for path in ("admin/payments/", "admin/payments/meters/"):
        page.goto(f"/t/platform/{path}")
        expect(page.locator("h1")).to_be_visible()
        reads_well(page)


def test_a_person_takes_what_stands_at_stripe(administrator: User, open_page: OpenPage) -> None:
    page = open_page("/t/platform/admin/payments/", administrator)
    page.get_by_role("link", name="Stripe's meters").click()
    row = page.get_by_role("row").filter(has_text="GPU time")
    expect(row).to_contain_text("1,234,567")
    expect(row).to_contain_text("Agrees")
    page.get_by_role("button", name="Take what stands there: meridian, 2026-09").click()
    expect(page.get_by_text("The difference is told in a moment.")).to_be_visible()
    expect(page.get_by_role("button", name="Take what stands there")).to_have_count(0)
