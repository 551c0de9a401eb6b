"""A run of the real server with known secrets: none of them is in its log or on a page of an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache

from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.people.invitations import invite
from tenants.people.services import add_member, create_person
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.schemas import Settings
from tenants.signon.services import change_sign_on, make_provisioning_token
from tests.processes import serving
from tests.twins.conftest import make_fleet

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
PASSWORD, WRONG = "uncommon-gearbox-42", "uncommon-gearbox-43"
CLIENT_SECRET = "between-us-and-them-42"
ADDRESS = "ada@meridian.example"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web.log"


@pytest.fixture
def site(transactional_db: None, log: Path) -> Iterator[str]:
    cache.clear()
    with serving(log) as url:
        yield url


class Run:
    """A visit with every kind of secret; `errors` are the pages of what went wrong."""

    def __init__(self, site: str, tenant: Tenant, browser: httpx.Client) -> None:
        self.errors: list[str] = []
        self._site = site
        person = create_person(email=ADDRESS, name="Ada", password=PASSWORD)
        add_member(tenant=tenant.id, user=person.id, role=Role.OWNER, now=utc_now())
        with scope(tenant.id):
            self.key = create_key(name="historian", role=Role.OWNER, now=utc_now())[1].text
            self.provisioning = self._sign_on()
            self.invitation = self._invite(tenant, person.id)
        self.gateway = make_fleet(tenant, count=1).token
        self._browser = browser

    @staticmethod
    def _sign_on() -> str:
        """Set single sign-on up with a provider that is down, and make a provisioning token."""
        wanted = Settings(
            discovery_url="https://127.0.0.1:9", client_id="outturn", client_secret=CLIENT_SECRET, rules=(),
            domains=["meridian.example"], default_role="viewer", creates_members=True, is_enabled=True,
        )  # fmt: skip
        change_sign_on(wanted=wanted, by=ADDRESS, now=utc_now())
        return make_provisioning_token(by=ADDRESS, now=utc_now())[1].text

    @staticmethod
    def _invite(tenant: Tenant, owner: UUID) -> str:
        """Invite somebody; what their mail has in its link."""
        by = Actor(
            tenant=tenant.id, slug=tenant.slug, role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER], user=owner,
            name=ADDRESS,
        )  # fmt: skip
        invite(email="grace@meridian.example", role=Role.VIEWER, by=by, now=utc_now())
        return str(mail.outbox[-1].body).partition("/invitations/")[2].partition("/")[0]

    def told(self, response: httpx.Response, status: int) -> httpx.Response:
        """Keep the page of an error."""
        assert response.status_code == status, response.text[:300]
        self.errors.append(response.text + str(dict(response.headers)))
        return response

    def sign_in(self, password: str) -> httpx.Response:
        """Fill in the form."""
        page = self._browser.get("/account/login/")
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        form = {"login": ADDRESS, "password": password, "csrfmiddlewaretoken": token}
        return self._browser.post("/account/login/", data=form)

    def errors_of_all_kinds(self) -> None:
        """A wrong password, a forged form, what is not there, a broken body, tokens of others."""
        self.told(self.sign_in(WRONG), 200)
        assert self.sign_in(PASSWORD).status_code == 302
        self.told(self._browser.get("/t/meridian/nothing-here/"), 404)
        self.told(self._browser.post("/t/meridian/twins/new/", data={"password": PASSWORD, "key": self.key}), 403)
        bearer = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        assert self._browser.get("/api/v1/jobs/", headers=bearer).status_code == 200
        self.told(httpx.post(f"{self._site}/api/v1/twins/", content=b"{", headers=bearer, timeout=60), 400)
        self.told(httpx.get(f"{self._site}/api/v1/nothing/", headers=bearer, timeout=60), 404)
        self.told(
            httpx.get(f"{self._site}/api/v1/jobs/", headers={"Authorization": f"Bearer {self.gateway}"}, timeout=60),
            401,
        )
        self.told(
            httpx.post(
                f"{self._site}/ingest/v1/readings", content=b"{", headers={"Authorization": self.gateway}, timeout=60
            ),
            401,
        )
        sender = {"Authorization": f"Bearer {self.gateway}"}
        self.told(httpx.post(f"{self._site}/ingest/v1/readings", content=b"\xff", headers=sender, timeout=60), 400)

    def sign_on(self) -> None:
        """The client's secret typed into its form with something wrong beside it, then used on a provider that is down;
        the provisioning token with a broken body."""
        page = self._browser.get("/t/meridian/admin/single-sign-on/")
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        form = {"client_secret": CLIENT_SECRET, "discovery_url": "nonsense", "csrfmiddlewaretoken": token}
        self.errors += [page.text, self._browser.post("/t/meridian/admin/single-sign-on/", data=form).text]
        self.errors.append(
            self._browser.post("/t/meridian/admin/single-sign-on/check/", data={"csrfmiddlewaretoken": token}).text
        )
        self.errors.append(httpx.get(f"{self._site}/sso/meridian/", timeout=60).text)
        bearer = {"Authorization": f"Bearer {self.provisioning}", "Content-Type": "application/scim+json"}
        self.told(httpx.post(f"{self._site}/scim/v2/Users", content=b"{", headers=bearer, timeout=60), 400)

    def second_factor_and_invitation(self) -> None:
        """An app's secret shown and a wrong code typed; an invitation's link opened, and opened with a letter wrong."""
        again = self._browser.get("/account/reauthenticate/")
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', again.text)[:1]
        self._browser.post("/account/reauthenticate/", data={"password": PASSWORD, "csrfmiddlewaretoken": token})
        page = self._browser.get("/account/2fa/totp/activate/")
        (self.app,) = re.findall(r'class="secret">([A-Z2-7]{32})<', page.text)
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        wrong = {"code": "000000", "csrfmiddlewaretoken": token}
        assert self._browser.post("/account/2fa/totp/activate/", data=wrong).status_code == 200
        for link, status in ((self.invitation, 200), (self.invitation[:-1], 404)):
            answer = self._browser.get(f"/invitations/{link}/", follow_redirects=True)
            assert (answer.status_code, str(answer.url)) == (status, f"{self._site}/invitations/")
            self.errors.append(answer.text)

    def faults_of_our_own(self) -> None:
        """What the server says when a table is gone."""
        bearer = {"Authorization": f"Bearer {self.key}"}
        self.told(self._browser.get("/t/meridian/", params={"code": self.key}), 500)
        self.told(httpx.get(f"{self._site}/api/v1/jobs/", headers=bearer, timeout=60), 500)

    @property
    def secrets(self) -> dict[str, str]:
        """Everything that must not be read anywhere, by what it is."""
        database = settings.DATABASES["default"]["PASSWORD"]
        return {
            "password": PASSWORD, "wrong password": WRONG, "client's secret": CLIENT_SECRET,
            "provisioning token": self.provisioning, "key": self.key, "gateway's token": self.gateway,
            "invitation": self.invitation, "app's secret": self.app,
            "session": self._browser.cookies["sessionid"], "secret": settings.SECRET_KEY,
            **({"password of the database": database} if database else {}),
        }  # fmt: skip


def renamed(table: str, other: str) -> None:
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=owner["NAME"], user=owner["USER"], password=owner["PASSWORD"], host=owner["HOST"], autocommit=True
    ) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {other}")


def test_no_secret_is_logged_or_shown(tenant: Tenant, site: str, log: Path) -> None:
    with httpx.Client(base_url=site, timeout=60) as browser:
        run = Run(site, tenant, browser)
        run.errors_of_all_kinds()
        run.sign_on()
        run.second_factor_and_invitation()
        renamed("tenants_job", "tenants_job_away")
        try:
            run.faults_of_our_own()
        finally:
            renamed("tenants_job_away", "tenants_job")
    written = log.read_text()
    assert "tenants_job" in written, "the log tells of the fault"
    assert "Traceback" in written
    for what, secret in run.secrets.items():
        assert secret not in written, f"the {what} is in the log"
        for page in run.errors:
            assert secret not in page.replace(f"sessionid={secret}", ""), f"the {what} is on a page"
    for page in run.errors:
        assert "Traceback" not in page
        assert "tenants_job" not in page
