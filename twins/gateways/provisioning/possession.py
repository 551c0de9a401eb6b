"""A device that shows its certificate: a challenge to sign, and a token that lasts for a day."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography import x509
from django.conf import settings
from django.core.cache import cache
from django.db.models import F

from tenants.kernel.errors import OutturnError
from tenants.kernel.secrets import is_same_digest, token_digest
from tenants.record.services import record_audit
from tenants.scope.context import scope
from twins.gateways.errors import ShutGatewayError
from twins.gateways.models import Authority, AuthorityAnchor, Gateway, GatewayToken
from twins.gateways.provisioning import chains
from twins.gateways.provisioning.errors import (
    AmbiguousAuthorityError,
    ExpiredCertificateError,
    RefusedCertificateError,
    RevokedCertificateError,
    UnknownAuthorityError,
    UnknownDeviceError,
    UnprovenCertificateError,
)
from twins.gateways.provisioning.registration import check_state
from twins.gateways.schemas import Admission, GatewayTerms, Origin
from twins.gateways.services import add_gateway, end_tokens, give_token

CHALLENGE_HOLDS = timedelta(minutes=2)
TOKEN_HOLDS = timedelta(days=1)
OVERLAP = timedelta(minutes=10)
"""How long the token before goes on, so that nothing under way is refused."""
_FORGOTTEN_AFTER = timedelta(days=7)
_WORD = "outturn-certificate"


@dataclass(frozen=True, slots=True)
class Trust:
    """By whom a certificate was found to be signed."""

    tenant: UUID
    authorities: tuple[UUID, ...]
    chain: tuple[x509.Certificate, ...]


def new_challenge(*, now: datetime) -> tuple[str, datetime]:
    """A text that a device signs with its certificate's key, and until when it is taken. Nothing is kept of it."""
    ends = now + CHALLENGE_HOLDS
    text = f"{_WORD}.{int(ends.timestamp())}.{secrets.token_urlsafe(18)}"
    return f"{text}.{_mac(text, settings.SEALING_KEYS[0])}", ends


def admit_proven(*, certificates: str, challenge: str, signature: str, now: datetime) -> Admission:
    """A token for a device that signed a challenge; outside any scope.

    Args:
        certificates: Its certificate and those between it and the authority, as PEM.
        challenge: One that was given out less than two minutes ago, and not used yet.
        signature: Of the challenge, in base64.
        now: When.

    Raises:
        UnprovenCertificateError: The challenge or the signature does not hold.
        OutturnError: As `admit_certificate`.
    """
    chain = chains.read_certificates(certificates, place="certificates")
    _check_challenge(challenge, now)
    try:
        signed = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        signed = b""
    chains.verify_possession(chain[0], signed, challenge.encode())
    return admit_certificate(chain=chain, now=now)


def admit_certificate(*, chain: Sequence[x509.Certificate], now: datetime) -> Admission:
    """A token for the device of a certificate whose key it was shown to have; outside any scope.

    Raises:
        AmbiguousAuthorityError: Several organisations could be meant.
        BrokenCertificateError: The certificate names no device.
        ExpiredCertificateError: It, or one above it, is not valid now.
        LimitReachedError: The tenant may have no more gateways.
        RefusedCertificateError: The chain does not hold.
        RevokedCertificateError: It, or its authority, was revoked.
        ShutGatewayError: Its gateway is disabled.
        UnknownAuthorityError: Nobody here trusts whoever signed it.
        UnknownDeviceError: No gateway has this serial, and the authority makes no more.
    """
    serial = chains.common_name(chain[0])
    trust = _trusted(chain, now)
    with scope(trust.tenant):
        check_state(now=now)
        authority = _in_force(trust)
        gateway = Gateway.objects.select_for_update().filter(serial=serial).first()
        if gateway is None:
            gateway = _made(authority, serial, now)
        if gateway.disabled_at is not None:
            raise ShutGatewayError(f"{gateway.name} is disabled", place="certificates", fix="Enable it on its page.")
        return _admitted(gateway, authority, trust.chain, now)


def _trusted(chain: Sequence[x509.Certificate], now: datetime) -> Trust:
    issuers = {chains.name_digest(one.issuer) for one in chain}
    anchors = list(AuthorityAnchor.objects.filter(subject__in=issuers))
    if not anchors:
        raise UnknownAuthorityError(
            f"nobody here trusts “{chains.told_name(chain[-1].issuer)}”", place="certificates",
            fix="Add the authority under Gateways, Authorities, or send the certificates between as well.",
        )  # fmt: skip
    chains.check_times(chain, now=now, place="certificates")
    found: dict[UUID, list[tuple[UUID, list[x509.Certificate]]]] = {}
    refusal: OutturnError | None = None
    for anchor in anchors:
        certificate = chains.read_certificates(anchor.pem, place="certificates")[0]
        try:
            chains.check_times([certificate], now=now, place="certificates")
            way = chains.verify_chain(chain, certificate, now=now)
            found.setdefault(anchor.tenant_id, []).append((anchor.authority, way))
        except (ExpiredCertificateError, RefusedCertificateError) as error:
            refusal = error
    if not found:
        assert refusal is not None  # each anchor led to one or the other, or raised
        raise refusal
    if len(found) > 1:
        raise AmbiguousAuthorityError(
            "the authority is that of several organisations", place="certificates",
            fix="Use an authority of its own for each organisation.",
        )  # fmt: skip
    ((tenant, ways),) = found.items()
    return Trust(tenant, tuple(authority for authority, _ in ways), tuple(ways[0][1]))


def _in_force(trust: Trust) -> Authority:
    rows = list(Authority.objects.select_for_update().filter(id__in=trust.authorities))
    standing = [row for row in rows if row.withdrawn_at is None]
    if not standing:
        raise RevokedCertificateError(
            "its authority was withdrawn", place="certificates", fix="Give the device a certificate of another one."
        )
    revoked = {serial for row in rows for serial in row.revoked_serials}
    if any(f"{one.serial_number:x}" in revoked for one in trust.chain[:-1]):
        raise RevokedCertificateError(
            "it is on its authority's revocation list", place="certificates", fix="Give the device a new certificate."
        )
    return standing[0]


def _made(authority: Authority, serial: str, now: datetime) -> Gateway:
    if authority.made >= authority.allowed:
        raise UnknownDeviceError(
            f"no gateway has the serial {serial}, and “{authority.name}” may make no more", place="certificates",
            fix="Make a gateway with this serial, or let the authority make more.",
        )  # fmt: skip
    terms = GatewayTerms(serial, serial)
    gateway = add_gateway(terms=terms, origin=Origin.CERTIFICATE, made_with=authority.id, now=now)
    Authority.objects.filter(id=authority.id).update(made=F("made") + 1)
    record_audit(
        action="gateway.registered", subject=f"gateway/{gateway.id}", by=f"Authority {authority.name}", now=now,
        details={"name": gateway.name, "serial": serial},
    )  # fmt: skip
    return gateway


def _admitted(gateway: Gateway, authority: Authority, chain: Sequence[x509.Certificate], now: datetime) -> Admission:
    until = min(now + TOKEN_HOLDS, *(one.not_valid_after_utc for one in chain))
    fingerprint = chains.fingerprint(chain[0])
    of_gateway = GatewayToken.objects.filter(gateway=gateway.id).exclude(certificate="")
    if not of_gateway.filter(certificate=fingerprint).exists():  # its renewals are no news
        record_audit(
            action="gateway.certificate_shown", subject=f"gateway/{gateway.id}", by=f"Authority {authority.name}",
            now=now, details={"name": gateway.name, "serial": gateway.serial, "fingerprint": fingerprint},
        )  # fmt: skip
    of_gateway.filter(until__lte=now - _FORGOTTEN_AFTER).delete()
    end_tokens(gateway=gateway.id, at=now + OVERLAP, now=now, of_certificates_only=True)
    token = give_token(gateway=gateway, now=now, until=until, certificate=fingerprint)
    return Admission(gateway.id, gateway.name, token, expires_at=until)


def _check_challenge(challenge: str, now: datetime) -> None:
    text, _, mac = challenge.rpartition(".")
    is_ours = challenge.isascii() and any(is_same_digest(_mac(text, key), mac) for key in settings.SEALING_KEYS)
    if not is_ours:
        raise _unproven("the challenge was not given out here")
    ends = datetime.fromtimestamp(int(text.split(".")[1]), UTC)
    if ends <= now:
        raise _unproven("the challenge is more than two minutes old")
    if not cache.add(f"gateway:challenge:{mac}", 1, 2 * CHALLENGE_HOLDS.total_seconds()):
        raise _unproven("the challenge was used before")


def _unproven(message: str) -> UnprovenCertificateError:
    return UnprovenCertificateError(message, place="challenge", fix="Ask for a new challenge, and sign that.")


def _mac(text: str, key: str) -> str:
    return token_digest(f"challenge:{text}", secret=key)
