"""What a provider must not get away with: a real process that lies, one issuer for each lie."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.signon.models import Identity, SignOn
from tenants.signon.services import check_sign_on
from tests.conftest import Cast
from tests.tenants.signon.conftest import Connect, local, refused

pytestmark = pytest.mark.django_db
ADA = "ada@meridian.example"


def come(lie: str, email: str = ADA, client: Client | None = None) -> Any:
    """Come to the liar, who asks for no password."""
    client = client or Client()
    response = client.get("/sso/meridian/", {"login_hint": email})
    if response.status_code != 302:
        return response
    back = httpx.get(response["Location"], follow_redirects=False, timeout=30).headers["Location"]
    return client.get(local(back))


@pytest.mark.parametrize("truth", ["honest", "es256", "ps256", "ed25519", "entra", "names-issuer"])
def test_the_truth_is_believed(cast: Cast, liar: str, connect: Connect, truth: str) -> None:
    connect(cast.meridian, f"{liar}/{truth}")
    assert come(truth).status_code == 302
    assert User.objects.filter(email=ADA).exists()


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("issuer", "discovery"),
        ("implicit-only", "discovery"),
        ("shared-only", "discovery"),
        ("not-json", "provider"),
        ("redirects", "provider"),
        ("long", "provider"),
        ("no-keys", "provider"),
        ("inward", "provider"),
        ("id-token-issuer", "token"),
        ("wrong-aud", "token"),
        ("many-aud", "token"),
        ("wrong-azp", "token"),
        ("nonce", "token"),
        ("no-nonce", "token"),
        ("expired", "token"),
        ("no-exp", "token"),
        ("future", "token"),
        ("garbled", "token"),
        ("no-id-token", "token"),
        ("none", "algorithm"),
        ("shared", "algorithm"),
        ("signature", "signature"),
        ("unknown-key", "signature"),
        ("unverified", "unverified"),
        ("unverified-text", "unverified"),
        ("silent", "unverified"),
        ("no-email", "no_address"),
        ("empty-subject", "token"),
        ("long-subject", "subject"),
        ("answers-for-another", "issuer"),
        ("hides-issuer", "issuer"),
    ],
)
def test_a_lie_lets_nobody_in(cast: Cast, liar: str, connect: Connect, lie: str, reason: str) -> None:
    connect(cast.meridian, f"{liar}/{lie}")
    client = Client()
    response = come(lie, client=client)
    assert (response.status_code, refused(response)) == (403, f"sign_on.{reason}")
    assert "_auth_user_id" not in client.session
    assert not User.objects.filter(email=ADA).exists()
    with scope(cast.meridian.id):
        assert not Identity.objects.exists()
        refusals = AuditEntry.objects.filter(action="sign_on.refused").values_list("details__reason", flat=True)
        assert set(refusals) <= {f"sign_on.{reason}"}


def test_userinfo_of_somebody_else(cast: Cast, liar: str, connect: Connect) -> None:
    connect(cast.meridian, f"{liar}/userinfo-of-another")
    assert refused(come("userinfo-of-another")) == "sign_on.userinfo"


def test_an_unknown_key_is_asked_for_once_more(cast: Cast, liar: str, connect: Connect) -> None:
    connect(cast.meridian, f"{liar}/unknown-key")
    before = httpx.get(f"{liar}/fetches", timeout=30).json().get("unknown-key", 0)
    come("unknown-key")
    assert httpx.get(f"{liar}/fetches", timeout=30).json()["unknown-key"] - before == 2


def test_a_slow_provider_is_not_waited_for(cast: Cast, liar: str, connect: Connect, settings: Any) -> None:
    connect(cast.meridian, f"{liar}/slow")
    settings.OUTTURN_OUTGOING_SECONDS = 0.3
    began = time.monotonic()
    response = come("slow")
    assert (response.status_code, refused(response)) == (403, "sign_on.provider")
    assert "did not answer within 0.3 s" in response.content.decode()
    assert time.monotonic() - began < 5


def test_a_provider_that_is_down(cast: Cast, connect: Connect) -> None:
    connect(cast.meridian, "http://127.0.0.1:9")
    response = come("down")
    assert refused(response) == "sign_on.provider"
    assert "127.0.0.1 cannot be reached" in response.content.decode()


def test_a_subject_that_is_given_to_another_does_not_get_their_account(cast: Cast, liar: str, connect: Connect) -> None:
    connect(cast.meridian, f"{liar}/recycled")
    assert come("recycled").status_code == 302
    with scope(cast.meridian.id):
        Identity.objects.update(subject="the first holder of the address")
    assert refused(come("recycled")) == "sign_on.other_subject"


def test_a_provider_that_was_changed_meanwhile(cast: Cast, liar: str, connect: Connect) -> None:
    connect(cast.meridian, f"{liar}/honest")
    client = Client()
    there = client.get("/sso/meridian/", {"login_hint": ADA})["Location"]
    back = httpx.get(there, follow_redirects=False, timeout=30).headers["Location"]
    connect(cast.meridian, f"{liar}/es256")
    assert refused(client.get(local(back))) == "sign_on.changed"


@pytest.mark.parametrize(
    ("lie", "code", "place"),
    [
        ("honest", "", ""),
        ("issuer", "sign_on.issuer", "issuer"),
        ("implicit-only", "sign_on.response_types_supported", "response_types_supported"),
        ("shared-only", "sign_on.id_token_signing_alg_values_supported", "id_token_signing_alg_values_supported"),
        ("redirects", "outgoing.failed", "discovery_url"),
        ("not-json", "outgoing.failed", "discovery_url"),
        ("long", "outgoing.too_long", "discovery_url"),
        ("no-keys", "outgoing.failed", "jwks_uri"),
    ],
)
def test_the_check_says_what_is_wrong(cast: Cast, liar: str, connect: Connect, lie: str, code: str, place: str) -> None:
    connect(cast.meridian, f"{liar}/{lie}")
    now = utc_now()
    with scope(cast.meridian.id):
        check_sign_on(now=now)
        row = SignOn.objects.get()
    assert row.checked_at == now
    assert [(finding["code"], finding["place"]) for finding in row.findings] == ([(code, place)] if code else [])
