"""Identity providers as real processes, and an organisation that uses one."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.domain import RoleRule
from tenants.signon.schemas import Settings
from tenants.signon.services import change_sign_on
from tests.conftest import Cast
from tests.processes import kill, start
from tests.tenants.signon.provisioning import ISSUER, Scim, token_of

CALLBACK = "http://localhost:8000/sso/{slug}/callback/"
SECRET = "s3cret of the client that nobody must read"
PASSWORD = "a password at work"
PEOPLE: dict[str, dict[str, Any]] = {
    "ada@meridian.example": {"verified": True, "claims": {"name": "Ada Byron", "groups": ["plant", "engineers"]}},
    "viewer@meridian.example": {"verified": True, "claims": {"groups": ["plant"]}},
    "owner@meridian.example": {"verified": True},
    "thin@meridian.example": {"verified": True, "claims": {"groups": ["plant"]}},
    "vague@meridian.example": {"verified": False},
    "owner@stranger.example": {"verified": True},
}
RULES = (RoleRule("groups", "engineers", "engineer"), RoleRule("groups", "plant", "viewer"))


@dataclass(frozen=True)
class Provider:
    """A running provider: its issuer, and where it keeps what it is told."""

    issuer: str
    home: Path

    def change_key(self) -> None:
        """Sign with another key from now on."""
        number = len(list((self.home / "keys").iterdir()))
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.home / "keys" / f"{number}.pem").write_bytes(pem)


@contextmanager
def running(application: str, log: Path, port: socket.socket, **environment: str) -> Iterator[None]:
    """An ASGI application in a process of its own."""
    command = ["-m", "uvicorn", application, "--fd", str(port.fileno()), "--log-level", "warning"]
    process = start(command, log, env=os.environ | environment, pass_fds=[port.fileno()])
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port.getsockname()[1]}/", timeout=60)
                break
            except httpx.HTTPError:
                continue
        else:
            raise AssertionError(log.read_text())
        yield
    finally:
        kill(process)


@contextmanager
def providing(home: Path, redirect_uris: Sequence[str]) -> Iterator[Provider]:
    """django-allauth's identity provider on a free port."""
    (home / "keys").mkdir()
    people = {address: {"password": PASSWORD, **person} for address, person in PEOPLE.items()}
    clients = [{"id": "outturn", "secret": SECRET, "redirect_uris": list(redirect_uris)}]
    world = {"people": people, "clients": clients, "thin": ["thin@meridian.example"]}
    (home / "world.json").write_text(json.dumps(world))
    with socket.create_server(("127.0.0.1", 0)) as port:
        found = Provider(f"http://127.0.0.1:{port.getsockname()[1]}", home)
        found.change_key()
        name = "tests.tenants.signon.provider.asgi:application"
        with running(name, home / "log", port, PROVIDER_HOME=str(home)):
            yield found


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider for the tests of a file."""
    uris = [CALLBACK.format(slug=slug) for slug in ("meridian", "stranger")]
    with providing(tmp_path_factory.mktemp("provider"), uris) as found:
        yield found


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The provider that lies; one issuer for each lie below this address."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        url = f"http://127.0.0.1:{port.getsockname()[1]}"
        log = tmp_path_factory.mktemp("liar") / "log"
        with running("tests.tenants.signon.liar:application", log, port, LIAR_URL=url):
            yield url


@pytest.fixture(autouse=True)
def _on_loopback(settings: Any) -> Iterator[None]:
    """Providers of tests are on this machine; nothing is remembered between tests."""
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    cache.clear()
    yield
    cache.clear()


Connect = Callable[..., None]


@pytest.fixture
def connect() -> Connect:
    """Sets an organisation up for a provider."""

    def connected(tenant: Tenant, issuer: str, **changed: Any) -> None:
        values: dict[str, Any] = {
            "discovery_url": issuer, "client_id": "outturn", "client_secret": SECRET, "rules": (),
            "domains": [f"{tenant.slug}.example"], "default_role": "viewer", "creates_members": True,
            "is_enabled": True,
        }  # fmt: skip
        Tenant.objects.filter(id=tenant.id).update(plan="enterprise")
        with scope(tenant.id):
            change_sign_on(wanted=Settings(**{**values, **changed}), by="owner@meridian.example", now=utc_now())

    return connected


def at_provider(url: str, email: str) -> str:
    """Sign in at the provider as a person would, with a browser of one's own; the address it sends us back to."""
    with httpx.Client(follow_redirects=False, timeout=30) as browser:
        response = browser.get(url)
        for _ in range(10):
            if response.is_redirect:
                target = str(response.next_request.url) if response.next_request else ""
                if "/sso/" in target:
                    return target
                response = browser.get(target)
                continue
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.text)
            assert token, response.text
            form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
            response = browser.post(str(response.url), data=form, headers={"Referer": str(response.url)})
    raise AssertionError(response.text)


def local(url: str) -> str:
    """The path and query of an address of ours."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def come(client: Client, email: str, *, slug: str = "meridian", wanted: str = "") -> HttpResponse:
    """Come by single sign-on, from the door to the answer of the callback."""
    response = client.get(f"/sso/{slug}/", {"login_hint": email, **({"next": wanted} if wanted else {})})
    assert response.status_code == 302, response.content.decode()
    return client.get(local(at_provider(response["Location"], email)))  # type: ignore[return-value]


def refused(response: Any) -> str:
    """The code of a refusal."""
    found = re.search(r"<code>(sign_on\.[a-z_]+|[a-z_]+\.[a-z_]+)</code>", response.content.decode())
    assert found, (response.status_code, response.content.decode()[-2000:])
    return found[1]


@pytest.fixture
def scim(cast: Cast, connect: Connect) -> Scim:
    connect(cast.meridian, ISSUER, rules=RULES)
    return Scim(token_of(cast.meridian))
