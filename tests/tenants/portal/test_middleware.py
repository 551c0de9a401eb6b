"""From a request to an actor: who gets in, as whom, and what a refused request leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.keys.models import ApiKey
from tenants.keys.services import create_key, revoke_key
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]


class TestPages:
    def test_nobody_is_sent_to_sign_in_and_back(self, cast: Cast) -> None:
        response = Client().get("/t/meridian/?tab=jobs")
        assert response.status_code == 302
        assert response["Location"] == "/account/login/?next=/t/meridian/%3Ftab%3Djobs"

    def test_a_part_of_a_page_is_not_answered_by_the_page_to_sign_in_on(self, cast: Cast) -> None:
        here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/t/meridian/alarms/?state=open"}
        response = Client(headers=here).get("/t/meridian/alarms/badge/")
        assert (response.status_code, response.json()["code"]) == (401, "request.signed_out")
        assert response.json()["sign_in"] == "/account/login/?next=%2Ft%2Fmeridian%2Falarms%2F%3Fstate%3Dopen"
        elsewhere = here | {"HX-Current-URL": "https://elsewhere.example/t/"}
        assert Client(headers=elsewhere).get("/t/meridian/").json()["sign_in"] == "/account/login/?next=%2F"

    def test_a_stranger_learns_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        theirs = sign_in(cast.outsider).get("/t/meridian/")
        nothing = sign_in(cast.outsider).get("/t/no-such-organisation/")
        assert theirs.status_code == nothing.status_code == 404
        assert b"Meridian" not in theirs.content

    @pytest.mark.parametrize("slug", ["MERIDIAN", "Meridian", "meri_dian", "-", "_"])
    @pytest.mark.parametrize("path", ["", "brand.css", "admin/people/", "api/v1/jobs/"])
    def test_an_address_that_no_organisation_can_have(self, cast: Cast, sign_in: SignIn, slug: str, path: str) -> None:
        assert sign_in(cast.owner).get(f"/t/{slug}/{path}").status_code == 404
        assert Client().get(f"/t/{slug}/{path}").status_code == (401 if path.startswith("api/") else 302)

    @pytest.mark.parametrize(
        ("role", "overview", "admin"),
        [("owner", 200, 200), ("engineer", 200, 403), ("viewer", 200, 403), ("reader", 403, 403)],
    )
    def test_roles(self, cast: Cast, sign_in: SignIn, role: str, overview: int, admin: int) -> None:
        client = sign_in(getattr(cast, role))
        assert client.get("/t/meridian/").status_code == overview
        assert client.get("/t/meridian/admin/keys/").status_code == admin

    def test_someone_who_was_shut_out_is_out(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        User.objects.filter(id=cast.owner.id).update(is_active=False)
        assert client.get("/t/meridian/").status_code == 302


class TestKeys:
    def test_a_key_opens_its_own_organisation(self, cast: Cast, with_key: WithKey) -> None:
        response = with_key(cast.meridian, Role.OWNER).get("/api/v1/keys/")
        assert response.status_code == 200
        assert [each["name"] for each in response.json()["results"]] == ["a owner's"]

    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer ot_key_wrong", "Basic b3Q6a2V5", "Bearer \x7f"]
    )
    def test_anything_else_does_not(self, cast: Cast, header: str) -> None:
        response = APIClient().get("/api/v1/keys/", HTTP_AUTHORIZATION=header)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'Bearer realm="outturn"'
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "request.unauthenticated"

    def test_a_session_is_no_key(self, cast: Cast, sign_in: SignIn) -> None:
        assert sign_in(cast.owner).get("/api/v1/keys/").status_code == 401

    def test_withdrawn_and_expired_keys_are_refused_at_once(self, cast: Cast) -> None:
        now = utc_now()
        with scope(cast.meridian.id):
            withdrawn, first = create_key(name="a", role=Role.OWNER, now=now)
            _, second = create_key(name="b", role=Role.OWNER, now=now, expires_at=now - timedelta(seconds=1))
            revoke_key(key=withdrawn.id, now=now)
        for token in (first, second):
            response = APIClient().get("/api/v1/keys/", HTTP_AUTHORIZATION=f"Bearer {token.text}")
            assert response.status_code == 401

    def test_a_viewers_key_may_not_administer(self, cast: Cast, with_key: WithKey) -> None:
        response = with_key(cast.meridian, Role.VIEWER).get("/api/v1/keys/")
        assert (response.status_code, response.json()["code"]) == (403, "request.permission_denied")
        assert response.json()["detail"] == "this needs the permission organisation.administer"


class TestSessionsInTheApi:
    def test_a_person_uses_it_under_their_organisation(self, cast: Cast, sign_in: SignIn) -> None:
        assert sign_in(cast.owner).get("/t/meridian/api/v1/keys/").json() == {
            "next": None, "previous": None, "results": []
        }  # fmt: skip

    def test_nobody_and_strangers_get_problem_details(self, cast: Cast, sign_in: SignIn) -> None:
        nobody = Client().get("/t/meridian/api/v1/keys/")
        outsider = sign_in(cast.outsider).get("/t/meridian/api/v1/keys/")
        assert (nobody.status_code, outsider.status_code) == (401, 404)
        assert outsider["Content-Type"] == "application/problem+json"

    def test_a_write_needs_the_csrf_token(self, cast: Cast) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(cast.owner)
        body = {"name": "x", "role": "viewer"}
        refused = client.post("/t/meridian/api/v1/keys/", body, content_type="application/json")
        assert refused.status_code == 403
        with scope(cast.meridian.id):
            assert not ApiKey.objects.exists()
        token = client.get("/t/meridian/admin/keys/").cookies["csrftoken"].value
        made = client.post(
            "/t/meridian/api/v1/keys/", body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert made.status_code == 201


class TestHeaders:
    def test_each_answer_names_its_request_and_forbids_foreign_code(self, cast: Cast) -> None:
        response = Client().get("/account/login/", headers={"X-Request-Id": "from-the-proxy-1"})
        assert response["X-Request-Id"] == "from-the-proxy-1"
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "script-src" not in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"

    def test_a_request_id_that_could_break_a_log_is_replaced(self, cast: Cast) -> None:
        response = Client().get("/account/login/", headers={"X-Request-Id": "x\ty"})
        assert len(response["X-Request-Id"]) == 32
