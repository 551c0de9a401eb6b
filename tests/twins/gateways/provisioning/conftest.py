"""Devices that meet the routes of provisioning, and a shop that makes certificates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from starlette.applications import Starlette

from tenants.kernel.clock import utc_now
from tests.ingest import client_of
from twins.gateways import lookups
from twins.gateways.provisioning.chains import as_pem


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tries of another test are counted, and no token is remembered."""
    cache.clear()
    monkeypatch.setattr(lookups, "REMEMBERED_SECONDS", 0.0)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A device that nobody knows yet."""
    async with client_of(app, address="192.0.2.7") as made:
        yield made


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return as_pem(self.certificate)

    def sign(self, text: str) -> bytes:
        return self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))


def issue(
    name: str | x509.Name, by: Issued | None = None, *, is_authority: bool = False, start: datetime | None = None,
    days: int = 30, key: ec.EllipticCurvePrivateKey | None = None, usage: Any = None,
) -> Issued:  # fmt: skip
    """A certificate, signed by itself or by an authority."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    start = start or utc_now() - timedelta(hours=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if isinstance(name, str) else name
    builder = x509.CertificateBuilder(
        issuer_name=by.certificate.subject if by else subject, subject_name=subject, public_key=key.public_key(),
        serial_number=x509.random_serial_number(), not_valid_before=start, not_valid_after=start + timedelta(days=days),
    )  # fmt: skip
    signer = by.key if by else key
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    if is_authority:
        signs = {"key_cert_sign": True, "crl_sign": True}
        others = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(x509.KeyUsage(**signs, **others), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Issued(builder.sign(signer, hashes.SHA256()), key)
