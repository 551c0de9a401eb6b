"""What single sign-on makes of proven domains of mail."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.domains import services
from tenants.domains.domain import Result, Seen
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState
from tenants.signon import selectors
from tenants.signon.models import MailDomain
from tenants.signon.schemas import Settings
from tenants.signon.services import change_sign_on
from tests.tenants.domains.test_services import BY, NOW, proven

DOMAIN = "meridian.example"


@pytest.fixture(autouse=True)
def _signed_on(tenant: Tenant, stranger: Tenant, settings: Any) -> None:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.0/8"]
    for each in (tenant, stranger):
        with scope(each.id):
            wanted = Settings(
                discovery_url="https://127.0.0.1", client_id="outturn", client_secret="s3cret", domains=[DOMAIN],
                rules=[], default_role="viewer", creates_members=True, is_enabled=True,
            )  # fmt: skip
            change_sign_on(wanted=wanted, by=BY, now=NOW)


def doors() -> list[str]:
    return [door.slug for door in selectors.doors(f"ada@{DOMAIN}")]


def test_declared_by_two_both_are_shown() -> None:
    assert doors() == ["meridian", "stranger"]


def test_proven_by_one_the_other_is_not_shown(tenant: Tenant, stranger: Tenant) -> None:
    proven(tenant, DOMAIN, is_web=False, is_mail=True)
    assert doors() == ["meridian"]
    with scope(tenant.id):
        assert selectors.domains_told(selectors.sign_on()) == [(DOMAIN, True)]  # type: ignore[arg-type]
    with scope(stranger.id):
        assert selectors.domains_told(selectors.sign_on()) == [(DOMAIN, False)]  # type: ignore[arg-type]
    assert [door.slug for door in selectors.doors("stranger")] == ["stranger"]


def test_proven_for_pages_only_it_says_nothing_of_mail(tenant: Tenant) -> None:
    proven(tenant, DOMAIN)
    assert doors() == ["meridian", "stranger"]


def test_proven_by_both_both_are_shown(tenant: Tenant, stranger: Tenant) -> None:
    for each in (tenant, stranger):
        proven(each, DOMAIN, is_web=False, is_mail=True)
    assert doors() == ["meridian", "stranger"]


def test_lapsed_or_removed_it_is_declared_again(tenant: Tenant) -> None:
    row = proven(tenant, DOMAIN, is_web=False, is_mail=True)
    with scope(tenant.id):
        for day in (1, 8):
            services.note_look(domain_id=row.id, seen=Seen(Result.MISSING), by=BY, now=NOW.replace(day=21 + day))
    assert doors() == ["meridian", "stranger"]
    assert not MailDomain.objects.filter(is_proven=True).exists()


def test_an_organisation_that_is_closed_hides_nobody(tenant: Tenant) -> None:
    proven(tenant, DOMAIN, is_web=False, is_mail=True)
    Tenant.objects.filter(id=tenant.id).update(state=TenantState.CLOSED)
    assert doors() == ["stranger"]
