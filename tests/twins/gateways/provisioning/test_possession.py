"""Devices that show a certificate: whose they are, that they have its key, and every way in which it does not hold."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from asgiref.sync import sync_to_async
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tenants.kernel.clock import utc_now
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.gateways.provisioning.conftest import Issued, issue
from twins.gateways import selectors
from twins.gateways.errors import ShutGatewayError
from twins.gateways.http import PATH
from twins.gateways.models import Authority, AuthorityAnchor, Gateway, GatewayToken
from twins.gateways.provisioning import authorities, chains, possession
from twins.gateways.provisioning.errors import (
    AmbiguousAuthorityError,
    AuthorityNotFoundError,
    AuthorityTakenError,
    AuthorityUnprovenError,
    BrokenCertificateError,
    ExpiredCertificateError,
    RefusedCertificateError,
    RevokedCertificateError,
    TermsError,
    UnknownAuthorityError,
    UnknownDeviceError,
    UnprovenCertificateError,
)
from twins.gateways.schemas import Admission, Standing
from twins.gateways.services import create_gateway, disable_gateway

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
CERTIFICATE, CHALLENGE = "/ingest/v1/certificate", "/ingest/v1/challenge"
BATCH = {"batch": "b1", "readings": [{"key": "PT", "at": "2025-01-01T00:00:00Z", "value": 1.0}]}


def trust(tenant: Tenant, authority: Issued, **more: Any) -> Authority:
    with scope(tenant.id):
        proof = issue(authorities.proof_code(), authority)
        terms: dict[str, Any] = {"name": "devices", "pem": authority.pem, "proof": proof.pem, "allowed": 2} | more
        return authorities.add_authority(**terms, by="owner", now=utc_now())


async def shown(client: httpx.AsyncClient, *chain: Issued, by: Issued | None = None) -> httpx.Response:
    challenge = (await client.post(CHALLENGE)).json()["challenge"]
    signature = base64.b64encode((by or chain[0]).sign(challenge)).decode()
    pem = "".join(one.pem for one in chain)
    return await client.post(CERTIFICATE, json={"certificates": pem, "challenge": challenge, "signature": signature})


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def root() -> Issued:
    return issue("Meridian devices", is_authority=True, days=3650)


class TestOverHttp:
    async def test_a_device_of_the_tenants_authority_gets_in(
        self, client: httpx.AsyncClient, tenant: Tenant, root: Issued
    ) -> None:
        authority = await sync_to_async(trust)(tenant, root)
        device = issue("PX-1", root, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
        answer = await shown(client, device)
        told = answer.json()
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert (told["name"], told["claim_code"]) == ("PX-1", None)
        ends = datetime.fromisoformat(told["expires_at"])
        assert timedelta(hours=23) < ends - utc_now() <= possession.TOKEN_HOLDS
        sent = await client.post(PATH, json=BATCH, headers={"Authorization": f"Bearer {told['token']}"})
        assert sent.status_code == 200

        def look() -> tuple[Gateway, Authority, list[str]]:
            with scope(tenant.id):
                entries = AuditEntry.objects.filter(action__startswith="gateway.").order_by("id")
                return Gateway.objects.get(), Authority.objects.get(), [one.action for one in entries]

        row, after, actions = await sync_to_async(look)()
        assert (row.serial, row.origin, row.made_with, after.made) == ("PX-1", "certificate", authority.id, 1)
        assert actions == ["gateway.authority_added", "gateway.registered", "gateway.certificate_shown"]

    async def test_the_next_token_lets_the_one_before_end_soon(
        self, client: httpx.AsyncClient, tenant: Tenant, root: Issued
    ) -> None:
        await sync_to_async(trust)(tenant, root)
        device = issue("PX-1", root)
        first, second = (await shown(client, device)).json(), (await shown(client, device)).json()
        assert first["gateway"] == second["gateway"]

        def standings(now: datetime) -> list[Standing]:
            held = [selectors.holders([one["token"]], now=now).get(one["token"]) for one in (first, second)]
            return [one.standing for one in held if one]

        soon = utc_now() + possession.OVERLAP + timedelta(seconds=1)
        assert await sync_to_async(standings)(utc_now()) == [Standing.IN_FORCE, Standing.IN_FORCE]
        assert await sync_to_async(standings)(soon) == [Standing.EXPIRED, Standing.IN_FORCE]

    async def test_what_can_be_wrong_with_a_body(self, client: httpx.AsyncClient) -> None:
        challenge = (await client.post(CHALLENGE)).json()["challenge"]
        for body in (b"", b"{}", b'{"certificates": 4}'):
            assert refused(await client.post(CERTIFICATE, content=body)) == (400, "provisioning.bad_request")
        nothing = {"certificates": "none", "challenge": challenge, "signature": ""}
        assert refused(await client.post(CERTIFICATE, json=nothing)) == (422, "certificate.broken")

    async def test_a_signature_of_another_key(self, client: httpx.AsyncClient, tenant: Tenant, root: Issued) -> None:
        await sync_to_async(trust)(tenant, root)
        answer = await shown(client, issue("PX-1", root), by=issue("PX-2", root))
        assert refused(answer) == (401, "certificate.unproven")

    async def test_a_challenge_is_taken_once(self, client: httpx.AsyncClient, tenant: Tenant, root: Issued) -> None:
        await sync_to_async(trust)(tenant, root)
        device = issue("PX-1", root)
        challenge = (await client.post(CHALLENGE)).json()["challenge"]
        signature = base64.b64encode(device.sign(challenge)).decode()
        body = {"certificates": device.pem, "challenge": challenge, "signature": signature}
        answers = [await client.post(CERTIFICATE, json=body) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 401]
        assert "used before" in answers[1].json()["detail"]

    async def test_a_proxy_of_ours_passes_a_certificate_on(
        self, client: httpx.AsyncClient, tenant: Tenant, root: Issued, settings: Any
    ) -> None:
        await sync_to_async(trust)(tenant, root)
        device = issue("PX-1", root)
        der = base64.b64encode(device.certificate.public_bytes(Encoding.DER)).decode()
        ways = [{"Client-Cert": f":{der}:"}, {"X-SSL-Client-Cert": quote(device.pem)}]
        for headers in ways:
            answer = await client.post(CERTIFICATE, headers=headers)
            assert refused(answer) == (400, "provisioning.bad_request"), "nobody is believed unless told"
        settings.OUTTURN_CLIENT_CERTIFICATE_NETWORKS = ["10.0.0.0/8"]
        assert (await client.post(CERTIFICATE, headers=ways[0])).status_code == 400, "from elsewhere"
        settings.OUTTURN_CLIENT_CERTIFICATE_NETWORKS = ["192.0.2.0/24"]
        answers = [await client.post(CERTIFICATE, headers=headers) for headers in ways]
        assert [one.json()["name"] for one in answers] == ["PX-1", "PX-1"]
        wrong = await client.post(CERTIFICATE, headers={"Client-Cert": ":x:"})
        assert refused(wrong) == (422, "certificate.broken")


def admit(*chain: Issued, now: datetime | None = None) -> Admission:
    return possession.admit_certificate(chain=[one.certificate for one in chain], now=now or utc_now())


class TestChains:
    def test_one_between(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        between = issue("Hall 4", root, is_authority=True)
        assert admit(issue("PX-1", between), between).name == "PX-1"
        with pytest.raises(UnknownAuthorityError):
            admit(issue("PX-1", between))

    def test_a_device_that_signs_others(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        device = issue("PX-1", root)
        with pytest.raises(RefusedCertificateError):
            admit(issue("PX-2", device), device)

    def test_an_authority_that_nobody_trusts(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        with pytest.raises(UnknownAuthorityError):
            admit(issue("PX-1", issue("Others", is_authority=True)))
        with pytest.raises(RefusedCertificateError):
            admit(issue("PX-1", issue("Meridian devices", is_authority=True)))  # of the same name, with another key

    def test_the_purpose_of_a_certificate(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        with pytest.raises(RefusedCertificateError, match="clientAuth"):
            admit(issue("PX-1", root, usage=ExtendedKeyUsageOID.SERVER_AUTH))

    def test_times(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        now = utc_now()
        for start, days in ((now - timedelta(days=9), 8), (now + timedelta(days=1), 8)):
            with pytest.raises(ExpiredCertificateError):
                admit(issue("PX-1", root, start=start, days=days))
        with pytest.raises(ExpiredCertificateError):
            admit(issue("PX-1", root, days=9000), now=now + timedelta(days=4000))

    def test_a_token_ends_with_its_certificate(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        start = utc_now() - timedelta(hours=20)
        made = admit(issue("PX-1", root, start=start, days=1))
        assert made.expires_at == start.replace(microsecond=0) + timedelta(days=1)

    @pytest.mark.parametrize("name", ["", " ", "x" * 65])
    def test_names_of_devices(self, tenant: Tenant, root: Issued, name: str) -> None:
        trust(tenant, root)
        two = [x509.NameAttribute(x509.NameOID.COMMON_NAME, each) for each in ("a", "b")]
        wrong = x509.Name(two if name.startswith("x") else [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE")])
        with pytest.raises(BrokenCertificateError):
            admit(issue(wrong, root))


class TestWhoseItIs:
    def test_a_gateway_that_was_made_before(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root, allowed=0)
        with pytest.raises(UnknownDeviceError):
            admit(issue("PX-1", root))
        with scope(tenant.id):
            made, _ = create_gateway(name="press", serial="PX-1", now=utc_now())
        assert admit(issue("PX-1", root)).gateway == made.id
        with scope(tenant.id):
            disable_gateway(gateway=made.id, now=utc_now())
        with pytest.raises(ShutGatewayError):
            admit(issue("PX-1", root))

    def test_an_authority_makes_so_many_and_no_more(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root, allowed=1)
        admit(issue("PX-1", root))
        with pytest.raises(UnknownDeviceError):
            admit(issue("PX-2", root))

    def test_another_tenants_authority(self, tenant: Tenant, stranger: Tenant, root: Issued) -> None:
        theirs = trust(stranger, root)
        with scope(tenant.id):
            create_gateway(name="press", serial="PX-1", now=utc_now())
        made = admit(issue("PX-1", root))
        with scope(stranger.id):
            assert Gateway.objects.get().id == made.gateway
        with pytest.raises(AuthorityTakenError):
            trust(tenant, root)
        with scope(tenant.id), pytest.raises(AuthorityNotFoundError):
            authorities.withdraw_authority(authority=theirs.id, by="owner", now=utc_now())

    def test_the_same_key_in_another_certificate(self, tenant: Tenant, stranger: Tenant, root: Issued) -> None:
        trust(stranger, root)
        again = issue("Meridian devices", is_authority=True, key=root.key)
        with pytest.raises(AuthorityTakenError):
            trust(tenant, again)
        with scope(tenant.id):  # as if both had come at the same moment
            AuthorityAnchor.objects.create(
                fingerprint="f", tenant=tenant, authority=tenant.id, pem=again.pem, public_key="",
                subject=chains.name_digest(again.certificate.subject),
            )  # fmt: skip
        with pytest.raises(AmbiguousAuthorityError):
            admit(issue("PX-1", root))

    def test_an_authority_that_was_renewed(self, tenant: Tenant) -> None:
        old = issue("Meridian devices", is_authority=True, days=2)
        new = issue("Meridian devices", is_authority=True, key=old.key, days=3650)
        trust(tenant, old)
        trust(tenant, new)
        later = utc_now() + timedelta(days=5)
        assert admit(issue("PX-1", new), now=later).name == "PX-1"


class TestRevoked:
    def test_an_authority_that_was_withdrawn(self, tenant: Tenant, root: Issued) -> None:
        authority = trust(tenant, root)
        admit(issue("PX-1", root))
        with scope(tenant.id):
            now = utc_now()
            assert authorities.withdraw_authority(authority=authority.id, by="o", now=now).withdrawn_at == now
            assert authorities.withdraw_authority(authority=authority.id, by="o", now=utc_now()).withdrawn_at == now
        with pytest.raises(RevokedCertificateError):
            admit(issue("PX-1", root))

    def test_a_revocation_list(self, tenant: Tenant, root: Issued) -> None:
        authority, device, other = trust(tenant, root), issue("PX-1", root), issue("PX-2", root)
        now = utc_now()
        with scope(tenant.id):
            for data in (b"", b"-----BEGIN X509 CRL-----", revoking(device, by=issue("Others", is_authority=True))):
                with pytest.raises(BrokenCertificateError):
                    authorities.put_revocation_list(authority=authority.id, data=data, by="owner", now=now)
            authorities.put_revocation_list(
                authority=authority.id, data=revoking(device, by=root), by="owner", now=now
            )  # fmt: skip
            data = revoking(other, by=root, at=datetime(2025, 1, 1, tzinfo=UTC))
            with pytest.raises(BrokenCertificateError, match="older"):
                authorities.put_revocation_list(authority=authority.id, data=data, by="owner", now=now)
        with pytest.raises(RevokedCertificateError):
            admit(device)
        assert admit(other).name == "PX-2"


def revoking(device: Issued, *, by: Issued, at: datetime | None = None) -> bytes:
    at = at or utc_now()
    entry = x509.RevokedCertificateBuilder(device.certificate.serial_number, at).build()
    made = x509.CertificateRevocationListBuilder(by.certificate.subject, at, at + timedelta(days=7), [], [entry])
    return made.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


class TestProof:
    def test_an_authority_must_be_shown_to_be_ours(self, tenant: Tenant, stranger: Tenant, root: Issued) -> None:
        with scope(stranger.id):
            theirs = issue(authorities.proof_code(), root)
        with scope(tenant.id):
            code = authorities.proof_code()
        for proof in (theirs, issue("something", root), issue(code, issue("Others", is_authority=True))):
            with pytest.raises(AuthorityUnprovenError):
                trust(tenant, root, proof=proof.pem)
        with pytest.raises(ExpiredCertificateError):
            trust(tenant, root, proof=issue(code, root, start=utc_now() - timedelta(days=9), days=1).pem)

    def test_what_is_no_authority(self, tenant: Tenant, root: Issued) -> None:
        for pem in ("", "nothing", issue("PX-1", root).pem, root.pem + root.pem):
            with pytest.raises(BrokenCertificateError):
                trust(tenant, root, pem=pem)
        with pytest.raises(TermsError):
            trust(tenant, root, allowed=-1)
        old = issue("Old", is_authority=True, start=utc_now() - timedelta(days=9), days=1)
        with pytest.raises(ExpiredCertificateError):
            trust(tenant, old)

    def test_twice(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        with pytest.raises(AuthorityTakenError):
            trust(tenant, root)


class TestChallenges:
    def test_each_is_another_and_ends(self) -> None:
        now = utc_now()
        (one, ends), (other, _) = possession.new_challenge(now=now), possession.new_challenge(now=now)
        assert one != other
        assert ends - now == possession.CHALLENGE_HOLDS
        device = issue("PX-1")
        for challenge, when in (
            (one, now + timedelta(minutes=2)),
            (one + "0", now),
            ("", now),
            ("a.b.c.d", now),
            ("é", now),
        ):
            signature = base64.b64encode(device.sign(challenge)).decode()
            with pytest.raises(UnprovenCertificateError):
                possession.admit_proven(
                    certificates=device.pem, challenge=challenge, signature=signature, now=when
                )  # fmt: skip
        with pytest.raises(UnprovenCertificateError):
            possession.admit_proven(certificates=device.pem, challenge=one, signature="é", now=now)

    def test_tokens_that_ended_long_ago_are_forgotten(self, tenant: Tenant, root: Issued) -> None:
        trust(tenant, root)
        device = issue("PX-1", root)
        admit(device)
        admit(device, now=utc_now() + timedelta(days=9))
        assert GatewayToken.objects.count() == 1
