"""A report is delivered with the first time-stamp of a head that has its statement in it, once there is one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from billing.reports.selectors import delivered_bundle
from billing.reports.services import Settlement, settle_period
from billing.reports.verifier import verify_report
from tenants.people.models import User
from tenants.record.models import HeadStamp
from tenants.record.rotation import rotate_key
from tenants.record.services import record_audit, seal_head
from tenants.record.timestamps import choose_authority
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import BY, NOVEMBER, a_fleet, agreement, at, published
from tests.conftest import Cast
from tests.tenants.record.authority import Authority, serving

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
SETTLED = at("2026-12-05")
CLAIM = "A time-stamp is of a head with the statement in it"


@pytest.fixture
def authority(settings: Any) -> Iterator[Authority]:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    with serving(SETTLED) as made:
        yield made


def settled(cast: Cast) -> Settlement:
    with scope(cast.meridian.id):
        contract = published(agreement(a_fleet("2026-10-29", "2026-12-01")) | {"customer": str(cast.northwind)})
        return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=SETTLED)


def stamp(cast: Cast, authority: Authority, now: datetime, *, grows: bool = True) -> HeadStamp:
    """Have the newest head stamped, as a rule after the log has grown."""
    authority.at = now
    with scope(cast.meridian.id):
        if grows:
            record_audit(action="plan.approved", subject="plan/1", by=BY, now=now)
            seal_head(now=now)
        return choose_authority(url=authority.url, roots=authority.roots, by=BY, now=now)


def delivered(cast: Cast, done: Settlement) -> bytes:
    with scope(cast.meridian.id):
        return delivered_bundle(done.report)


def stamped_in(data: bytes) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(data).get("stamped")
    return found


def test_without_a_time_stamp_it_is_as_it_was_made(cast: Cast) -> None:
    done = settled(cast)
    assert delivered(cast, done) == bytes(done.report.bundle)


def test_a_time_stamp_from_before_says_nothing_of_the_statement(cast: Cast, authority: Authority) -> None:
    stamp(cast, authority, SETTLED - timedelta(days=1))
    done = settled(cast)
    assert delivered(cast, done) == bytes(done.report.bundle)


@pytest.mark.parametrize("grows", [True, False])
def test_the_first_time_stamp_of_the_statement_stays(cast: Cast, authority: Authority, grows: bool) -> None:
    done = settled(cast)
    row = stamp(cast, authority, SETTLED + timedelta(hours=5), grows=grows)
    data = delivered(cast, done)
    found = stamped_in(data)
    assert found is not None
    assert (found["authority"], found["at"]) == (authority.url, "2026-12-05T05:00:00Z")
    assert (row.size > done.report.head_size) is grows
    checks = verify_report(data, trusted=done.report.fingerprint, kept=bytes(done.report.bundle), figures=True)
    assert [check.found for check in checks if not check.holds] == []
    assert f"the head of {row.size} entries, sha512" in next(one.found for one in checks if one.claim == CLAIM)
    stamp(cast, authority, SETTLED + timedelta(days=2))
    assert delivered(cast, done) == data


def test_it_stands_beside_the_head_that_the_reader_kept(cast: Cast, authority: Authority) -> None:
    done = settled(cast)
    stamp(cast, authority, SETTLED + timedelta(hours=5))
    with scope(cast.meridian.id):
        data = delivered_bundle(done.report, done.report.head_size)
    told = json.loads(data)
    assert (told["bundle"], told["stamped"], told["previous"]["head"]) == (
        3, stamped_in(delivered(cast, done)), told["head"],
    )  # fmt: skip
    checks = verify_report(data, trusted=done.report.fingerprint, kept=bytes(done.report.bundle), figures=True)
    assert [check.found for check in checks if not check.holds] == []


def test_a_head_that_another_key_signs_is_left_out(cast: Cast, authority: Authority) -> None:
    done = settled(cast)
    with scope(cast.meridian.id):
        rotate_key(by=BY, now=SETTLED + timedelta(hours=1))
    stamp(cast, authority, SETTLED + timedelta(hours=5))
    assert delivered(cast, done) == bytes(done.report.bundle)
    checks = verify_report(delivered(cast, done), trusted=done.report.fingerprint, figures=True)
    assert [check.found for check in checks if not check.holds] == []


def test_pages_and_api_deliver_it(cast: Cast, authority: Authority, sign_in: SignIn, with_key: WithKey) -> None:
    done = settled(cast)
    stamp(cast, authority, SETTLED + timedelta(hours=5))
    data = delivered(cast, done)
    assert stamped_in(data) is not None
    page = sign_in(cast.reader).get(f"/t/meridian/reports/{done.report.id}/report.json")
    assert page.content == data
    api = with_key(cast.meridian, Role.OWNER).get(f"/api/v1/reports/{done.report.id}/proof/")
    assert api.content == data
