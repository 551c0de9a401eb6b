"""Notices of incidents and maintenance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.lifecycle.models import Notice, NoticeReader
from tenants.lifecycle.notices import mail_notice
from tenants.lifecycle.selectors import notices_now
from tenants.people.models import Membership, User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NOW = utc_now()


def a_notice(**other: Any) -> Notice:
    values = {
        "kind": "incident", "severity": "high", "state": "ongoing", "title": "Late", "text": "Soon.", "start": NOW,
        "made_by": "ann", "made_at": NOW,
    }  # fmt: skip
    return Notice.objects.create(**values | other)


def shown(tenant: Tenant) -> list[str]:
    with scope(tenant.id):
        return [each.title for each in notices_now(now=NOW)]


def test_each_organisation_sees_what_concerns_it(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(region="eu")
    a_notice(title="all")
    a_notice(title="eu", region="eu")
    a_notice(title="us", region="us")
    a_notice(title="theirs", tenant_id=cast.stranger.id)
    assert set(shown(cast.meridian)) == {"all", "eu"}
    assert set(shown(cast.stranger)) == {"all", "theirs"}


def test_what_is_far_away_or_long_over_is_not_above_every_page(tenant: Tenant) -> None:
    day = timedelta(days=1)
    a_notice(title="soon", state="planned", start=NOW + 2 * day, severity="low")
    a_notice(title="far", state="planned", start=NOW + 4 * day)
    a_notice(title="just over", state="resolved", start=NOW - day, end=NOW - day / 2)
    a_notice(title="long over", state="resolved", start=NOW - 3 * day, end=NOW - 2 * day)
    a_notice(title="now", severity="medium")
    assert shown(tenant) == ["now", "just over", "soon"]


def test_what_is_grave_cannot_be_put_away(cast: Cast, sign_in: SignIn) -> None:
    grave, mild = a_notice(title="Grave thing"), a_notice(title="Mild thing", severity="low")
    viewer = sign_in(cast.viewer)
    for notice in (grave, mild):
        answer = viewer.post(f"/notices/{notice.id}/dismiss/", {"next": "/t/meridian/"})
        assert (answer.status_code, answer["Location"]) == (302, "/t/meridian/")
    page = viewer.get("/t/meridian/").content.decode()
    assert "Grave thing" in page
    assert "Mild thing" not in page
    assert "Mild thing" in sign_in(cast.viewer).get("/t/meridian/").content.decode()
    assert "Mild thing" in viewer.get("/t/meridian/admin/notices/").content.decode()


def test_administrators_get_them_by_mail_who_want_that(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    assert sign_in(cast.viewer).post("/t/meridian/admin/notices/mail/", {"wants": "yes"}).status_code == 403
    for _ in range(2):
        assert owner.post("/t/meridian/admin/notices/mail/", {"wants": "yes"}).status_code == 302
    mail.outbox.clear()
    notice = a_notice()
    assert [mail_notice(notice=notice.id), mail_notice(notice=notice.id)] == [1, 0]
    assert (mail.outbox[0].subject, mail.outbox[0].to) == ("Ongoing: Late", ["owner@meridian.example"])
    Notice.objects.update(state="resolved")
    assert mail_notice(notice=notice.id) == 1
    assert mail_notice(notice=a_notice(tenant_id=cast.stranger.id).id) == 0
    owner.post("/t/meridian/admin/notices/mail/", {"wants": "no"})
    assert mail_notice(notice=a_notice().id) == 0


def test_they_come_under_the_name_of_the_organisation_and_under_ours_to_who_has_several(
    cast: Cast, sign_in: SignIn
) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(brand={"mail_sender": "Meridian Care", "reply_to": "a@b.example"})
    sign_in(cast.owner).post("/t/meridian/admin/notices/mail/", {"wants": "yes"})
    mail.outbox.clear()
    assert mail_notice(notice=a_notice().id) == 1
    assert (mail.outbox[0].from_email, mail.outbox[0].reply_to) == (
        "Meridian Care <no-reply@localhost>",
        ["a@b.example"],
    )
    NoticeReader.objects.create(tenant_id=cast.stranger.id, user=cast.owner)
    Membership.objects.create(tenant_id=cast.stranger.id, user=cast.owner, role=Role.OWNER, created_at=NOW)
    mail.outbox.clear()
    assert mail_notice(notice=a_notice().id) == 1
    assert (mail.outbox[0].from_email, mail.outbox[0].reply_to) == ("Outturn <no-reply@localhost>", [])


def test_an_organisation_without_a_region_lies_where_the_installation_does(
    cast: Cast, sign_in: SignIn, settings: Any
) -> None:
    settings.OUTTURN_REGION = "eu"
    Tenant.objects.filter(id=cast.stranger.id).update(region="us")
    a_notice(title="eu", region="eu")
    us = a_notice(title="us", region="us")
    assert (shown(cast.meridian), shown(cast.stranger)) == (["eu"], ["us"])
    sign_in(cast.owner).post("/t/meridian/admin/notices/mail/", {"wants": "yes"})
    assert [mail_notice(notice=us.id), mail_notice(notice=a_notice(region="eu").id)] == [0, 1]


def test_who_has_left_gets_none(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.owner).post("/t/meridian/admin/notices/mail/", {"wants": "yes"})
    Membership.objects.filter(user=cast.owner).delete()
    assert mail_notice(notice=a_notice().id) == 0


def test_one_that_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    with pytest.raises(NotFoundError):
        mail_notice(notice=new_id())
    for back in ("", "https://elsewhere.example/", "//elsewhere.example"):
        assert sign_in(cast.owner).post(f"/notices/{new_id()}/dismiss/", {"next": back})["Location"] == "/"
    assert Client().post(f"/notices/{new_id()}/dismiss/")["Location"].startswith("/account/login/")
