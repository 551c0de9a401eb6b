"""Who belongs to an organisation: roles, places, removal, leaving, and that an owner is always left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.people import members as writing
from tenants.people.models import CustomRole, Membership, MembershipPlace, Site, Space, User
from tenants.people.schemas import Place
from tenants.people.selectors import actor_of_member, organisation
from tenants.people.services import add_member
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.processes import LONG_S

pytestmark = pytest.mark.django_db


def actor(cast: Cast, role: Role = Role.OWNER, user: User | None = None) -> Actor:
    return Actor(
        tenant=cast.meridian.id, slug="meridian", role=role, permissions=PERMISSIONS[role], address="127.0.0.1",
        user=(user or cast.owner).id, name="owner@meridian.example",
    )  # fmt: skip


def membership(cast: Cast, user: User) -> UUID:
    return Membership.objects.get(tenant=cast.meridian, user=user).id


def test_a_role_is_changed_and_told(cast: Cast) -> None:
    with scope(cast.meridian.id):
        writing.change_role(
            membership=membership(cast, cast.viewer), role="planner", customer=None, by=actor(cast), now=utc_now()
        )
        entry = AuditEntry.objects.get(action="member.role_changed")
        assert entry.details == {"person": "viewer@meridian.example", "from": "viewer", "to": "planner"}
    assert Membership.objects.get(user=cast.viewer).role == "planner"


@pytest.mark.parametrize("role", ["captain", "", "01a1fcf4-192c-7000-8000-f3c21c562b3c", "x" * 36])
def test_a_role_that_does_not_exist_is_refused(cast: Cast, role: str) -> None:
    with scope(cast.meridian.id), pytest.raises(writing.RoleError, match="no such role"):
        writing.change_role(
            membership=membership(cast, cast.viewer), role=role, customer=None, by=actor(cast), now=utc_now()
        )


def test_customers_people_and_customers_go_together(cast: Cast) -> None:
    with scope(cast.meridian.id):
        for role, customer in (("customer", None), ("viewer", cast.northwind), ("customer", new_id())):
            with pytest.raises(writing.RoleError):
                writing.check_role(role, customer=customer, by=actor(cast))
        writing.check_role("customer", customer=cast.northwind, by=actor(cast))


def test_nobody_gives_or_takes_more_than_they_have(cast: Cast) -> None:
    Membership.objects.filter(user=cast.engineer).update(role=Role.ADMINISTRATOR)
    admin = actor(cast, Role.ADMINISTRATOR, cast.engineer)
    with scope(cast.meridian.id):
        with pytest.raises(writing.BeyondOwnRightsError):
            writing.change_role(
                membership=membership(cast, cast.viewer), role="owner", customer=None, by=admin, now=utc_now()
            )
        with pytest.raises(writing.BeyondOwnRightsError):
            writing.change_role(
                membership=membership(cast, cast.owner), role="viewer", customer=None, by=admin, now=utc_now()
            )
        with pytest.raises(writing.BeyondOwnRightsError):
            writing.remove_member(membership=membership(cast, cast.owner), by=admin, now=utc_now())
        own = CustomRole.objects.create(name="Crew", permissions=["organisation.own"], created_at=utc_now())
        with pytest.raises(writing.BeyondOwnRightsError):
            writing.check_role(str(own.id), customer=None, by=admin)
        writing.check_role(str(own.id), customer=None, by=actor(cast))


def test_the_last_owner_stays(cast: Cast) -> None:
    mine = membership(cast, cast.owner)
    with scope(cast.meridian.id):
        for change in (
            lambda: writing.change_role(membership=mine, role="viewer", customer=None, by=actor(cast), now=utc_now()),
            lambda: writing.remove_member(membership=mine, by=actor(cast), now=utc_now()),
            lambda: writing.leave(by=actor(cast), now=utc_now()),
        ):
            with pytest.raises(writing.LastOwnerError) as refused:
                change()
            assert refused.value.status == 409
        Membership.objects.filter(user=cast.engineer).update(role=Role.OWNER)
        writing.leave(by=actor(cast), now=utc_now())
    assert not Membership.objects.filter(user=cast.owner).exists()


def test_an_owner_who_was_shut_out_does_not_count(cast: Cast) -> None:
    Membership.objects.filter(user=cast.engineer).update(role=Role.OWNER)
    User.objects.filter(id=cast.engineer.id).update(is_active=False)
    with scope(cast.meridian.id), pytest.raises(writing.LastOwnerError):
        writing.leave(by=actor(cast), now=utc_now())


def test_a_member_is_held_to_sites(cast: Cast) -> None:
    now, theirs = utc_now(), membership(cast, cast.engineer)
    with scope(cast.meridian.id):
        space = Space.objects.create(name="Production", kind="production", created_at=now)
        site = Site.objects.create(space=space, name="Hamburg", created_at=now)
        place = Place(site=site.id)
        row = writing.hold_to_places(membership=theirs, places=[place, place], by=actor(cast), now=now)
        assert row.is_held
        assert MembershipPlace.objects.count() == 1
    found = organisation(cast.engineer.id, "meridian")
    assert found is not None
    with scope(cast.meridian.id):
        held = actor_of_member(found, user=cast.engineer.id, name="e")
        assert held.twins == frozenset()
        assert not held.may(Permission.GATEWAYS_READ)
        writing.hold_to_places(membership=theirs, places=None, by=actor(cast), now=now)
        assert not MembershipPlace.objects.exists()
        assert Place.parse(str(place)) == place


def test_places_that_are_not_there_are_named(cast: Cast) -> None:
    unknown = Place(twin=new_id())
    with scope(cast.meridian.id):
        with pytest.raises(writing.PlaceError) as refused:
            writing.hold_to_places(
                membership=membership(cast, cast.engineer), places=[unknown], by=actor(cast), now=utc_now()
            )
        assert str(unknown) in refused.value.findings[0].message
        with pytest.raises(writing.PlaceError):
            writing.hold_to_places(membership=membership(cast, cast.engineer), places=[], by=actor(cast), now=utc_now())
        with pytest.raises(writing.RoleError, match="neither is held"):
            writing.hold_to_places(
                membership=membership(cast, cast.owner), places=[unknown], by=actor(cast), now=utc_now()
            )


@pytest.mark.parametrize("text", ["", "site", "site/x", "gateway/0198", "twin/"])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Place.parse(text)


def test_a_member_of_another_organisation_does_not_exist(cast: Cast) -> None:
    with scope(cast.meridian.id), pytest.raises(NotFoundError):
        writing.remove_member(membership=Membership.objects.get(user=cast.outsider).id, by=actor(cast), now=utc_now())
    assert Membership.objects.filter(user=cast.outsider).exists()


def test_a_removed_member_is_out_at_once(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(cast.engineer)
    assert client.get("/t/meridian/").status_code == 200
    with scope(cast.meridian.id):
        writing.remove_member(membership=membership(cast, cast.engineer), by=actor(cast), now=utc_now())
    assert client.get("/t/meridian/").status_code == 404


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMINISTRATOR])
def test_of_two_who_remove_each_other_one_stays(cast: Cast, role: Role) -> None:
    pair = (User.objects.create_user("one@meridian.example"), User.objects.create_user("two@meridian.example"))
    for each in pair:
        add_member(tenant=cast.meridian.id, user=each.id, role=role, now=utc_now())
    if role == Role.OWNER:
        Membership.objects.filter(user=cast.owner).delete()
    ids = {user: membership(cast, user) for user in pair}
    start = Barrier(2)

    def remove(by: User, whom: User) -> str:
        try:
            start.wait(timeout=LONG_S)
            with scope(cast.meridian.id):
                writing.remove_member(membership=ids[whom], by=actor(cast, role, by), now=utc_now())
        except writing.NoLongerAllowedError as error:
            return error.code
        finally:
            connection.close()
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(remove, *each) for each in (pair, pair[::-1])]
        assert sorted(end.result() for end in ends) == ["member.no_longer_allowed", "removed"]
    assert Membership.objects.filter(tenant=cast.meridian, user__in=pair).count() == 1


def test_who_was_given_another_role_meanwhile_changes_nobody(cast: Cast) -> None:
    """What they were let in with says more than they may do now."""
    late = actor(cast, Role.ADMINISTRATOR, cast.engineer)
    with scope(cast.meridian.id), pytest.raises(writing.NoLongerAllowedError):
        writing.change_role(
            membership=membership(cast, cast.viewer), role="engineer", customer=None, by=late, now=utc_now()
        )
    assert Membership.objects.get(user=cast.viewer).role == "viewer"
