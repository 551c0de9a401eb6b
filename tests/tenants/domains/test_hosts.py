"""An organisation's own host: only that organisation there, people signed in at ours, nothing of it anywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.domains import hosts, selectors, services
from tenants.domains.hosts import PLACE, address_of_tenant, home_of
from tenants.domains.models import ProvenHost
from tenants.edge.addresses import address_for
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.domains.test_services import BY, NAME, NOW, proven

SignIn = Callable[[User], Client]
OURS = "testserver"


@pytest.fixture
def host(tenant: Tenant, stranger: Tenant) -> str:
    """Meridian's own host, and one of the stranger's."""
    proven(stranger, "portal.stranger.example")
    proven(tenant)
    hosts._kept.cache_clear()
    return NAME


def there(method: Any, path: str, host: str = NAME, **more: Any) -> Any:
    """Send a request to a host."""
    return method(path, headers={"host": host}, **more)


def enter(cast: Cast, user: User, sign_in: SignIn, wanted: str = "/t/meridian/") -> Client:
    """The whole way in: from the host to us, signed in there, and back; the browser of the host."""
    ours, browser = sign_in(user), Client()
    set_out = there(browser.get, f"/enter/out/?next={wanted}")
    assert set_out.status_code == 302
    assert set_out["Location"].startswith("http://localhost:8000/enter/on/?")
    handed = ours.get(set_out["Location"].removeprefix("http://localhost:8000"))
    assert handed.status_code == 200
    arrived = there(browser.get, way_back(handed))
    assert arrived.status_code == 302, arrived.content
    assert arrived["Location"] == wanted
    return browser


def way_back(handed: Any) -> str:
    """The path that the page of the handover goes on to."""
    found = re.search(r'content="0;url=http://portal\.meridian\.example:8000([^"]+)"', handed.content.decode())
    assert found is not None
    return found[1].replace("&amp;", "&")


class TestWhoseHost:
    def test_a_proven_one(self, tenant: Tenant, host: str) -> None:
        for text in (host, host.upper(), f"{host}:8000", f"{host}."):
            found = home_of(text)
            assert found is not None
            assert (found.host, found.tenant, found.slug) == (host, tenant.id, "meridian")

    @pytest.mark.parametrize(
        "text",
        ["", "testserver", "localhost:8000", "other.meridian.example", "meridian.example", "a b", "[::1", "\x00",
         "portal.meridian.example.evil.example", "x" * 300 + ".example", "portal.meridian.example:port"],
    )  # fmt: skip
    def test_any_other(self, host: str, text: str) -> None:
        assert home_of(text) is None

    def test_any_host_being_answered_makes_none_ours(self, host: str, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        assert home_of(host) is not None

    def test_ours_is_never_looked_up_and_others_once_in_five_seconds(self, host: str) -> None:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            for _ in range(20):
                home_of("testserver")
            assert len(asked) == 0
            for _ in range(20):
                home_of(host)
                home_of("nobodys.example")
        # One query for each, two if the five seconds were over in between.
        assert 2 <= len(asked) <= 4

    def test_what_changes_is_forgotten(
        self, tenant: Tenant, host: str, django_capture_on_commit_callbacks: Any
    ) -> None:
        assert home_of(host) is not None
        with scope(tenant.id):
            row = selectors.domains().get(name=host)
        with django_capture_on_commit_callbacks(execute=True), scope(tenant.id):
            services.remove_domain(domain_id=row.id, by=BY, now=NOW)
        assert home_of(host) is None

    @pytest.mark.parametrize("change", [{"plan": "team"}, {"state": "closed"}])
    def test_a_smaller_plan_or_the_end_of_the_organisation_ends_it(
        self, tenant: Tenant, host: str, change: dict[str, str]
    ) -> None:
        Tenant.objects.filter(id=tenant.id).update(**change)
        assert home_of(host) is None
        assert address_of_tenant(tenant.id) == "http://localhost:8000"

    def test_mails_lead_to_the_one_that_was_proven_first(self, tenant: Tenant, stranger: Tenant, host: str) -> None:
        ProvenHost.objects.create(
            host="a.meridian.example", tenant_id=tenant.id, proven_at=datetime(2027, 1, 1, tzinfo=UTC)
        )
        assert address_for(tenant.id) == f"http://{host}:8000"
        assert address_for(stranger.id) == "http://portal.stranger.example:8000"


class TestOtherHosts:
    @pytest.mark.parametrize("name", ["nobodys.example", "meridian.example", "portal.meridian.example.evil.example"])
    def test_an_unknown_host_is_answered_as_ever(self, host: str, name: str) -> None:
        for path in ("/", "/account/login/", "/t/meridian/", "/api/v1/twins/", "/enter/", "/domains/ask/"):
            assert there(Client().get, path, name).status_code == 400

    def test_a_claim_alone_opens_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            services.add_domain(name=NAME, is_web=True, is_mail=False, by=BY, now=NOW)
        assert there(Client().get, "/").status_code == 400


class TestOneOrganisationOnly:
    def test_nobody_is_led_to_the_page_of_the_organisation(self, host: str) -> None:
        browser = Client()
        first = there(browser.get, "/")
        assert (first.status_code, first["Location"]) == (302, "/account/login/?next=/")
        second = there(browser.get, "/account/login/?next=/t/meridian/")
        assert (second.status_code, second["Location"]) == (302, "/enter/?next=%2Ft%2Fmeridian%2F")
        page = there(browser.get, second["Location"])
        assert page.status_code == 200
        assert "Meridian Engines" in page.content.decode()
        assert 'type="password"' not in page.content.decode()

    def test_the_look_is_the_organisations(self, tenant: Tenant, host: str) -> None:
        Tenant.objects.filter(id=tenant.id).update(
            brand={"product_name": "Flight Deck", "accent_light": "#123456", "on_accent_light": "#ffffff",
                   "accent_dark": "#abcdef", "on_accent_dark": "#000000"}
        )  # fmt: skip
        page = there(Client().get, "/enter/").content.decode()
        assert "Flight Deck" in page
        found = re.search(r'href="(/enter/style\.css\?v=\w+)"', page)
        assert found is not None
        style = there(Client().get, found[1])
        assert style["Content-Type"] == "text/css; charset=utf-8"
        assert b"#123456" in style.content
        assert there(Client().get, "/enter/logo").status_code == 404

    @pytest.mark.parametrize(
        "path", ["/t/stranger/", "/t/stranger/api/v1/twins/", "/operators/", "/scim/v2/Users", "/domains/ask/",
                 "/t/nowhere/", "/t/MERIDIAN/", "/nothing/"],
    )  # fmt: skip
    def test_nothing_else_is_there(self, cast: Cast, host: str, sign_in: SignIn, path: str) -> None:
        inside = enter(cast, cast.owner, sign_in)
        for client in (Client(), inside):
            assert there(client.get, path).status_code == 404
            assert there(client.post, path).status_code == 404

    @pytest.mark.parametrize(
        "path", ["/account/email/", "/account/password/reset/", "/sso/meridian/", "/invitations/abc/", "/reports/"]
    )
    def test_what_is_a_persons_own_is_at_ours(self, host: str, path: str) -> None:
        answer = there(Client().get, f"{path}?a=b")
        assert (answer.status_code, answer["Location"]) == (302, f"http://localhost:8000{path}?a=b")
        assert there(Client().post, path).status_code == 404

    def test_no_organisation_is_made_there(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.owner, sign_in)
        assert there(inside.post, "/", data={"name": "Another"}).status_code == 404

    def test_who_belongs_to_several_sees_this_one(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        add_member(tenant=cast.stranger.id, user=cast.owner.id, role=Role.OWNER, now=NOW)
        inside = enter(cast, cast.owner, sign_in)
        assert there(inside.get, "/")["Location"] == "/t/meridian/"
        page = there(inside.get, "/t/meridian/").content.decode()
        assert "Meridian Engines" in page
        assert "Stranger Pumps" not in page
        assert there(inside.get, "/t/stranger/").status_code == 404

    def test_a_customers_people_come_to_their_reports(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.reader, sign_in, "/t/meridian/reports/")
        assert there(inside.get, "/")["Location"] == "/t/meridian/reports/"
        assert there(inside.get, "/t/meridian/reports/").status_code == 200

    def test_headers_stay(self, host: str) -> None:
        answer = there(Client().get, "/enter/")
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"


class TestWrites:
    def test_forged_requests_are_refused_and_own_ones_are_not(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.owner, sign_in)
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = inside.cookies
        page = there(strict.get, "/t/meridian/admin/domains/new/")
        token = page.context["csrf_token"]
        form = {"name": "two.meridian.example", "is_web": "on", "csrfmiddlewaretoken": str(token)}
        path = "/t/meridian/admin/domains/new/"
        for origin, status in (
            (None, 302), (f"http://{host}", 302), ("http://testserver", 403), ("http://evil.example", 403),
            ("http://portal.stranger.example", 403),
        ):  # fmt: skip
            headers = {"host": host} | ({} if origin is None else {"origin": origin})
            form["name"] = f"a{len(form['name'])}.example"
            assert strict.post(path, form, headers=headers).status_code == status, origin
        del form["csrfmiddlewaretoken"]
        assert strict.post(path, form, headers={"host": host, "origin": f"http://{host}"}).status_code == 403

    def test_signing_out(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.owner, sign_in)
        assert there(inside.post, "/account/logout/").status_code == 302
        assert there(inside.get, "/t/meridian/").status_code == 302


class TestSessions:
    def test_a_session_of_the_host_opens_nothing_anywhere_else(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        add_member(tenant=cast.stranger.id, user=cast.owner.id, role=Role.OWNER, now=NOW)
        inside = enter(cast, cast.owner, sign_in)
        assert inside.session[PLACE] == str(cast.meridian.id)
        stolen = inside.cookies["sessionid"].value
        for where, path in (
            (OURS, "/t/meridian/"), (OURS, "/account/"), (OURS, "/t/stranger/"), (OURS, "/t/meridian/api/v1/twins/"),
            ("portal.stranger.example", "/t/stranger/"),
        ):  # fmt: skip
            thief = Client()
            thief.cookies["sessionid"] = stolen
            assert there(thief.get, path, where).status_code in (302, 401), (where, path)
        assert there(inside.get, "/t/meridian/").status_code == 200

    def test_a_session_of_ours_opens_nothing_at_the_host(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        assert there(sign_in(cast.owner).get, "/t/meridian/").status_code == 302

    def test_nobody_owns_the_organisation_there(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        browser, page = enter(cast, cast.owner, sign_in), "/t/meridian/admin/data/erase/"
        assert there(browser.get, page).status_code == 403
        assert there(browser.get, "/t/meridian/admin/people/").status_code == 200
        assert sign_in(cast.owner).get(page).status_code == 200

    def test_who_is_removed_is_out(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.viewer, sign_in)
        assert there(inside.get, "/t/meridian/").status_code == 200
        Membership.objects.filter(user=cast.viewer).delete()
        assert there(inside.get, "/t/meridian/").status_code == 404
        assert there(inside.get, "/").status_code == 404

    def test_it_ends_with_the_password(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.viewer, sign_in)
        cast.viewer.set_password("another-horse-9")
        cast.viewer.save()
        assert there(inside.get, "/t/meridian/").status_code == 302

    def test_what_the_organisation_demands_is_asked_at_ours(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        inside = enter(cast, cast.viewer, sign_in)
        Tenant.objects.filter(id=cast.meridian.id).update(policy={"second_factor": True})
        answer = there(inside.get, "/t/meridian/")
        assert (answer.status_code, answer["Location"]) == (302, "/enter/out/?next=%2Ft%2Fmeridian%2F")
        asked = sign_in(cast.viewer).get("/enter/on/", {"host": host, "state": "x"})
        assert (asked.status_code, asked["Location"]) == (302, "/account/second-factor/")


class TestHandover:
    def test_nobody_signs_in_first(self, host: str) -> None:
        set_out = there(Client().get, "/enter/out/")
        asked = Client().get(set_out["Location"].removeprefix("http://localhost:8000"))
        assert asked.status_code == 302
        assert asked["Location"].startswith("/account/login/?next=/enter/on/%3Fhost%3Dportal.meridian.example")

    def test_it_stands_in_the_audit(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        enter(cast, cast.viewer, sign_in)
        with scope(cast.meridian.id):
            entry = AuditEntry.objects.get(action="sign_in.handed_over")
        assert (entry.by, entry.details["host"]) == ("viewer@meridian.example", host)

    @pytest.mark.parametrize("name", [NAME, "nobodys.example", "testserver", "", "\x00"])
    def test_who_does_not_belong_learns_nothing(self, cast: Cast, host: str, sign_in: SignIn, name: str) -> None:
        answer = sign_in(cast.outsider).get("/enter/on/", {"host": name, "state": "x"})
        assert answer.status_code == 404
        assert "Meridian" not in answer.content.decode()

    def test_a_code_is_good_once(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        browser, back = self._set_out(cast, sign_in)
        assert there(browser.get, back).status_code == 302
        again = there(browser.get, back)
        assert again.status_code == 403
        assert "used, too old, or was begun in another browser" in again.content.decode()

    def test_a_code_is_good_in_the_browser_that_set_out(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        _, back = self._set_out(cast, sign_in)
        other = Client()
        there(other.get, "/enter/out/")
        assert there(other.get, back).status_code == 403
        assert there(other.get, "/t/meridian/").status_code == 302

    def test_a_code_is_good_at_its_host(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        browser, back = self._set_out(cast, sign_in)
        assert there(browser.get, back, "portal.stranger.example").status_code == 403
        assert browser.get(back).status_code == 404

    def test_a_code_is_good_for_a_minute(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        browser, back = self._set_out(cast, sign_in)
        cache.clear()
        assert there(browser.get, back).status_code == 403

    def test_a_code_for_an_account_that_was_closed(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        browser, back = self._set_out(cast, sign_in)
        User.objects.filter(id=cast.viewer.id).update(is_active=False)
        assert there(browser.get, back).status_code == 403

    @pytest.mark.parametrize("query", ["", "code=", "code=abc", f"code={'x' * 5000}", "code=%00"])
    def test_what_is_no_code(self, host: str, query: str) -> None:
        assert there(Client().get, f"/enter/back/?{query}").status_code == 403

    @pytest.mark.parametrize(
        "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
    )
    def test_nobody_is_led_astray(self, cast: Cast, host: str, sign_in: SignIn, wanted: str) -> None:
        browser, back = self._set_out(cast, sign_in, wanted)
        assert there(browser.get, back)["Location"] == "/"

    def test_rights_of_single_sign_on_go_along_and_no_further(self, cast: Cast, host: str, sign_in: SignIn) -> None:
        ours = sign_in(cast.viewer)
        session = ours.session
        session["sign_on"] = {"confined": True, "tenants": {str(cast.meridian.id): 1.0, str(cast.stranger.id): 2.0}}
        session.save()
        browser = Client()
        set_out = there(browser.get, "/enter/out/")
        handed = ours.get(set_out["Location"].removeprefix("http://localhost:8000"))
        assert there(browser.get, way_back(handed)).status_code == 302
        assert browser.session["sign_on"] == {"confined": True, "tenants": {str(cast.meridian.id): 1.0}}

    def test_a_confined_session_of_another_organisation_gets_no_code(
        self, cast: Cast, host: str, sign_in: SignIn
    ) -> None:
        ours = sign_in(cast.viewer)
        session = ours.session
        session["sign_on"] = {"confined": True, "tenants": {str(cast.stranger.id): 2.0}}
        session.save()
        assert ours.get("/enter/on/", {"host": host, "state": "x"}).status_code == 404

    @pytest.mark.parametrize("path", ["/enter/", "/enter/out/", "/enter/back/", "/enter/style.css", "/enter/logo"])
    def test_at_ours_there_is_no_entrance(self, host: str, path: str) -> None:
        assert Client().get(path).status_code == 404

    @staticmethod
    def _set_out(cast: Cast, sign_in: SignIn, wanted: str = "") -> tuple[Client, str]:
        browser = Client()
        set_out = there(browser.get, "/enter/out/", data={"next": wanted})
        asked = parse_qs(urlsplit(set_out["Location"]).query)
        handed = sign_in(cast.viewer).get("/enter/on/", {name: values[0] for name, values in asked.items()})
        return browser, way_back(handed)


class TestKeys:
    def test_a_key_of_the_organisation_and_none_of_others(
        self, cast: Cast, host: str, with_key: Callable[[Tenant, Role], APIClient]
    ) -> None:
        mine, theirs = (with_key(each, Role.OWNER) for each in (cast.meridian, cast.stranger))
        assert there(mine.get, "/api/v1/twins/").status_code == 200
        assert there(theirs.get, "/api/v1/twins/").status_code == 401
        assert there(theirs.get, "/api/v1/twins/", "portal.stranger.example").status_code == 200
        assert there(APIClient().get, "/api/v1/twins/").status_code == 401
        assert theirs.get("/api/v1/twins/").status_code == 200


class TestAsk:
    def test_the_proxy_may_have_a_certificate_for_proven_hosts_only(self, host: str) -> None:
        assert Client().get("/domains/ask/", {"domain": host}).content == b"proven\n"
        for name in ("nobodys.example", "testserver", "", "meridian.example", "\x00", "x" * 400):
            assert Client().get("/domains/ask/", {"domain": name}).status_code == 404

    @pytest.mark.parametrize(
        "sent", [{"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": ""}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
                 {"HTTP_FORWARDED": "for=127.0.0.1"}],
    )  # fmt: skip
    def test_nobody_else_may_ask(self, host: str, sent: dict[str, str]) -> None:
        assert Client().get("/domains/ask/", {"domain": host}, **sent).status_code == 404  # type: ignore[arg-type]

    def test_from_its_networks(self, host: str, settings: Any) -> None:
        settings.OUTTURN_PROXY_NETWORKS = ["203.0.113.0/24"]
        assert Client().get("/domains/ask/", {"domain": host}, REMOTE_ADDR="203.0.113.9").status_code == 200
        assert Client().get("/domains/ask/", {"domain": host}).status_code == 404
