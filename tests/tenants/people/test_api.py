"""People over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import Membership, Site, Space, User
from tenants.scope.actors import Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]


@pytest.fixture
def site(cast: Cast) -> Site:
    """A site of Meridian's."""
    now = utc_now()
    with scope(cast.meridian.id):
        space = Space.objects.create(name="Production", kind="production", created_at=now)
        return Site.objects.create(space=space, name="Hamburg", created_at=now)


def member(cast: Cast, user: User) -> Any:
    return Membership.objects.get(tenant=cast.meridian, user=user).id


def test_members_are_read_changed_and_removed(cast: Cast, with_key: WithKey, site: Site) -> None:
    client, row = with_key(cast.meridian, Role.OWNER), member(cast, cast.engineer)
    listed = client.get("/api/v1/members/").json()["results"]
    assert {each["email"] for each in listed} == {
        f"{name}@meridian.example" for name in ("owner", "engineer", "viewer", "reader")
    }
    changed = client.patch(f"/api/v1/members/{row}/", {"role": "planner", "places": [{"site": str(site.id)}]})
    assert changed.status_code == 200, changed.json()
    assert (changed.json()["role"], changed.json()["places"]) == ("planner", [{"site": str(site.id)}])
    assert client.get("/api/v1/members/").json()["results"] != listed
    assert client.patch(f"/api/v1/members/{row}/", {"places": None}).json()["places"] is None
    assert client.delete(f"/api/v1/members/{row}/").status_code == 204
    assert client.get(f"/api/v1/members/{row}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"role": "captain"}, 400, "member.role"),
        ({"role": "customer"}, 400, "member.role"),
        ({"places": [{}]}, 400, "request.invalid"),
        ({"places": [{"twin": "x"}]}, 400, "request.invalid"),
        ({"places": []}, 400, "member.place"),
        ({"places": [{"twin": "01a1fcd0-69fc-756a-8f4a-2c5d5d5d5d5d"}]}, 400, "member.place"),
    ],
)
def test_changes_that_are_refused(cast: Cast, with_key: WithKey, body: dict[str, Any], status: int, code: str) -> None:
    answer = with_key(cast.meridian, Role.OWNER).patch(f"/api/v1/members/{member(cast, cast.engineer)}/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Membership.objects.get(tenant=cast.meridian, user=cast.engineer).role == "engineer"


def test_the_last_owner_is_a_conflict(cast: Cast, with_key: WithKey) -> None:
    client, row = with_key(cast.meridian, Role.OWNER), member(cast, cast.owner)
    for answer in (
        client.delete(f"/api/v1/members/{row}/"),
        client.patch(f"/api/v1/members/{row}/", {"role": "viewer"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "member.last_owner")


def test_invitations_are_made_once_and_withdrawn(cast: Cast, with_key: WithKey, site: Site) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    wanted = {"email": "grace@pumps.example", "role": "viewer", "places": [{"site": str(site.id)}]}
    made = [client.post("/api/v1/invitations/", wanted, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert len(mail.outbox) == 1
    assert "token" not in made[0].json()
    again = client.post("/api/v1/invitations/", wanted)
    assert (again.status_code, again.json()["code"]) == (409, "invitation.already_invited")
    assert len(client.get("/api/v1/invitations/").json()["results"]) == 1
    assert client.delete(f"/api/v1/invitations/{made[0].json()['id']}/").status_code == 204
    assert client.get("/api/v1/invitations/").json()["results"] == []


class TestCheckPermissions:
    def ask(self, client: Any, *questions: dict[str, Any], path: str = "/api/v1", **more: Any) -> Any:
        options = {} if isinstance(client, APIClient) else {"content_type": "application/json"}
        return client.post(f"{path}/check-permissions/", {"questions": list(questions), **more}, **options)

    def test_a_key_asks_for_itself(self, cast: Cast, with_key: WithKey) -> None:
        answer = self.ask(
            with_key(cast.meridian, Role.VIEWER), {"permission": "twins.read"}, {"permission": "twins.publish"}
        )
        assert answer.status_code == 200
        assert [each["allowed"] for each in answer.json()["answers"]] == [True, False]
        assert [each["permission"] for each in answer.json()["answers"]] == ["twins.read", "twins.publish"]

    def test_a_person_asks_for_themselves(self, cast: Cast, sign_in: Callable[[User], Client]) -> None:
        answer = self.ask(sign_in(cast.reader), {"permission": "reports.read"}, path="/t/meridian/api/v1")
        assert answer.json()["answers"] == [
            {"permission": "reports.read", "twin": None, "allowed": True, "reasons": ["role Customer"]}
        ]

    def test_an_administrator_asks_for_a_member_who_is_held(self, cast: Cast, with_key: WithKey, site: Site) -> None:
        client, row = with_key(cast.meridian, Role.OWNER), member(cast, cast.engineer)
        client.patch(f"/api/v1/members/{row}/", {"places": [{"site": str(site.id)}]})
        answers = self.ask(
            client, {"permission": "twins.edit"}, {"permission": "gateways.edit"},
            {"permission": "twins.edit", "twin": str(new_id())}, {"permission": "money.read"}, member=str(row),
        ).json()["answers"]  # fmt: skip
        assert [each["allowed"] for each in answers] == [True, False, False, False]
        assert answers[0]["reasons"] == ["role Engineer", "held to 0 twins"]
        assert answers[1]["reasons"] == ["role Engineer", "taken away: held to places, and this stands in none"]
        assert answers[2]["reasons"] == ["role Engineer", "there is no such twin"]

    def test_others_ask_for_nobody_else(self, cast: Cast, with_key: WithKey) -> None:
        row = str(member(cast, cast.engineer))
        viewer = self.ask(with_key(cast.meridian, Role.VIEWER), {"permission": "twins.read"}, member=row)
        assert (viewer.status_code, viewer.json()["code"]) == (403, "request.not_allowed")
        stranger = self.ask(with_key(cast.stranger, Role.OWNER), {"permission": "twins.read"}, member=row)
        assert stranger.status_code == 404

    @pytest.mark.parametrize(
        "body", [{}, {"questions": []}, {"questions": [{}]}, {"questions": [{"permission": "fly"}]},
                 {"questions": [{"permission": "twins.read", "twin": "x"}]},
                 {"questions": [{"permission": "twins.read"}] * 201}]
    )  # fmt: skip
    def test_questions_that_make_no_sense(self, cast: Cast, with_key: WithKey, body: dict[str, Any]) -> None:
        answer = with_key(cast.meridian, Role.VIEWER).post("/api/v1/check-permissions/", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")

    def test_every_permission_can_be_asked_for(self, cast: Cast, with_key: WithKey) -> None:
        answer = self.ask(with_key(cast.meridian, Role.OWNER), *({"permission": each.value} for each in Permission))
        assert all(each["allowed"] for each in answer.json()["answers"])
