"""Certificates of devices and of those who sign them (X.509, RFC 5280): read, verified, no database.

Chains are verified by `cryptography`, whose profile is the web's but for the names of devices: those are in the common
name, not in addresses. So RSA keys have at least 2048 bits, elliptic ones lie on P-256, P-384 or P-521, certificates
are of version 3, and those who sign say so in basicConstraints and keyUsage.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from twins.gateways.provisioning.errors import (
    BrokenCertificateError,
    ExpiredCertificateError,
    RefusedCertificateError,
    UnprovenCertificateError,
)

MOST_CERTIFICATES = 8
"""Of one chain."""
LONGEST_NAME = 120
_FIX_PEM = "Send it as PEM, beginning with -----BEGIN CERTIFICATE-----."
_REASON = re.compile(r"\s*\(encountered processing.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What a revocation list (CRL) says.

    Attributes:
        serials: Serial numbers of revoked certificates, in hexadecimal digits.
        due_at: When the next list was promised; None when no promise was made.
    """

    serials: tuple[str, ...]
    issued_at: datetime
    due_at: datetime | None


def read_certificates(pem: str, *, place: str) -> list[x509.Certificate]:
    """Certificates in PEM, the device's first.

    Raises:
        BrokenCertificateError: There is none, or one that cannot be read, or there are too many.
    """
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BrokenCertificateError("this is no certificate", place=place, fix=_FIX_PEM) from error
    if len(found) > MOST_CERTIFICATES:
        raise BrokenCertificateError(
            f"there are {len(found)} certificates", place=place, fix=f"Send at most {MOST_CERTIFICATES}."
        )
    return found


def read_authority(pem: str, *, now: datetime) -> x509.Certificate:
    """The one certificate of somebody who signs others.

    Raises:
        BrokenCertificateError: It is none, or several, or may not sign others.
        ExpiredCertificateError: It is not valid now.
    """
    found = read_certificates(pem, place="certificate")
    if len(found) > 1:
        raise BrokenCertificateError(
            f"there are {len(found)} certificates", place="certificate", fix="Give each authority by itself."
        )
    if not _may_sign(found[0]):
        raise BrokenCertificateError(
            "this certificate may not sign others", place="certificate",
            fix="Give the authority's own: basicConstraints says CA:TRUE, keyUsage says keyCertSign.",
        )  # fmt: skip
    check_times(found, now=now, place="certificate")
    return found[0]


def check_times(chain: Sequence[x509.Certificate], *, now: datetime, place: str) -> None:
    """Refuse what is not valid now.

    Raises:
        ExpiredCertificateError: One of the certificates is not.
    """
    for one in chain:
        if one.not_valid_after_utc <= now:
            raise ExpiredCertificateError(
                f"the certificate of “{told_name(one.subject)}” ended on {one.not_valid_after_utc:%Y-%m-%d}",
                place=place, fix="Give the device a new one.",
            )  # fmt: skip
        if one.not_valid_before_utc > now:
            raise ExpiredCertificateError(
                f"the certificate of “{told_name(one.subject)}” begins on {one.not_valid_before_utc:%Y-%m-%d}",
                place=place, fix="Wait until then, or give the device another one.",
            )  # fmt: skip


def verify_chain(
    chain: Sequence[x509.Certificate], anchor: x509.Certificate, *, now: datetime
) -> list[x509.Certificate]:
    """The way from a device's certificate to whom it is trusted by, that one included.

    Args:
        chain: The device's certificate, and those between.
        anchor: Whom the tenant trusts.
        now: When.

    Raises:
        RefusedCertificateError: There is none.
    """
    builder = PolicyBuilder().store(Store([anchor])).time(now)
    builder = builder.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_OF_DEVICES
    )  # fmt: skip
    try:
        return builder.build_client_verifier().verify(chain[0], list(chain[1:])).chain
    except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
        reason = _REASON.sub("", str(error))[:200] or "it cannot be verified"
        raise RefusedCertificateError(
            f"the certificate is refused: {reason}", place="certificates",
            fix="Send the device's certificate and those between it and the authority, in version 3 with RSA of 2048 "
                "bits or P-256.",
        ) from error  # fmt: skip


def common_name(certificate: x509.Certificate) -> str:
    """What a device calls itself: the one common name of its certificate.

    Raises:
        BrokenCertificateError: It has none, or several, or one that is too long.
    """
    names = [str(one.value).strip() for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not 0 < len(names[0]) <= LONGEST_NAME or not names[0].isprintable():
        raise BrokenCertificateError(
            "the certificate does not say one name of its device", place="certificates",
            fix=f"Put the device's serial into the common name (CN), with at most {LONGEST_NAME} letters.",
        )  # fmt: skip
    return names[0]


def verify_possession(certificate: x509.Certificate, signature: bytes, message: bytes) -> None:
    """Prove that whoever signed a message has the private key of a certificate: ECDSA or RSA (PKCS 1), with SHA-256.

    Raises:
        UnprovenCertificateError: It is not so.
    """
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            return
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return
    except InvalidSignature:
        pass
    raise UnprovenCertificateError(
        "the signature is not of this certificate's key", place="signature",
        fix="Sign exactly the text of the challenge with SHA-256 and the device's private key, and send it in base64.",
    )  # fmt: skip


def read_list(data: bytes, authority: x509.Certificate) -> RevocationList:
    """A revocation list of an authority, in PEM or DER.

    Raises:
        BrokenCertificateError: It is none, or signed by somebody else.
    """
    try:
        is_pem = data.lstrip().startswith(b"-----")
        found = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
        is_theirs = found.issuer == authority.subject and found.is_signature_valid(authority.public_key())  # type: ignore[arg-type] # refuses other kinds of keys itself
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BrokenCertificateError(
            "this is no revocation list", place="list", fix="Send the authority's CRL, as PEM or DER."
        ) from error
    if not is_theirs:
        raise BrokenCertificateError(
            "the list was not signed by this authority", place="list", fix="Send the list of this authority."
        )
    return RevocationList(
        tuple(f"{one.serial_number:x}" for one in found), found.last_update_utc, found.next_update_utc
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def name_digest(name: x509.Name) -> str:
    """The SHA-256 of a name, by which a signer is found."""
    return hashlib.sha256(name.public_bytes()).hexdigest()


def key_digest(certificate: x509.Certificate) -> str:
    """The SHA-256 of the public key in a certificate."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def told_name(name: x509.Name) -> str:
    """A name as people read it, shortened."""
    return name.rfc4514_string()[:400]


def as_pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode()


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        return is_authority and certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except (x509.ExtensionNotFound, ValueError):
        return False


def _for_clients(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("its extendedKeyUsage is not clientAuth")


_OF_DEVICES = ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_clients)
