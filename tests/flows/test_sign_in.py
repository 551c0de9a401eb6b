"""A newcomer: creates an account, proves the address, starts an organisation, comes back another day."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tenants.people.models import Membership, User
from tenants.scope.models import Tenant
from tests.processes import serving

pytestmark = pytest.mark.django_db
PASSWORD = "uncommon-gearbox-42"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


def test_from_the_first_page_to_an_organisation(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/account/login/?next=/"
    account = {"email": "Ada@Example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/account/signup/", account).headers["Location"] == "/account/confirm-email/"
    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
    (link,) = re.findall(r"http://[^/]+(/account/confirm-email/[^/\s]+/)", str(message.body))
    client.post(link)
    signed_in = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert signed_in.headers["Location"] == "/"
    assert b"Start your organisation" in client.get("/").content
    started = client.post("/", {"name": "Ada Pumps"})
    assert started.headers["Location"] == "/t/ada-pumps/"
    assert client.get("/").headers["Location"] == "/t/ada-pumps/"
    overview = client.get("/t/ada-pumps/").content.decode()
    assert "No job has run yet" in overview
    begin = re.search(r"Where to begin.*?</section>", overview, re.DOTALL)
    assert begin is not None
    assert re.findall(r'href="([^"]+)"', begin[0]) == ["/t/ada-pumps/twins/new/", "/t/ada-pumps/gateways/new/"]
    (membership,) = Membership.objects.select_related("user", "tenant")
    assert (membership.user.email, membership.tenant.slug, membership.role) == ("ada@example.com", "ada-pumps", "owner")


def test_an_unproven_address_does_not_get_in(client: Client) -> None:
    client.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD})
    client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert client.get("/").status_code == 302


def test_wrong_passwords_are_throttled(client: Client) -> None:
    User.objects.create_user("ada@example.com", PASSWORD)
    pages = [
        client.post("/account/login/", {"login": "ada@example.com", "password": "wrong"}).content for _ in range(6)
    ]
    assert b"not correct" in pages[0]
    assert b"Too many attempts failed" in pages[-1]


@pytest.mark.parametrize(
    ("name", "words"), [("!!!", "is no name"), ("Meridian Engines", "at “meridian-engines” already")]
)
def test_a_name_that_makes_no_address_says_so_and_keeps_what_was_typed(client: Client, name: str, words: str) -> None:
    Tenant.objects.create(slug="meridian-engines", name="Meridian Engines", created_at="2026-01-01T00:00Z")
    client.force_login(User.objects.create_user("ada@example.com"))
    response = client.post("/", {"name": name})
    assert response.status_code == 400
    page = response.content.decode()
    assert words in page
    assert f'value="{name}"' in page


class Browser:
    """A person's browser on the real server: follows no redirect, sends the CSRF token with each form."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, page: httpx.Response | None = None, /, **fields: str) -> httpx.Response:
        """Fill in the form of a page, loaded anew unless it is given."""
        page = page or self.http.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, f"{path}: {page.status_code} {page.headers.get('Location')}"
        return self.http.post(path, data={"csrfmiddlewaretoken": token[1], **fields})


def mailed(log: Path, path: str) -> str:
    """The newest link below a path in the mails, which the server prints."""
    return str(re.findall(rf"http://localhost:\d+({path}[^\s/\\]+/)", log.read_text())[-1])


def code_of(secret: str, *, steps: int = 0) -> str:
    """What an authenticator app shows now, or in some half minutes."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def start_organisation(ada: Browser, log: Path) -> None:
    """Ada signs up, proves her address, starts an organisation and invites Grace."""
    ada.post("/account/signup/", email="ada@example.com", password1=PASSWORD, password2=PASSWORD)
    ada.post(mailed(log, "/account/confirm-email/"))
    ada.post("/account/login/", login="ada@example.com", password=PASSWORD)
    assert ada.post("/", name="Ärzte GmbH", address="aerzte").headers["Location"] == "/t/aerzte/"
    invited = ada.post("/t/aerzte/admin/people/invite/", email="grace@example.com", role="engineer")
    assert invited.headers["Location"] == "/t/aerzte/admin/people/invitations/"


def join(grace: Browser, log: Path) -> None:
    """Grace opens the mail, makes an account, and joins."""
    assert grace.get(mailed(log, "/invitations/")).headers["Location"] == "/invitations/"
    assert "You are invited to Ärzte GmbH" in grace.get("/invitations/").text
    account = {"email": "grace@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert grace.post("/account/signup/", next="/invitations/", **account).headers["Location"] == "/invitations/"
    assert grace.post("/invitations/").headers["Location"] == "/"
    assert grace.get("/t/aerzte/").status_code == 200
    assert grace.get("/t/aerzte/admin/people/").status_code == 403


def demand_second_factor(ada: Browser) -> None:
    """Ada makes it a rule of entry, which she is the first to meet."""
    saved = ada.post("/t/aerzte/admin/security/", second_factor="on")
    assert saved.headers["Location"] == "/t/aerzte/admin/security/"
    assert ada.get("/t/aerzte/admin/security/").headers["Location"] == "/account/second-factor/"


def set_up_app(grace: Browser) -> tuple[str, list[str]]:
    """Grace sets up an authenticator app: its secret, and her recovery codes."""
    assert grace.get("/t/aerzte/").headers["Location"] == "/account/second-factor/"
    grace.post("/account/reauthenticate/", password=PASSWORD)
    form = grace.get("/account/2fa/totp/activate/")
    (secret,) = re.findall(r'<code class="secret">([A-Z2-7]+)</code>', form.text)
    done = grace.post("/account/2fa/totp/activate/", form, code=code_of(secret))
    assert done.headers["Location"] == "/account/2fa/recovery-codes/"
    page = grace.get("/account/2fa/recovery-codes/").text
    assert 'href="/t/aerzte/"' in page
    assert grace.get("/t/aerzte/").status_code == 200
    return secret, re.findall(r"<li><code>(\d+)</code></li>", page)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_people_and_their_factors_on_the_real_server(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with serving(log) as url, ExitStack() as open_browsers:

        def browser() -> Browser:
            return Browser(open_browsers.enter_context(httpx.Client(base_url=url, timeout=30)))

        ada, grace = browser(), browser()
        start_organisation(ada, log)
        join(grace, log)
        demand_second_factor(ada)
        secret, codes = set_up_app(grace)
        assert len(codes) == 10
        for proof in (code_of(secret, steps=1), codes[0]):
            elsewhere = browser()
            signed = elsewhere.post("/account/login/", login="grace@example.com", password=PASSWORD)
            assert signed.headers["Location"] == "/account/2fa/authenticate/"
            assert elsewhere.post("/account/2fa/authenticate/", code=proof).headers["Location"] == "/"
            assert elsewhere.get("/t/aerzte/").status_code == 200
        assert elsewhere.get("/account/sessions/").text.count("python-httpx") == 3
        elsewhere.post("/account/sessions/")
        assert elsewhere.get("/t/aerzte/").status_code == 200
        assert grace.get("/t/aerzte/").headers["Location"].startswith("/account/login/")
        told = log.read_text()
        assert secret not in told
        assert PASSWORD not in told
