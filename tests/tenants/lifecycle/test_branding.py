"""The look of an organisation, and where it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tenants.edge.mail import mail_of
from tenants.kernel.clock import utc_now
from tenants.lifecycle.branding import Brand, BrandNotInPlanError, checked_brand, set_brand
from tenants.lifecycle.models import Logo
from tenants.limits import selectors as limits
from tenants.limits.domain.plans import PLANS, Feature
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.lifecycle.test_images import png

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/admin/branding/"
FORM = {"product_name": "Meridian Care", "accent": "#1C5D99", "mail_sender": "Meridian", "reply_to": "a@b.example"}


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("logo.png", content, content_type="image/png")


def test_customers_see_the_brand_and_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    owner, reader = sign_in(cast.owner), sign_in(cast.reader)
    assert b"brand.css" not in reader.get("/t/meridian/reports/").content
    assert owner.post(PAGE, FORM | {"logo": upload(png())}).status_code == 302
    page = reader.get("/t/meridian/reports/").content.decode()
    assert "Meridian Care" in page
    assert "/t/meridian/brand.css?v=" in page
    assert "/t/meridian/brand/logo?v=" in page
    assert "/t/meridian/brand.css" not in owner.get("/t/meridian/").content.decode()
    with scope(cast.meridian.id):
        assert list(AuditEntry.objects.filter(subject__startswith="org").values_list("action", flat=True)) == [
            "brand.changed"
        ]


def test_the_stylesheet_and_the_logo_are_kept_by_their_version(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    assert owner.get("/t/meridian/brand/logo").status_code == 404
    owner.post(PAGE, FORM | {"logo": upload(png())})
    style = owner.get("/t/meridian/brand.css")
    assert style["Content-Type"] == "text/css; charset=utf-8"
    assert "--accent: light-dark(#1c5d99, " in style.content.decode()
    version = style["ETag"].strip('"')
    assert style["Cache-Control"] == "private, no-cache"
    assert "immutable" in owner.get(f"/t/meridian/brand.css?v={version}")["Cache-Control"]
    assert owner.get("/t/meridian/brand.css", HTTP_IF_NONE_MATCH=style["ETag"]).status_code == 304
    logo = owner.get("/t/meridian/brand/logo")
    assert logo.content == png()
    assert logo["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert logo["X-Content-Type-Options"] == "nosniff"
    assert logo["Content-Type"] == "image/png"


def test_a_preview_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    page = owner.post(PAGE, FORM | {"accent": "#ffdd00", "preview": "yes"})
    assert page.status_code == 200
    assert b"nothing is saved yet" in page.content
    assert b"could not be read as text" in page.content
    assert Tenant.objects.get(id=cast.meridian.id).brand == {}
    style = owner.get("/t/meridian/brand.css?accent=%23ffdd00").content.decode()
    assert style.startswith(".brand-preview {")
    assert owner.get("/t/meridian/brand.css?accent=red;}").status_code == 404


def test_a_new_logo_replaces_the_old_one_and_it_can_go(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    for width in (32, 48):
        assert owner.post(PAGE, FORM | {"logo": upload(png(width))}).status_code == 302
    with scope(cast.meridian.id):
        assert Logo.objects.get().width == 48
    assert owner.post(PAGE, FORM).status_code == 302
    assert owner.get("/t/meridian/brand/logo").status_code == 200
    assert owner.post(PAGE, FORM | {"remove_logo": "on"}).status_code == 302
    assert owner.get("/t/meridian/brand/logo").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"accent": "red"},
        {"product_name": "x" * 61},
        {"product_name": "<b>"},
        {"mail_sender": "A\r\nBcc: x@y.example"},
        {"mail_sender": 'A" <x@y.example>'},
        {"reply_to": "nobody"},
        {"logo": SimpleUploadedFile("a.png", b"<svg/>")},
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_changes(
    cast: Cast, sign_in: SignIn, wrong: dict[str, object]
) -> None:
    assert sign_in(cast.owner).post(PAGE, FORM | wrong).status_code == 400
    assert Tenant.objects.get(id=cast.meridian.id).brand == {}


def test_a_plan_without_branding_has_none(cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = replace(PLANS["trial"], features=frozenset({Feature.CUSTOM_ROLES}))
    monkeypatch.setattr(limits, "PLANS", {"trial": plain})
    with scope(cast.meridian.id), pytest.raises(BrandNotInPlanError) as refused:
        set_brand(brand=Brand("Care"), picture=None, remove_logo=False, by="owner", now=utc_now())
    assert (refused.value.code, refused.value.status) == ("brand.not_in_plan", 403)
    owner = sign_in(cast.owner)
    assert b"Your plan has no branding" in owner.get(PAGE).content
    answer = owner.post(PAGE, FORM)
    assert answer.status_code == 400
    assert b"your plan has no branding. Choose a larger plan under Plan and usage." in answer.content
    assert Tenant.objects.get(id=cast.meridian.id).brand == {}


def test_names_are_trimmed() -> None:
    assert checked_brand(Brand(" A ", "1c5d99", " B ", "")) == Brand("A", "#1c5d99", "B", "")


def test_mails_come_under_the_chosen_name() -> None:
    brand = {"mail_sender": "Ärzte, GmbH", "reply_to": "answers@a.example"}
    mail_of(brand, subject="S", body="B", to="x@y.example").send()
    mail_of({}, subject="S", body="B", to="x@y.example").send()
    assert mail.outbox[0].message()["From"].endswith("<no-reply@localhost>")
    assert "Outturn" not in str(mail.outbox[0].message()["From"])
    assert mail.outbox[0].reply_to == ["answers@a.example"]
    assert mail.outbox[1].from_email == "Outturn <no-reply@localhost>"
