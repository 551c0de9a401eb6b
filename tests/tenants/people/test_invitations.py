"""Invitations: mailed once, used once, by whom they are for, and withdrawn; and what wrong links answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.limits.domain.standing import LimitReachedError
from tenants.people import invitations as inviting
from tenants.people.members import BeyondOwnRightsError, PlaceError, RoleError, change_role, remove_member
from tenants.people.models import Invitation, InvitationDigest, Membership, MembershipPlace, Site, Space, User
from tenants.people.schemas import Place
from tenants.people.services import create_person
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.processes import LONG_S

pytestmark = pytest.mark.django_db
PASSWORD = "uncommon-gearbox-42"
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


def by(cast: Cast, role: Role = Role.OWNER) -> Actor:
    return Actor(
        tenant=cast.meridian.id, slug="meridian", role=role, permissions=PERMISSIONS[role],
        name="owner@meridian.example", user=cast.owner.id,
    )  # fmt: skip


def invite(cast: Cast, email: str = "grace@pumps.example", role: str = "engineer", **more: Any) -> str:
    """Invite somebody, and open their mail: the token."""
    with scope(cast.meridian.id):
        inviting.invite(email=email, role=role, by=by(cast), **{"now": utc_now(), **more})
    return token()


def token() -> str:
    (found,) = re.findall(r"/invitations/(\S+)/", str(mail.outbox[-1].body))
    return str(found)


def grace() -> User:
    return create_person(email="grace@pumps.example", name="Grace", password=PASSWORD)


def test_the_mail_says_who_invites_where_and_as_what(cast: Cast) -> None:
    invite(cast, email=" Grace@Pumps.example ")
    (message,) = mail.outbox
    assert message.to == ["grace@pumps.example"]
    assert message.subject == "You are invited to Meridian Engines"
    assert "owner@meridian.example invites you to work in Meridian Engines as Engineer." in message.body
    assert "for 7 days" in message.body


def test_a_name_cannot_break_the_mails_head(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(name="Meridian\nBcc: all@example.com <b>")
    invite(cast)
    assert mail.outbox[0].subject == "You are invited to Meridian Bcc: all@example.com <b>"


def test_only_the_mail_has_the_token(cast: Cast) -> None:
    secret = invite(cast)
    kept = str(list(InvitationDigest.objects.values()))
    with scope(cast.meridian.id):
        kept += str(list(Invitation.objects.values())) + str(list(AuditEntry.objects.values()))
    assert secret not in kept


def test_a_person_joins_once(cast: Cast) -> None:
    secret, user = invite(cast), grace()
    found = inviting.accept(token=secret, user=user, now=utc_now())
    assert (found.organisation, found.role) == ("Meridian Engines", "Engineer")
    assert Membership.objects.get(user=user).role == "engineer"
    with scope(cast.meridian.id):
        assert AuditEntry.objects.get(action="member.joined").by == "grace@pumps.example"
    with pytest.raises(inviting.LinkOverError, match="used already") as refused:
        inviting.accept(token=secret, user=user, now=utc_now())
    assert refused.value.status == 410


def test_the_places_of_an_invitation_hold_the_membership(cast: Cast) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        space = Space.objects.create(name="Production", kind="production", created_at=now)
        site = Site.objects.create(space=space, name="Hamburg", created_at=now)
    secret, user = invite(cast, places=[Place(site=site.id)]), grace()
    inviting.accept(token=secret, user=user, now=utc_now())
    assert Membership.objects.get(user=user).is_held
    with scope(cast.meridian.id):
        assert MembershipPlace.objects.get().site_id == site.id


def test_a_customers_person_is_invited(cast: Cast) -> None:
    secret, user = invite(cast, role="customer", customer=cast.northwind), grace()
    inviting.accept(token=secret, user=user, now=utc_now())
    assert Membership.objects.get(user=user).customer == cast.northwind


@pytest.mark.parametrize("text", ["", "x", "ot_invitation_" + "a" * 43, "\x00", "🚀" * 500, "../../etc"])
def test_links_that_lead_nowhere_are_all_the_same(cast: Cast, text: str) -> None:
    invite(cast)
    with pytest.raises(inviting.LinkError, match="leads to no invitation") as refused:
        inviting.invited(text, now=utc_now())
    assert (refused.value.code, refused.value.status) == ("invitation.unknown", 404)


def test_a_link_grows_old(cast: Cast) -> None:
    secret, now = invite(cast), utc_now()
    inviting.invited(secret, now=now + timedelta(days=7) - timedelta(minutes=1))
    with pytest.raises(inviting.LinkOverError, match="too old"):
        inviting.invited(secret, now=now + timedelta(days=7, minutes=1))


def test_a_new_mail_replaces_the_old_link_and_withdrawing_ends_both(cast: Cast) -> None:
    first = invite(cast)
    with scope(cast.meridian.id):
        row = Invitation.objects.get()
        inviting.send_again(invitation=row.id, by=by(cast), now=utc_now())
    second = token()
    with pytest.raises(inviting.LinkError, match="no invitation"):
        inviting.invited(first, now=utc_now())
    assert inviting.invited(second, now=utc_now()).email == "grace@pumps.example"
    with scope(cast.meridian.id):
        inviting.revoke_invitation(invitation=row.id, by=by(cast), now=utc_now())
    with pytest.raises(inviting.LinkOverError, match="withdrawn"):
        inviting.accept(token=second, user=grace(), now=utc_now())
    invite(cast)


@pytest.mark.parametrize("way", ["removed", "demoted"])
def test_who_is_shown_out_has_left_no_door_open(cast: Cast, way: str) -> None:
    """An administrator who sees it coming could have invited another address of their own."""
    with scope(cast.meridian.id):
        row = Membership.objects.get(user=cast.engineer, tenant=cast.meridian)
        change_role(membership=row.id, role=Role.ADMINISTRATOR, customer=None, by=by(cast), now=utc_now())
        theirs = replace(by(cast, Role.ADMINISTRATOR), name=cast.engineer.email, user=cast.engineer.id)
        inviting.invite(email="grace@pumps.example", role=Role.ADMINISTRATOR, by=theirs, now=utc_now())
        secret = token()
        inviting.invite(email="other@pumps.example", role=Role.VIEWER, by=by(cast), now=utc_now())
        if way == "removed":
            remove_member(membership=row.id, by=by(cast), now=utc_now())
        else:
            change_role(membership=row.id, role=Role.VIEWER, customer=None, by=by(cast), now=utc_now())
        assert [each.email for each in inviting.invitations()] == ["other@pumps.example"]
    with pytest.raises(inviting.LinkOverError):
        inviting.accept(token=secret, user=grace(), now=utc_now())


def test_another_address_does_not_open_it(cast: Cast) -> None:
    secret = invite(cast)
    other = create_person(email="alan@pumps.example", name="Alan", password=PASSWORD)
    EmailAddress.objects.create(user=other, email="grace@pumps.example", verified=False)
    with pytest.raises(inviting.OtherAddressError, match=r"for grace@pumps\.example"):
        inviting.accept(token=secret, user=other, now=utc_now())
    EmailAddress.objects.filter(user=other).update(verified=True)
    inviting.accept(token=secret, user=other, now=utc_now())
    assert Membership.objects.filter(user=other).exists()


def test_members_and_the_invited_are_not_invited_again(cast: Cast) -> None:
    with pytest.raises(inviting.AlreadyMemberError):
        invite(cast, email="Engineer@meridian.example")
    invite(cast)
    with pytest.raises(inviting.AlreadyInvitedError):
        invite(cast, email="GRACE@pumps.example")
    assert len(mail.outbox) == 1


def test_who_joined_meanwhile_keeps_their_role(cast: Cast) -> None:
    secret, user = invite(cast, role="viewer"), grace()
    Membership.objects.create(user=user, tenant=cast.meridian, role="planner", created_at=utc_now())
    with pytest.raises(inviting.AlreadyMemberError):
        inviting.accept(token=secret, user=user, now=utc_now())
    assert Membership.objects.get(user=user).role == "planner"


def test_nobody_invites_beyond_their_rights(cast: Cast) -> None:
    with scope(cast.meridian.id):
        with pytest.raises(BeyondOwnRightsError):
            inviting.invite(email="g@pumps.example", role="owner", by=by(cast, Role.ADMINISTRATOR), now=utc_now())
        with pytest.raises(RoleError):
            inviting.invite(email="g@pumps.example", role="captain", by=by(cast), now=utc_now())
        with pytest.raises(PlaceError):
            inviting.invite(
                email="g@pumps.example", role="viewer", places=[Place(site=new_id())], by=by(cast), now=utc_now()
            )


def test_a_full_plan_invites_nobody(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="trial")
    for number in range(20):
        user = User.objects.create(email=f"seat{number}@meridian.example")
        Membership.objects.create(user=user, tenant=cast.meridian, role="viewer", created_at=utc_now())
    with pytest.raises(LimitReachedError):
        invite(cast)
    assert mail.outbox == []


@override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9)
def test_without_a_mail_server_nothing_is_kept(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.owner).post(
        "/t/meridian/admin/people/invite/", {"email": "grace@pumps.example", "role": "viewer"}
    )
    assert page.status_code == 400
    assert b"the mail could not be sent" in page.content
    with scope(cast.meridian.id):
        assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_link_opened_twice_at_the_same_moment_lets_one_in(cast: Cast) -> None:
    secret, user, start = invite(cast), grace(), Barrier(2)

    def join() -> str:
        try:
            start.wait(timeout=LONG_S)
            inviting.accept(token=secret, user=user, now=utc_now())
        except inviting.LinkOverError:
            return "used already"
        finally:
            connection.close()
        return "joined"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(end.result() for end in (pool.submit(join), pool.submit(join))) == ["joined", "used already"]


class TestPages:
    def test_the_token_leaves_the_address(self, cast: Cast, client: Client) -> None:
        answer = client.get(f"/invitations/{invite(cast)}/")
        assert (answer.status_code, answer["Location"]) == (302, "/invitations/")

    def test_a_newcomer_signs_up_with_the_invited_address_and_joins(self, cast: Cast, client: Client) -> None:
        page = client.get(f"/invitations/{invite(cast)}/", follow=True).content.decode()
        assert "You are invited to Meridian Engines" in page
        assert "/account/signup/?email=grace%40pumps.example" in page
        account = {"email": "grace@pumps.example", "password1": PASSWORD, "password2": PASSWORD}
        joined = client.post("/account/signup/?next=/invitations/", {**account, "next": "/invitations/"})
        assert joined["Location"] == "/invitations/"
        assert b"Join" in client.get("/invitations/").content
        assert client.post("/invitations/")["Location"] == "/"
        assert client.get("/")["Location"] == "/t/meridian/"
        assert [str(message.subject) for message in mail.outbox] == ["You are invited to Meridian Engines"]

    def test_the_link_proves_no_other_address(self, cast: Cast, client: Client) -> None:
        client.get(f"/invitations/{invite(cast)}/", follow=True)
        account = {"email": "eve@pumps.example", "password1": PASSWORD, "password2": PASSWORD}
        assert client.post("/account/signup/", account)["Location"] == "/account/confirm-email/"

    def test_who_has_an_account_signs_in_first(self, cast: Cast, client: Client) -> None:
        secret = invite(cast)
        grace()
        assert b"You have an account with this address" in client.get(f"/invitations/{secret}/", follow=True).content
        client.post("/account/login/", {"login": "grace@pumps.example", "password": PASSWORD})
        assert client.post("/invitations/")["Location"] == "/"

    def test_somebody_else_is_told_so(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.outsider)
        page = client.get(f"/invitations/{invite(cast)}/", follow=True)
        assert b"cannot join with this account" in page.content
        refused = client.post("/invitations/")
        assert (refused.status_code, b"is for grace@pumps.example" in refused.content) == (403, True)

    @pytest.mark.parametrize("link", ["/invitations/", "/invitations/ot_invitation_wrong/"])
    def test_a_link_to_nothing(self, client: Client, link: str) -> None:
        page = client.get(link, follow=True)
        assert page.status_code == 404
        assert b"This link leads to no invitation" in page.content
        assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"

    def test_a_post_by_nobody_does_nothing(self, cast: Cast, client: Client) -> None:
        client.get(f"/invitations/{invite(cast)}/")
        assert client.post("/invitations/").status_code == 200
        with scope(cast.meridian.id):
            assert Invitation.objects.get().accepted_at is None
