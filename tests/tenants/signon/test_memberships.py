"""What a provider settles of memberships, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.kernel.clock import utc_now
from tenants.people.models import Membership, MembershipPlace
from tenants.people.places import write_places
from tenants.scope.context import scope
from tenants.signon.memberships import end_membership, settle_role
from tests.conftest import Cast
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db


def test_an_ended_membership_leaves_no_place_behind(cast: Cast) -> None:
    """Else the site would be in use by nobody, and could not be taken away."""
    with scope(cast.meridian.id):
        twin = create_twin(name="Press", now=utc_now())
        member = Membership.objects.get(user=cast.viewer, tenant=cast.meridian)
        write_places(member.id, sites=(), twins=(twin.id,))
        end_membership(user=cast.viewer, now=utc_now())
        assert not Membership.objects.filter(id=member.id).exists()
        assert not MembershipPlace.objects.exists()


def test_nobody_is_made_an_owner_while_a_provider_settles_them(cast: Cast) -> None:
    """The row of the organisation is locked before the role is read: an owner made meanwhile would be unmade unseen."""
    deeds: tuple[Callable[[], None], ...] = (
        lambda: settle_role(user=cast.viewer, role="engineer", now=utc_now()),
        lambda: end_membership(user=cast.viewer, now=utc_now()),
    )
    for deed in deeds:
        with scope(cast.meridian.id), CaptureQueriesContext(connection) as queries:
            deed()
        told = [each["sql"] for each in queries]
        lock = next(at for at, sql in enumerate(told) if "FOR NO KEY UPDATE" in sql and "tenants_tenant" in sql)
        read = next(at for at, sql in enumerate(told) if "tenants_membership" in sql)
        assert lock < read
