"""The pages of people and of the rules of entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Invitation, Membership, User
from tenants.people.services import create_person
from tenants.people.sign_ins import FACTOR_SET_UP
from tenants.record.models import AuditEntry
from tenants.record.services import record_audit
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
PASSWORD = "uncommon-gearbox-42"
PEOPLE = "/t/meridian/admin/people/"
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


def member(cast: Cast, user: User) -> Any:
    return Membership.objects.get(tenant=cast.meridian, user=user)


def rules(cast: Cast, **policy: Any) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(policy=policy)


class TestPeople:
    def test_ten_thousand_members_take_a_dozen_queries(self, cast: Cast, sign_in: SignIn) -> None:
        now = utc_now()
        users = User.objects.bulk_create(User(email=f"p{n:05}@meridian.example", name=f"P {n}") for n in range(10_000))
        Membership.objects.bulk_create(
            Membership(user=user, tenant=cast.meridian, role="viewer", created_at=now) for user in users
        )
        client = sign_in(cast.owner)
        for query in ("", "?q=p09999", "?role=viewer&sort=-user__email", "?sort=created_at"):
            with CaptureQueriesContext(connection) as queries:
                page = client.get(PEOPLE + query)
            assert page.status_code == 200
            asked = [each["sql"][:150] for each in queries if each["sql"].startswith("SELECT")]
            assert len(asked) <= 12, "\n".join(asked)
        assert b"p09999@meridian.example" in client.get(PEOPLE + "?q=p09999").content
        assert b"10,000+" in client.get(PEOPLE).content
        rows = client.get(PEOPLE + "?format=csv").content.decode().splitlines()
        assert len(rows) == 10_005

    def test_search_and_filter(self, cast: Cast, sign_in: SignIn) -> None:
        page = sign_in(cast.owner).get(PEOPLE + "?role=engineer").content.decode()
        assert "engineer@meridian.example" in page
        assert "viewer@meridian.example" not in page

    def test_nobody_of_another_organisation_is_listed(self, cast: Cast, sign_in: SignIn) -> None:
        assert b"stranger.example" not in sign_in(cast.owner).get(PEOPLE).content

    @pytest.mark.parametrize(("also", "is_told"), [([], False), (["audit.read"], True)])
    def test_what_a_member_did_is_for_who_may_read_the_audit(
        self, cast: Cast, sign_in: SignIn, also: list[str], is_told: bool
    ) -> None:
        with scope(cast.meridian.id):
            permissions = ["organisation.administer", "organisation.read", *also]
            role = CustomRole.objects.create(name="Desk", permissions=permissions, created_at=utc_now())
            record_audit(action="engine.sold", subject="engine/1", by=cast.owner.email, now=utc_now())
        Membership.objects.filter(user=cast.viewer).update(role=str(role.id))
        page = sign_in(cast.viewer).get(f"{PEOPLE}{member(cast, cast.owner).id}/")
        assert page.status_code == 200
        assert (b"engine.sold" in page.content) is is_told

    def test_a_member_with_the_reasons(self, cast: Cast, sign_in: SignIn) -> None:
        page = sign_in(cast.owner).get(f"{PEOPLE}{member(cast, cast.engineer).id}/").content.decode()
        assert "role Engineer" in page
        assert "not in role Engineer" in page
        assert "Twins and catalogue: Publish" in page

    def test_the_role_is_changed(self, cast: Cast, sign_in: SignIn) -> None:
        row = member(cast, cast.viewer)
        client = sign_in(cast.owner)
        done = client.post(f"{PEOPLE}{row.id}/role/", {"role": "planner"})
        assert done["Location"] == f"{PEOPLE}{row.id}/"
        assert member(cast, cast.viewer).role == "planner"
        assert client.post(f"{PEOPLE}{row.id}/role/", {"role": "captain"}).status_code == 400

    def test_the_last_owner_is_told_why_not(self, cast: Cast, sign_in: SignIn) -> None:
        row, client = member(cast, cast.owner), sign_in(cast.owner)
        page = client.post(f"{PEOPLE}{row.id}/role/", {"role": "viewer"})
        assert page.status_code == 400
        assert b"an organisation needs an owner" in page.content
        page = client.post(f"{PEOPLE}{row.id}/remove/", {"typed": "owner@meridian.example"})
        assert b"an organisation needs an owner" in page.content
        page = client.post("/account/organisations/meridian/leave/", {"typed": "Meridian Engines"})
        assert b"an organisation needs an owner" in page.content
        assert member(cast, cast.owner).role == "owner"

    def test_removing_asks_for_the_address(self, cast: Cast, sign_in: SignIn) -> None:
        row, client = member(cast, cast.viewer), sign_in(cast.owner)
        assert client.post(f"{PEOPLE}{row.id}/remove/", {"typed": "viewer"}).status_code == 400
        assert client.post(f"{PEOPLE}{row.id}/remove/", {}).status_code == 400
        done = client.post(f"{PEOPLE}{row.id}/remove/", {"typed": "viewer@meridian.example"})
        assert done["Location"] == PEOPLE
        assert not Membership.objects.filter(id=row.id).exists()
        with scope(cast.meridian.id):
            assert AuditEntry.objects.get(action="member.removed").details["person"] == "viewer@meridian.example"

    def test_one_leaves(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        assert b"Leave Meridian Engines" in client.get("/account/organisations/meridian/leave/").content
        assert client.get("/account/organisations/stranger/leave/").status_code == 404
        done = client.post("/account/organisations/meridian/leave/", {"typed": "Meridian Engines"})
        assert done["Location"] == "/account/"
        assert client.get("/t/meridian/").status_code == 404

    def test_places_without_any_place(self, cast: Cast, sign_in: SignIn) -> None:
        page = sign_in(cast.owner).get(f"{PEOPLE}{member(cast, cast.viewer).id}/places/")
        assert b"There are no places yet" in page.content


class TestInvitations:
    def test_invite_send_again_withdraw(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        assert b"Nobody is invited" in client.get(f"{PEOPLE}invitations/").content
        done = client.post(f"{PEOPLE}invite/", {"email": "grace@pumps.example", "role": "viewer"})
        assert done["Location"] == f"{PEOPLE}invitations/"
        with scope(cast.meridian.id):
            row = Invitation.objects.get()
        client.post(f"{PEOPLE}invitations/{row.id}/again/")
        assert len(mail.outbox) == 2
        client.post(f"{PEOPLE}invitations/{row.id}/revoke/")
        assert client.post(f"{PEOPLE}invitations/{row.id}/again/").status_code == 404
        with scope(cast.meridian.id):
            assert Invitation.objects.get().revoked_at is not None

    @pytest.mark.parametrize("email", ["", "grace", "grace@", "engineer@meridian.example"])
    def test_addresses_that_are_refused(self, cast: Cast, sign_in: SignIn, email: str) -> None:
        page = sign_in(cast.owner).post(f"{PEOPLE}invite/", {"email": email, "role": "viewer"})
        assert page.status_code == 400
        assert mail.outbox == []

    def test_an_administrator_is_not_offered_owners(self, cast: Cast, sign_in: SignIn) -> None:
        Membership.objects.filter(user=cast.engineer).update(role=Role.ADMINISTRATOR)
        client = sign_in(cast.engineer)
        assert b'value="owner"' not in client.get(f"{PEOPLE}invite/").content
        assert client.post(f"{PEOPLE}invite/", {"email": "g@pumps.example", "role": "owner"}).status_code == 400


class TestRulesOfEntry:
    def test_they_are_saved_and_told(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        assert b"127.0.0.1" in client.get("/t/meridian/admin/security/").content
        wanted = {"session_hours": "8", "networks": "127.0.0.0/8\n2001:db8::/32"}
        assert client.post("/t/meridian/admin/security/", wanted).status_code == 302
        policy = Tenant.objects.get(id=cast.meridian.id).policy
        assert policy == {
            "second_factor": False, "session_hours": 8, "networks": ["127.0.0.0/8", "2001:db8::/32"], "sso_only": False,
        }  # fmt: skip
        with scope(cast.meridian.id):
            assert AuditEntry.objects.get(action="organisation.rules_of_entry").details["after"] == policy

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("networks", "203.0.113.0/24", "your own address, 127.0.0.1"),
            ("networks", "everywhere", "is no network"),
            ("session_hours", "0", "greater than or equal to 1"),
            ("session_hours", "9999", "less than or equal to 720"),
        ],
    )
    def test_rules_that_are_refused(self, cast: Cast, sign_in: SignIn, field: str, value: str, words: str) -> None:
        page = sign_in(cast.owner).post("/t/meridian/admin/security/", {field: value})
        assert page.status_code == 400
        assert words in page.content.decode()
        assert Tenant.objects.get(id=cast.meridian.id).policy == {}

    def test_other_networks_are_shut_out_with_their_address(
        self, cast: Cast, sign_in: SignIn, with_key: Callable[[Tenant, Role], APIClient]
    ) -> None:
        partner, client = with_key(cast.meridian, Role.OWNER), sign_in(cast.viewer)
        rules(cast, networks=["203.0.113.0/24"])
        page = client.get("/t/meridian/")
        assert page.status_code == 403
        assert b"127.0.0.1" in page.content
        answers: list[Any] = [client.get("/t/meridian/api/v1/jobs/"), partner.get("/api/v1/jobs/")]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [(403, "entry.network")] * 2
        inside = client.get("/t/meridian/", REMOTE_ADDR="203.0.113.9")
        assert inside.status_code == 200
        assert sign_in(cast.outsider).get("/t/stranger/").status_code == 200

    def test_who_has_no_second_factor_is_led_to_set_one_up(self, cast: Cast, sign_in: SignIn) -> None:
        rules(cast, second_factor=True)
        client = sign_in(cast.viewer)
        assert client.get("/t/meridian/?tab=jobs")["Location"] == "/account/second-factor/"
        page = client.get("/account/second-factor/").content.decode()
        assert 'href="/t/meridian/?tab=jobs"' in page
        refused = client.get("/t/meridian/api/v1/jobs/")
        assert (refused.status_code, refused.json()["code"]) == (403, "entry.second_factor")
        assert client.get("/t/meridian/nowhere/")["Location"] == "/account/second-factor/"
        part = client.get("/t/meridian/alarms/badge/", headers={"HX-Request": "true"})
        assert (part.status_code, part["Content-Type"]) == (403, "application/problem+json")

    def test_who_has_one_but_did_not_use_it_confirms(self, cast: Cast, sign_in: SignIn) -> None:
        rules(cast, second_factor=True)
        client = sign_in(cast.viewer)
        cast.viewer.authenticator_set.create(type="totp", data={})  # type: ignore[attr-defined]
        assert client.get("/t/meridian/")["Location"] == "/account/2fa/reauthenticate/?next=%2Ft%2Fmeridian%2F"
        session = client.session
        session[FACTOR_SET_UP] = str(cast.viewer.id)
        session.save()
        assert client.get("/t/meridian/").status_code == 200

    def test_after_some_hours_they_say_again_who_they_are(self, cast: Cast, client: Client) -> None:
        rules(cast, session_hours=1)
        user = create_person(email="grace@meridian.example", name="Grace", password=PASSWORD)
        Membership.objects.create(user=user, tenant=cast.meridian, role="viewer", created_at=utc_now())
        client.post("/account/login/", {"login": user.email, "password": PASSWORD})
        assert client.get("/t/meridian/").status_code == 200
        session = client.session
        session["account_authentication_methods"][0]["at"] -= timedelta(hours=1).total_seconds()
        session.save()
        again = client.get("/t/meridian/")
        assert again["Location"] == "/account/reauthenticate/?next=%2Ft%2Fmeridian%2F"
        assert client.get("/t/meridian/api/v1/jobs/").json()["code"] == "entry.session_too_old"
        assert client.post("/t/meridian/")["Location"] == "/account/reauthenticate/?next=%2F"
        back = client.post(again["Location"], {"password": PASSWORD, "next": "/t/meridian/"})
        assert back["Location"] == "/t/meridian/"
        assert client.get("/t/meridian/").status_code == 200

    def test_who_cannot_confirm_signs_in_anew(self, cast: Cast, sign_in: SignIn) -> None:
        rules(cast, session_hours=1)
        cast.viewer.set_unusable_password()
        cast.viewer.save()
        answer = sign_in(cast.viewer).get("/t/meridian/")
        assert answer["Location"] == "/account/login/?next=/t/meridian/"


class TestAccount:
    def test_the_name_is_changed(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        assert client.post("/account/", {"name": "Vera  \u202eViewer"})["Location"] == "/account/"
        assert User.objects.get(id=cast.viewer.id).name == "Vera Viewer"
        assert client.post("/account/", {"name": "x" * 121}).status_code == 400
        assert b"Meridian Engines" in client.get("/account/").content

    def test_nobody_has_none(self, client: Client) -> None:
        assert client.get("/account/")["Location"] == "/account/login/?next=/account/"
