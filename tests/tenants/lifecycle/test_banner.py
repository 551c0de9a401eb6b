"""What stands above every page: one line each, the gravest first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.limits.domain.plans import Meter
from tenants.limits.models import LimitWarning
from tenants.limits.schemas import WHOLE
from tenants.people.models import User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.lifecycle.test_notices import a_notice

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/"


def titles(page: str) -> list[str]:
    """The titles of the lines, in their order."""
    return re.findall(r"<summary><strong>([^<]*)</strong>", page)


def test_the_gravest_is_shown_and_the_others_are_behind_how_many_there_are(cast: Cast, sign_in: SignIn) -> None:
    now = utc_now()
    a_notice(title="Upgrade", kind="maintenance", severity="low", state="planned", start=now + timedelta(days=1))
    a_notice(title="Readings arrive late", severity="high")
    with scope(cast.meridian.id):
        for meter, limit, used, state in (
            (Meter.STORAGE, 5 * 10**9, 4_100_000_000, "warning"), (Meter.SEATS, 10, 10, "exhausted"),
        ):  # fmt: skip
            LimitWarning.objects.create(meter=meter, part=WHOLE, state=state, limit=limit, used=used, seen_at=now)
    page = sign_in(cast.owner).get(PAGE).content.decode()
    assert titles(page) == [
        "Incident, ongoing: Readings arrive late", "Seats: all are used (10 of 10).",
        "Maintenance, planned: Upgrade",
    ]  # fmt: skip
    assert re.search(r"<summary>2 more</summary>.*Seats: all are used", page, re.DOTALL)
    assert "<p>Storage: 82 % are used (4.1 GB of 5 GB).</p>" in page


def test_one_line_has_nothing_behind_it(cast: Cast, sign_in: SignIn) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(state="past_due", state_until=utc_now() + timedelta(hours=25))
    page = sign_in(cast.owner).get(PAGE).content.decode()
    assert titles(page) == ["This organisation can only be read."]
    assert "<p>Its trial or payment is due. Readings are taken for 2 more days.</p>" in page
    assert "Choose a plan" in page
    assert "banners-more" not in page


def test_who_cannot_pay_is_not_sent_to_the_plans(cast: Cast, sign_in: SignIn) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(state="past_due")
    page = sign_in(cast.viewer).get(PAGE).content.decode()
    assert titles(page) == ["This organisation can only be read."]
    assert "Choose a plan" not in page


def test_with_nothing_to_say_there_is_nothing(cast: Cast, sign_in: SignIn) -> None:
    assert 'class="banner' not in sign_in(cast.owner).get(PAGE).content.decode()
