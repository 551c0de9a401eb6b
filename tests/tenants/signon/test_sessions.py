"""What a session that came by single sign-on opens, and what it must not."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.lifecycle.operators import add_operator
from tenants.lifecycle.support import grant_access
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.services import enforce_sign_on
from tenants.signon.sessions import entry_after, is_confined, must_sign_on, session_reaches
from tests.conftest import Cast
from tests.tenants.signon.conftest import Connect, Provider, come, refused

HERE, THERE = uuid4(), uuid4()


class TestRules:
    def test_a_session_by_password_reaches_all(self) -> None:
        assert session_reaches({}, HERE)
        assert not is_confined({})

    def test_a_session_by_single_sign_on_reaches_its_organisation(self) -> None:
        session = {"sign_on": entry_after({}, tenant=HERE, is_same_person=False, at=1.0)}
        assert session == {"sign_on": {"confined": True, "tenants": {str(HERE): 1.0}}}
        assert (session_reaches(session, HERE), session_reaches(session, THERE)) == (True, False)

    def test_a_second_organisation_is_added(self) -> None:
        session = {"sign_on": entry_after({}, tenant=HERE, is_same_person=False, at=1.0)}
        session = {"sign_on": entry_after(session, tenant=THERE, is_same_person=True, at=2.0)}
        assert session == {"sign_on": {"confined": True, "tenants": {str(HERE): 1.0, str(THERE): 2.0}}}

    def test_another_person_takes_nothing_over(self) -> None:
        session = {"sign_on": entry_after({}, tenant=HERE, is_same_person=False, at=1.0)}
        assert entry_after(session, tenant=THERE, is_same_person=False, at=2.0) == {
            "confined": True, "tenants": {str(THERE): 2.0},
        }  # fmt: skip

    def test_who_came_by_a_password_keeps_what_it_opened(self) -> None:
        session = {"sign_on": entry_after({}, tenant=HERE, is_same_person=True, at=1.0)}
        assert not is_confined(session)
        assert session_reaches(session, THERE)

    @pytest.mark.parametrize("broken", [None, "x", [], {"confined": True}, {"confined": True, "tenants": {}}])
    def test_a_broken_entry_opens_nothing_more(self, broken: object) -> None:
        session = {"sign_on": broken}
        assert session_reaches(session, HERE) is not is_confined(session)

    @pytest.mark.parametrize(
        ("role", "demanded"),
        [("viewer", True), ("administrator", True), ("0198-own-role", True), ("owner", False), ("customer", False)],
    )
    def test_who_must_come_by_it(self, role: str, demanded: bool) -> None:
        policy = {"sso_only": True}
        assert must_sign_on({}, tenant=HERE, policy=policy, role=role) is demanded
        assert not must_sign_on({}, tenant=HERE, policy={}, role=role)
        session = {"sign_on": entry_after({}, tenant=HERE, is_same_person=True, at=1.0)}
        assert not must_sign_on(session, tenant=HERE, policy=policy, role=role)
        assert must_sign_on(session, tenant=THERE, policy=policy, role=role) is demanded


def enforce(tenant: Tenant) -> None:
    with scope(tenant.id):
        enforce_sign_on(is_enforced=True, by="owner@meridian.example", now=utc_now())


def use_factor(client: Client) -> None:
    """Let a session be one in which a second factor was used."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": utc_now().timestamp()}]
    session.save()


@pytest.mark.django_db
class TestTakeover:
    """Stranger Pumps' administrator rules over a provider that says whatever they like."""

    @pytest.fixture
    def evil(self, cast: Cast, provider: Provider, connect: Connect) -> Client:
        """The session of Meridian's owner, as Stranger's provider vouches for them."""
        connect(cast.stranger, provider.issuer, domains=["stranger.example", "meridian.example"])
        client = Client()
        assert come(client, "owner@meridian.example", slug="stranger").status_code == 302
        assert client.session["_auth_user_id"] == str(cast.owner.id)
        return client

    def test_it_does_not_open_the_other_organisation(self, cast: Cast, evil: Client) -> None:
        assert evil.get("/t/stranger/").status_code == 200
        for path in ("/t/meridian/", "/t/meridian/api/v1/jobs/", "/t/meridian/admin/people/"):
            response = evil.get(path)
            assert response.status_code == 404
            assert b"Meridian" not in response.content

    def test_it_does_not_tell_of_the_other_organisation(self, cast: Cast, evil: Client) -> None:
        for path in ("/", "/?choose", "/t/stranger/"):
            assert b"Meridian" not in evil.get(path).content

    @pytest.mark.parametrize(
        "path", ["/account/", "/account/password/change/", "/account/email/", "/account/password/set/"]
    )
    def test_it_does_not_open_the_persons_account(self, evil: Client, path: str) -> None:
        for method in (evil.get, evil.post):
            response = method(path)
            assert response.status_code == 403
            assert "that opens this organisation only" in response.content.decode().lower()

    def test_it_makes_no_organisation_in_their_name(self, evil: Client) -> None:
        assert evil.post("/", {"name": "New Works"}).status_code == 403
        assert not Tenant.objects.filter(name="New Works").exists()

    @pytest.mark.parametrize("path", ["", f"tenants/tenant/{UUID(int=7)}/change/", "tenants/notice/add/"])
    def test_it_does_not_open_the_console_of_operators(self, cast: Cast, evil: Client, path: str) -> None:
        TOTP.activate(cast.owner, generate_totp_secret())
        use_factor(evil)
        add_operator(address=cast.owner.email, now=utc_now())
        assert evil.get(f"/operators/{path}", follow=True).status_code == 404
        assert evil.post(f"/operators/{path}", {"title": "X"}, follow=True).status_code == 404

    def test_it_does_not_let_support_in(self, cast: Cast, evil: Client) -> None:
        TOTP.activate(cast.owner, generate_totp_secret())
        use_factor(evil)
        add_operator(address=cast.owner.email, now=utc_now())
        Membership.objects.filter(tenant=cast.stranger, user=cast.owner).delete()
        with scope(cast.stranger.id):
            grant_access(level="full", hours=4, reason="a slow page", by="owner@stranger.example", now=utc_now())
        assert evil.get("/t/stranger/").status_code == 404

    def test_it_can_be_left(self, evil: Client) -> None:
        assert evil.post("/account/logout/").status_code == 302
        assert "_auth_user_id" not in evil.session

    def test_a_declared_domain_takes_nothing_from_its_owner(
        self, cast: Cast, provider: Provider, connect: Connect, evil: Client
    ) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        assert come(client, "owner@meridian.example").status_code == 302
        assert client.get("/t/meridian/").status_code == 200
        assert client.get("/t/stranger/").status_code == 404
        assert Membership.objects.get(user=cast.owner, tenant=cast.meridian).role == "owner"

    def test_an_organisations_own_provider_makes_nobody_its_owner(
        self, cast: Cast, provider: Provider, connect: Connect
    ) -> None:
        """Whoever sets the provider up may be an administrator, and it says what they like."""
        connect(cast.meridian, provider.issuer)
        client = Client()
        assert come(client, "owner@meridian.example").status_code == 302
        assert client.get("/t/meridian/admin/people/").status_code == 200
        assert client.get("/t/meridian/admin/data/erase/").status_code == 403
        place = Membership.objects.get(user=cast.owner, tenant=cast.meridian).id
        changed = client.patch(f"/t/meridian/api/v1/members/{place}/", {"role": "viewer"}, "application/json")
        assert (changed.status_code, changed.json()["code"]) == (403, "member.beyond_own_rights")
        by_password = Client()
        by_password.force_login(cast.owner)
        assert come(by_password, "owner@meridian.example").status_code == 302
        assert by_password.get("/t/meridian/admin/data/erase/").status_code == 200

    def test_without_the_domain_it_does_not_begin(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.stranger, provider.issuer)
        assert refused(come(Client(), "owner@meridian.example", slug="stranger")) == "sign_on.foreign_domain"
        assert not Membership.objects.filter(user=cast.owner, tenant=cast.stranger).exists()

    def test_an_account_that_nobody_has_verified_loses_its_password(
        self, cast: Cast, provider: Provider, connect: Connect
    ) -> None:
        squatter = User.objects.create_user("ada@meridian.example", "the password of a squatter")
        connect(cast.meridian, provider.issuer)
        assert come(Client(), "ada@meridian.example").status_code == 302
        squatter.refresh_from_db()
        assert not squatter.has_usable_password()


@pytest.mark.django_db
class TestEnforced:
    def test_members_are_sent_to_the_provider(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        enforce(cast.meridian)
        client = Client()
        client.force_login(cast.viewer)
        response = client.get("/t/meridian/?tab=2")
        assert (response.status_code, response["Location"]) == (302, "/sso/meridian/?next=%2Ft%2Fmeridian%2F%3Ftab%3D2")
        refusal = client.get("/t/meridian/api/v1/jobs/")
        assert (refusal.status_code, refusal.json()["code"]) == (403, "entry.single_sign_on")
        assert come(client, "viewer@meridian.example").status_code == 302
        assert client.get("/t/meridian/").status_code == 200

    def test_owners_and_customers_people_keep_their_way_in(
        self, cast: Cast, provider: Provider, connect: Connect
    ) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        enforce(cast.meridian)
        for user, path in ((cast.owner, "/t/meridian/"), (cast.reader, "/t/meridian/reports/")):
            client = Client()
            client.force_login(user)
            assert client.get(path).status_code == 200

    def test_other_organisations_are_not_touched(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        enforce(cast.meridian)
        add_member(tenant=cast.stranger.id, user=cast.viewer.id, role="viewer", now=utc_now())
        client = Client()
        client.force_login(cast.viewer)
        assert client.get("/t/stranger/").status_code == 200

    def test_it_is_not_demanded_before_somebody_came(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        with pytest.raises(OutturnError) as caught:
            enforce(cast.meridian)
        assert caught.value.code == "sign_on.locks_out"
        cast.meridian.refresh_from_db()
        assert not cast.meridian.policy.get("sso_only")

    def test_a_changed_provider_must_be_tried_anew(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        connect(cast.meridian, provider.issuer, client_id="another")
        with pytest.raises(OutturnError) as caught:
            enforce(cast.meridian)
        assert caught.value.code == "sign_on.locks_out"

    def test_it_cannot_be_switched_off_meanwhile(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        enforce(cast.meridian)
        with pytest.raises(OutturnError) as caught:
            connect(cast.meridian, provider.issuer, is_enabled=False)
        assert caught.value.code == "sign_on.locks_out"
        with scope(cast.meridian.id):
            actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
        assert actions == ["sign_on.changed", "sign_on.entered", "sign_on.enforced"]
