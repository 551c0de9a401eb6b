"""Our own application certificate as OPC UA wants it (OPC 10000-6, 6.2.2), and fingerprints of others'."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

APPLICATION = "Outturn"
_YEARS = 10
_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Application:
    """Who we are to a server.

    Attributes:
        uri: The application's name, which the certificate bears too.
        certificate: As DER.
        private_key: As PEM, not encrypted.
    """

    uri: str
    certificate: bytes
    private_key: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return fingerprint(self.certificate)


def application_uri(owner: UUID) -> str:
    """The name of the application that acts for somebody."""
    return f"urn:outturn:connector:{owner}"


def make_application(*, owner: UUID, hosts: Sequence[str], now: datetime, name: str = "") -> Application:
    """A new key and a certificate for it that we sign ourselves.

    Args:
        owner: For whom the application acts.
        hosts: Names or addresses of the machine that connects.
        now: From when it holds; an hour earlier in truth, for servers whose clock is late.
        name: What the certificate calls the application; ours, if empty.
    """
    uri = application_uri(owner)
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name or f"{APPLICATION} {str(owner)[-12:]}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, APPLICATION),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder(issuer_name=subject, subject_name=subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *_names(hosts)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Application(uri, certificate.public_bytes(serialization.Encoding.DER), pem.decode())


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a certificate (DER), as 64 digits."""
    return hashlib.sha256(certificate).hexdigest()


def spaced(print_: str) -> str:
    """A fingerprint as people compare it: ``AB12 CD34 …``."""
    return " ".join(print_[place : place + 4].upper() for place in range(0, len(print_), 4))


def leading(chain: bytes) -> bytes:
    """The first certificate of a chain of them, each DER after the other."""
    if len(chain) < 4 or chain[1] != 0x82:  # DER: two bytes tell the length
        return chain
    return chain[: int.from_bytes(chain[2:4], "big") + 4]
