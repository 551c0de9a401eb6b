"""Roles of the organisation's own: nobody gives what they do not have, and what is given holds at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.keys.models import ServiceAccount
from tenants.people.models import CustomRole, Invitation, Membership, User
from tenants.people.roles import BUILT_IN
from tenants.people.services import add_member
from tenants.scope.actors import PERMISSIONS, Permission, Role, held_to_places, permissions_named
from tenants.scope.context import scope
from tenants.signon.models import SignOn
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, shown, walked

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ROLES = "/t/meridian/admin/roles/"
NEW = f"{ROLES}new/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made(cast: Cast, name: str = "Night shift", *permissions: str) -> CustomRole:
    with scope(cast.meridian.id):
        return CustomRole.objects.create(name=name, permissions=list(permissions), created_at=utc_now())


def give(user: User, role: CustomRole | Role) -> None:
    Membership.objects.filter(user=user).update(role=role.value if isinstance(role, Role) else str(role.id))


def test_every_role_is_described_and_owning_is_the_owners_alone() -> None:
    assert BUILT_IN.keys() == PERMISSIONS.keys() == set(Role)
    assert [role for role in Role if Permission.ORGANISATION_OWN in PERMISSIONS[role]] == [Role.OWNER]
    assert PERMISSIONS[Role.CUSTOMER] == {Permission.REPORTS_READ, Permission.LOG_OPERATE}
    assert (
        PERMISSIONS[Role.VIEWER] <= PERMISSIONS[Role.ENGINEER] & PERMISSIONS[Role.PLANNER] & PERMISSIONS[Role.FINANCE]
    )
    assert not PERMISSIONS[Role.PLANNER] & {Permission.MONEY_BILL, Permission.CONTRACTS_APPROVE}
    assert not PERMISSIONS[Role.FINANCE] & {Permission.TWINS_EDIT, Permission.PLANS_APPROVE}


def test_who_is_held_to_places_keeps_what_stands_in_places() -> None:
    left = held_to_places(PERMISSIONS[Role.OWNER])
    assert {each.area for each in left} == {"twins", "alarms", "dashboards", "health", "plans", "organisation"}
    assert Permission.ORGANISATION_ADMINISTER not in left


def test_a_name_that_is_no_permission_any_more_gives_none() -> None:
    assert permissions_named(["twins.read", "twins.fly", ""]) == {Permission.TWINS_READ}


def test_a_role_lets_its_people_do_what_it_says_from_the_next_request_on(cast: Cast, sign_in: SignIn) -> None:
    client, owner = sign_in(cast.viewer), sign_in(cast.owner)
    role = made(cast, "Contracts only", "contracts.read")
    give(cast.viewer, role)
    assert client.get("/t/meridian/contracts/").status_code == 200
    assert client.get("/t/meridian/twins/").status_code == 403
    fields = {"name": "Twins only", "permissions": ["twins.read"]}
    assert owner.post(f"/t/meridian/admin/roles/{role.id}/", fields).status_code == 302
    assert client.get("/t/meridian/contracts/").status_code == 403
    assert client.get("/t/meridian/twins/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "permissions": ["twins.read"]}, "This field is required"),
        ({"name": "Owner", "permissions": ["twins.read"]}, "cannot be a role"),
        ({"name": "x", "permissions": []}, "Permissions: Tick at least one."),
        ({"name": "x", "permissions": ["twins.fly"]}, "Select a valid choice"),
        ({"name": "x", "permissions": ["organisation.own"]}, "Select a valid choice"),
        ({"name": "Night shift", "permissions": ["twins.read"]}, "there is a role"),
    ],
)
def test_a_role_that_cannot_be_is_refused_and_what_was_entered_stays(
    cast: Cast, sign_in: SignIn, fields: dict[str, object], said: str
) -> None:
    made(cast)
    response = sign_in(cast.owner).post(NEW, fields)
    assert response.status_code == 400
    assert said in response.content.decode()
    with scope(cast.meridian.id):
        assert CustomRole.objects.count() == 1


def test_nobody_gives_what_they_do_not_have(cast: Cast, sign_in: SignIn) -> None:
    role = made(cast, "People", "organisation.read", "organisation.administer")
    give(cast.viewer, role)
    client = sign_in(cast.viewer)
    response = client.post(NEW, {"name": "Too much", "permissions": ["money.bill"]})
    assert response.status_code == 400
    assert "you may not give: money.bill" in response.content.decode()
    assert client.post(NEW, {"name": "Fits", "permissions": ["organisation.read"]}).status_code == 302
    strong = made(cast, "Strong", "money.bill")
    weaker = client.post(
        f"/t/meridian/admin/roles/{strong.id}/", {"name": "Weak", "permissions": ["organisation.read"]}
    )
    assert weaker.status_code == 400


def test_a_role_goes_when_its_name_is_typed_and_nobody_has_it(cast: Cast, sign_in: SignIn) -> None:
    role = made(cast, "Night shift", "twins.read")
    client, path = sign_in(cast.owner), f"/t/meridian/admin/roles/{role.id}/remove/"
    assert client.post(path, {"typed": "night"}).status_code == 400
    give(cast.viewer, role)
    refused = client.post(path, {"typed": "Night shift"})
    assert (
        f"“Night shift” is still the role of {cast.viewer.email}. Give them another role first."
        in refused.content.decode()
    )
    give(cast.viewer, Role.VIEWER)
    assert client.post(path, {"typed": "Night shift"}).status_code == 302
    assert client.get(f"/t/meridian/admin/roles/{role.id}/").status_code == 404


def test_the_pages_show_what_each_role_may_do(cast: Cast, sign_in: SignIn) -> None:
    made(cast, "<i>Night</i>", "twins.read")
    client = sign_in(cast.owner)
    listed = client.get("/t/meridian/admin/roles/").content.decode()
    assert "&lt;i&gt;Night&lt;/i&gt;" in listed
    assert "Finance" in listed
    assert client.get("/t/meridian/admin/roles/built-in/?role=planner").status_code == 200
    assert client.get("/t/meridian/admin/roles/built-in/?role=nobody").status_code == 404
    assert client.get(f"{NEW}?from=planner").content.decode().count("checked") == len(PERMISSIONS[Role.PLANNER])
    assert client.get(f"/t/meridian/admin/roles/{uuid4()}/").status_code == 404


def test_a_role_that_is_gone_lets_nobody_do_anything(cast: Cast, sign_in: SignIn) -> None:
    add_member(tenant=cast.meridian.id, user=cast.viewer.id, role=Role.VIEWER, now=utc_now())
    Membership.objects.filter(user=cast.viewer).update(role=str(uuid4()))
    assert sign_in(cast.viewer).get("/t/meridian/").status_code == 403


def test_a_role_that_something_has_stays_and_says_what(cast: Cast, sign_in: SignIn) -> None:
    role = made(cast, "Night shift", "twins.read")
    client, path = sign_in(cast.owner), f"/t/meridian/admin/roles/{role.id}/remove/"
    with scope(cast.meridian.id):
        now = utc_now()
        account = ServiceAccount.objects.create(name="Historian", role=str(role.id), created_at=now)
        invitation = Invitation.objects.create(
            email="grace@pumps.example", role=str(role.id), invited_by="x", created_at=now, sent_at=now, expires_at=now
        )
        rule = [{"claim": "groups", "value": "night", "role": str(role.id)}]
        SignOn.objects.create(
            discovery_url="https://login.example", client_id="us", sealed_secret=b"", rules=rule, created_at=now,
            changed_at=now,
        )  # fmt: skip
    told = "the invitation to grace@pumps.example, the service account “Historian”, the rules of single sign-on."
    assert f"“Night shift” is still the role of {told}" in client.post(path, {"typed": "Night shift"}).content.decode()
    with scope(cast.meridian.id):
        account.delete()
        invitation.delete()
        SignOn.objects.update(rules=[])
    assert client.post(path, {"typed": "Night shift"}).status_code == 302


def test_of_many_who_have_a_role_some_are_named_and_the_others_counted(cast: Cast, sign_in: SignIn) -> None:
    role = made(cast, "Night shift", "twins.read")
    with scope(cast.meridian.id):
        for number in range(7):
            ServiceAccount.objects.create(name=f"Program {number}", role=str(role.id), created_at=utc_now())
    refused = sign_in(cast.owner).post(f"/t/meridian/admin/roles/{role.id}/remove/", {"typed": "Night shift"})
    assert "the service account “Program 4” and 2 more." in refused.content.decode()


def many(count: int, *, first: int = 0) -> None:
    """Roles of which several were made in the same moment, each with a service account."""
    made = CustomRole.objects.bulk_create(
        CustomRole(
            name=f"Role {number:04}", permissions=["twins.read"], created_at=NOON + timedelta(seconds=number // 40)
        )
        for number in range(first, first + count)
    )
    ServiceAccount.objects.bulk_create(
        ServiceAccount(name=f"Program of {each.name}", role=str(each.id), created_at=NOON) for each in made
    )


@pytest.fixture
def three(cast: Cast) -> dict[str, CustomRole]:
    """A role that the viewer and two programs have, one named like a formula, one for contracts; and a stranger's."""
    with scope(cast.stranger.id):
        CustomRole.objects.create(name="Theirs", permissions=["twins.read"], created_at=NOON)
    rows = (("Night shift", "Hall 2, at night", ["health.operate", "twins.read"]), ("=Guests", "-", ["twins.read"]),
            ("Contracts", "", ["contracts.read"]))  # fmt: skip
    with scope(cast.meridian.id):
        found = {
            name: CustomRole.objects.create(name=name, description=what, permissions=permissions, created_at=NOON)
            for name, what, permissions in rows
        }
        for name, role in (("Historian", "Night shift"), ("Logger", "Night shift"), ("Own", ""), ("Old", "viewer")):
            holds = str(found[role].id) if role in found else role
            ServiceAccount.objects.create(name=name, role=holds, created_at=NOON)
    give(cast.viewer, found["Night shift"])
    return found


def test_the_list_has_the_roles_of_ones_own_below_those_that_all_have(
    cast: Cast, sign_in: SignIn, three: dict[str, CustomRole]
) -> None:
    text = page(sign_in(cast.owner), ROLES)
    assert shown(text) == ["=Guests", "Contracts", "Night shift"]
    assert f'<a href="{ROLES}{three["Contracts"].id}/">Contracts</a>' in text
    fixed = text.partition("Your own roles")[0]
    assert [fixed.count(f"?role={role.value}") for role in Role] == [1] * len(Role)
    viewers = fixed.partition("?role=viewer")[2].partition("</tr>")[0]
    assert 'data-label="Service accounts" class="numeric">1<' in viewers
    assert 'data-label="People" class="numeric">0<' in viewers


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("q=night", ["Night shift"]), ("q=hall+shift", ["Night shift"]), ("q=theirs", []),
        ("permission=twins.read", ["=Guests", "Night shift"]), ("permission=health.operate", ["Night shift"]),
        ("permission=twins.read&q=guest", ["=Guests"]), ("permission=money.bill", []),
        ("permission=organisation.own", ["=Guests", "Contracts", "Night shift"]),
    ],
)  # fmt: skip
def test_roles_are_searched_and_narrowed(
    cast: Cast, sign_in: SignIn, three: dict[str, CustomRole], asked: str, names: list[str]
) -> None:
    client = sign_in(cast.owner)
    assert walked(client, f"{ROLES}?{asked}") == names
    assert [row["Role"].removeprefix("'") for row in filed(client, f"{ROLES}?{asked}")] == names


def test_the_file_of_roles(cast: Cast, sign_in: SignIn, three: dict[str, CustomRole]) -> None:
    none = {"People": "0", "Service accounts": "0", "Made": "2026-11-20T12:00:00Z"}
    assert filed(sign_in(cast.owner), f"{ROLES}?sort=-name") == [
        none | {"Role": "Night shift", "What it is for": "Hall 2, at night", "Permissions": "2",
                "Lets them": "health.operate, twins.read", "People": "1", "Service accounts": "2"},
        none | {"Role": "Contracts", "What it is for": "", "Permissions": "1", "Lets them": "contracts.read"},
        none | {"Role": "'=Guests", "What it is for": "'-", "Permissions": "1", "Lets them": "twins.read"},
    ]  # fmt: skip


def test_pages_of_many_roles(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        many(120)
    check_order(client, ROLES, ("name", "created_at"), count=120)
    check_cursors(client, ROLES)


def test_queries_do_not_grow_with_roles(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        many(10)

    def grow() -> None:
        with scope(cast.meridian.id):
            many(990, first=10)

    check_queries(sign_in(cast.owner), ROLES, grow)


def test_without_a_role_of_ones_own_the_list_leads_on(cast: Cast, sign_in: SignIn) -> None:
    text = page(sign_in(cast.owner), ROLES)
    assert "No role of your own yet" in text
    assert "<select" not in text
    assert filed(sign_in(cast.owner), ROLES) == []
