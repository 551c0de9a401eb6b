"""The page “Single sign-on”, and finding the door."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Membership, User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.models import Identity, MailDomain, ScimAccess, SignOn
from tests.conftest import Cast
from tests.tenants.signon.conftest import SECRET, Connect, Provider, come

pytestmark = pytest.mark.django_db
PAGE = "/t/meridian/admin/single-sign-on/"
NOBODY = UUID(int=7)
SignIn = Callable[[User], Client]


def filled(issuer: str, *rules: tuple[str, str, str], **changed: Any) -> dict[str, Any]:
    form = {
        "discovery_url": issuer, "client_id": "outturn", "client_secret": SECRET,
        "domains": "meridian.example, Meridian.DE", "default_role": "viewer", "creates_members": "on",
        "is_enabled": "on", "rules-TOTAL_FORMS": str(len(rules) + 1), "rules-INITIAL_FORMS": "0",
    }  # fmt: skip
    for index, (claim, value, role) in enumerate((*rules, ("", "", ""))):
        form |= {f"rules-{index}-claim": claim, f"rules-{index}-value": value, f"rules-{index}-role": role}
    return {**form, **changed}


@pytest.fixture
def owner(cast: Cast, sign_in: SignIn) -> Client:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="enterprise")
    return sign_in(cast.owner)


def kept(cast: Cast) -> SignOn:
    with scope(cast.meridian.id):
        return SignOn.objects.get()


class TestSettings:
    def test_an_empty_page_says_what_to_copy(self, owner: Client) -> None:
        response = owner.get(PAGE)
        text = response.content.decode()
        assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
        assert "http://localhost:8000/sso/meridian/callback/" in text
        assert "http://localhost:8000/sso/meridian/</code>" in text
        assert "Not set up" in text

    def test_saved(self, cast: Cast, owner: Client) -> None:
        response = owner.post(PAGE, filled("https://idp.example", ("groups", "engineers", "engineer")))
        assert (response.status_code, response["Location"]) == (302, PAGE)
        row = kept(cast)
        assert row.discovery_url == "https://idp.example/.well-known/openid-configuration"
        assert (row.domains, row.default_role, row.creates_members, row.is_enabled) == (
            ["meridian.de", "meridian.example"], "viewer", True, True,
        )  # fmt: skip
        assert row.rules == [{"claim": "groups", "value": "engineers", "role": "engineer"}]
        assert set(MailDomain.objects.values_list("domain", flat=True)) == {"meridian.de", "meridian.example"}

    def test_the_secret_is_shown_to_nobody(self, cast: Cast, owner: Client) -> None:
        owner.post(PAGE, filled("https://idp.example"))
        assert SECRET not in owner.get(PAGE).content.decode()
        wrong = owner.post(PAGE, filled("https://idp.example", client_id=""))
        assert wrong.status_code == 400
        assert SECRET not in wrong.content.decode()
        with scope(cast.meridian.id):
            entries = list(AuditEntry.objects.filter(action="sign_on.changed"))
        assert entries[0].details["after"]["client_id"] == "outturn"
        assert entries[0].details["new_secret"] is True
        told = json.dumps([(entry.details, entry.changes) for entry in entries])
        assert SECRET not in told
        assert bytes(kept(cast).sealed_secret).decode() not in told

    def test_without_a_new_secret_the_old_one_stays(self, cast: Cast, owner: Client) -> None:
        owner.post(PAGE, filled("https://idp.example"))
        before = bytes(kept(cast).sealed_secret)
        owner.post(PAGE, filled("https://idp.example", client_secret="", default_role="planner"))
        row = kept(cast)
        assert (bytes(row.sealed_secret), row.default_role) == (before, "planner")

    def test_the_secret_is_not_sent_to_another_provider(self, cast: Cast, owner: Client) -> None:
        owner.post(PAGE, filled("https://idp.example"))
        response = owner.post(PAGE, filled("https://evil.example", client_secret=""))
        assert response.status_code == 400
        assert "the client&#x27;s secret is missing" in response.content.decode().lower()
        assert kept(cast).discovery_url.startswith("https://idp.example/")

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"discovery_url": "http://idp.example"}, "not asked over plain http"),
            ({"discovery_url": "https://user:pw@idp.example"}, "must not hold a password"),
            ({"discovery_url": "nonsense"}, "is no web address"),
            ({"domains": "gmail.com"}, "belongs to the public"),
            ({"domains": "nonsense"}, "is no domain of mail"),
            ({"domains": " , "}, "No domain of mail is named"),
            ({"client_secret": ""}, "secret is missing"),
            ({"default_role": "owner"}, "Select a valid choice"),
            ({"default_role": "customer"}, "Select a valid choice"),
            ({"default_role": ""}, "would have no role"),
            ({"rules-0-claim": "groups"}, "A row needs a claim, a value and a role"),
            ({"rules-0-role": "owner"}, "Select a valid choice"),
            ({"rules-TOTAL_FORMS": "x"}, "ManagementForm data is missing or has been tampered with"),
        ],
    )
    def test_what_does_not_fit_is_said(self, cast: Cast, owner: Client, changed: dict[str, str], said: str) -> None:
        response = owner.post(PAGE, filled("https://idp.example", **changed))
        assert response.status_code == 400
        assert said in response.content.decode()
        with scope(cast.meridian.id):
            assert not SignOn.objects.exists()

    def test_a_plan_without_it_cannot_switch_it_on(self, cast: Cast, owner: Client) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(plan="trial")
        assert "has no single sign-on" in owner.post(PAGE, filled("https://idp.example")).content.decode()
        assert owner.post(PAGE, filled("https://idp.example", is_enabled="")).status_code == 302

    def test_only_administrators(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.engineer)
        assert (client.get(PAGE).status_code, client.post(PAGE, filled("https://idp.example")).status_code) == (
            403,
            403,
        )

    @pytest.mark.parametrize("path", ["", "enforce/", "tokens/", f"people/{NOBODY}/cut/", f"tokens/{NOBODY}/withdraw/"])
    def test_who_sets_it_up_may_do_all_that_it_could_make_of_people(
        self, cast: Cast, sign_in: SignIn, path: str
    ) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(plan="enterprise")
        with scope(cast.meridian.id):
            role = CustomRole.objects.create(
                name="Desk", permissions=["organisation.administer", "organisation.read"], created_at=utc_now()
            )
        Membership.objects.filter(user=cast.viewer).update(role=str(role.id))
        client = sign_in(cast.viewer)
        assert client.get(PAGE).status_code == 200
        assert (
            client.post(f"{PAGE}{path}", filled("https://idp.example", default_role="administrator")).status_code == 403
        )
        with scope(cast.meridian.id):
            assert not SignOn.objects.exists()

    def test_owners_alone_are_named_by_owners(self, owner: Client) -> None:
        text = owner.get(PAGE).content.decode()
        assert 'value="engineer"' in text
        assert 'value="owner"' not in text
        assert 'value="customer"' not in text


class TestCheck:
    def test_good(self, owner: Client, provider: Provider) -> None:
        owner.post(PAGE, filled(provider.issuer))
        text = owner.post(f"{PAGE}check/", follow=True).content.decode()
        assert "The provider answers, and all we need is there." in text

    def test_what_is_wrong_stays_on_the_page(self, owner: Client, liar: str) -> None:
        owner.post(PAGE, filled(f"{liar}/issuer"))
        owner.post(f"{PAGE}check/")
        text = owner.get(PAGE).content.decode()
        assert "which does not own the address" in text
        assert "sign_on.issuer" in text

    def test_before_anything_is_saved(self, owner: Client) -> None:
        assert owner.post(f"{PAGE}check/").status_code == 404


class TestDemand:
    def test_there_and_back(self, cast: Cast, owner: Client, provider: Provider) -> None:
        owner.post(PAGE, filled(provider.issuer))
        refusal = owner.post(f"{PAGE}enforce/", {"enforce": "yes"}, follow=True).content.decode()
        assert "Nobody has come by single sign-on yet" in refusal
        come(Client(), "ada@meridian.example")
        owner.post(f"{PAGE}enforce/", {"enforce": "yes"})
        cast.meridian.refresh_from_db()
        assert cast.meridian.policy["sso_only"] is True
        assert "On, and demanded of everybody" in owner.get(PAGE).content.decode()
        owner.post(f"{PAGE}enforce/", {"enforce": "no"})
        cast.meridian.refresh_from_db()
        assert cast.meridian.policy["sso_only"] is False


class TestLinks:
    def test_cut(self, cast: Cast, owner: Client, connect: Connect, provider: Provider) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        assert "ada@meridian.example" in owner.get(PAGE).content.decode()
        with scope(cast.meridian.id):
            identity = Identity.objects.get().id
        assert owner.post(f"{PAGE}people/{identity}/cut/").status_code == 302
        with scope(cast.meridian.id):
            assert not Identity.objects.exists()
            assert AuditEntry.objects.filter(action="sign_on.cut").exists()
        assert Membership.objects.filter(user__email="ada@meridian.example").exists()
        assert owner.post(f"{PAGE}people/{uuid4()}/cut/").status_code == 404


class TestProvisioning:
    def test_a_token_is_shown_once(self, cast: Cast, owner: Client) -> None:
        owner.post(PAGE, filled("https://idp.example"))
        text = owner.post(f"{PAGE}tokens/").content.decode()
        with scope(cast.meridian.id):
            access = ScimAccess.objects.get()
        token = text.split('id="secret">')[1].split("<")[0]
        assert token.startswith(access.prefix)
        assert Client(headers={"Authorization": f"Bearer {token}"}).get("/scim/v2/Users").status_code == 200
        page = owner.get(PAGE).content.decode()
        assert token not in page
        assert access.prefix in page
        address = f"{PAGE}tokens/{access.id}/withdraw/"
        assert "This cannot be undone." in owner.get(address).content.decode()
        assert owner.post(address, {"typed": "another"}).status_code == 400
        assert Client(headers={"Authorization": f"Bearer {token}"}).get("/scim/v2/Users").status_code == 200
        assert owner.post(address, {"typed": access.prefix}).status_code == 302
        assert Client(headers={"Authorization": f"Bearer {token}"}).get("/scim/v2/Users").status_code == 401
        assert owner.post(address, {"typed": access.prefix}).status_code == 404

    def test_another_plan(self, cast: Cast, owner: Client) -> None:
        owner.post(PAGE, filled("https://idp.example"))
        Tenant.objects.filter(id=cast.meridian.id).update(plan="team")
        assert "With a plan that has provisioning" in owner.get(PAGE).content.decode()
        assert "has no provisioning by SCIM" in owner.post(f"{PAGE}tokens/", follow=True).content.decode()


class TestFinding:
    @pytest.mark.parametrize("asked", ["meridian", "Meridian Engines", "MERIDIAN", "anybody@meridian.example"])
    def test_found(self, cast: Cast, connect: Connect, asked: str) -> None:
        connect(cast.meridian, "https://idp.example")
        text = Client().get("/sso/", {"organisation": asked, "next": "/t/meridian/?a=b&c"}).content.decode()
        assert '<a href="/sso/meridian/?next=%2Ft%2Fmeridian%2F%3Fa%3Db%26c">Meridian Engines</a>' in text

    def test_all_who_declare_a_domain_are_shown(self, cast: Cast, connect: Connect) -> None:
        connect(cast.meridian, "https://idp.example")
        connect(cast.stranger, "https://idp.example", domains=["meridian.example"])
        text = Client().get("/sso/", {"organisation": "a@meridian.example"}).content.decode()
        assert ("Meridian Engines" in text, "Stranger Pumps" in text) == (True, True)

    def test_an_organisation_without_it_is_not_told_of(self, cast: Cast, connect: Connect) -> None:
        connect(cast.meridian, "https://idp.example", is_enabled=False)
        for asked in ("meridian", "Meridian Engines", "anybody@meridian.example", "stranger"):
            assert "Nothing found" in Client().get("/sso/", {"organisation": asked}).content.decode()

    @pytest.mark.parametrize("asked", ["nobody", "a@nobody.example", "<b>", "a" * 400, "@", "\x00"])
    def test_not_found(self, cast: Cast, asked: str) -> None:
        response = Client().get("/sso/", {"organisation": asked})
        assert response.status_code == 200
        assert ("Nothing found" in response.content.decode()) is (asked != "\x00")
        assert "<b>”" not in response.content.decode()

    def test_the_sign_in_page_leads_there(self, db: None) -> None:
        text = Client().get("/account/login/?next=/t/meridian/").content.decode()
        assert '<a href="/sso/?next=%2Ft%2Fmeridian%2F">Use single sign-on</a>' in text


def test_no_secret_is_logged(
    cast: Cast, connect: Connect, provider: Provider, caplog: pytest.LogCaptureFixture, owner: Client
) -> None:
    caplog.set_level(logging.DEBUG)
    connect(cast.meridian, provider.issuer)
    client = Client()
    assert come(client, "ada@meridian.example").status_code == 302
    connect(cast.meridian, provider.issuer, client_secret="another secret of the client")
    assert come(client, "ada@meridian.example").status_code == 403
    owner.post(f"{PAGE}tokens/")
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for secret in (SECRET, "another secret of the client", "client_secret=", "ot_scim_"):
        assert secret not in logged
