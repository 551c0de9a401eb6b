"""The authorities that sign the certificates of the tenant's devices: proving, keeping and withdrawing them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from cryptography import x509
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from tenants.kernel.secrets import is_same_digest, token_digest
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from twins.gateways.models import Authority, AuthorityAnchor
from twins.gateways.provisioning import chains
from twins.gateways.provisioning.errors import (
    AuthorityNotFoundError,
    AuthorityTakenError,
    AuthorityUnprovenError,
    BrokenCertificateError,
    RefusedCertificateError,
    TermsError,
)
from twins.gateways.provisioning.keys import MOST_ALLOWED

_CODE_LETTERS = 40


def authorities() -> QuerySet[Authority]:
    """The authorities of the tenant in scope, newest first."""
    return Authority.objects.all()


def authority(authority_id: UUID) -> Authority:
    """One of them.

    Raises:
        AuthorityNotFoundError: The tenant has no such authority.
    """
    found = authorities().filter(id=authority_id).first()
    if found is None:
        raise AuthorityNotFoundError
    return found


def proof_code() -> str:
    """What the common name of the proving certificate must be: the same for the tenant at all times, of no other."""
    return _codes()[0]


def add_authority(*, name: str, pem: str, proof: str, allowed: int, by: str, now: datetime) -> Authority:
    """Trust an authority, once a certificate that it has signed for us shows that it is the tenant's.

    Args:
        name: What people call it.
        pem: Its certificate.
        proof: A certificate that it signed, whose common name is `proof_code`.
        allowed: How many devices with serials that nobody knows become new gateways.
        by: Who does this.
        now: When.

    Raises:
        AuthorityTakenError: It is here already, or is another organisation's.
        AuthorityUnprovenError: The proof does not show that it is the tenant's.
        BrokenCertificateError: One of the two is no certificate that fits.
        ExpiredCertificateError: One of the two is not valid now.
        TermsError: Too many new gateways are allowed.
    """
    if not 0 <= allowed <= MOST_ALLOWED:
        raise TermsError(
            f"an authority makes 0 to {MOST_ALLOWED:,} gateways", place="allowed", fix="Choose another number."
        )
    certificate = chains.read_authority(pem, now=now)
    _check_proof(proof, certificate, now)
    _check_others(certificate)
    with transaction.atomic(), _once():
        row = Authority.objects.create(
            name=name, fingerprint=chains.fingerprint(certificate), subject=chains.told_name(certificate.subject),
            pem=chains.as_pem(certificate), not_after=certificate.not_valid_after_utc, allowed=allowed, created_by=by,
            created_at=now,
        )  # fmt: skip
        _anchor(row, certificate)
        record_audit(
            action="gateway.authority_added", subject=f"authority/{row.id}", by=by, now=now,
            details={"name": name, "fingerprint": row.fingerprint, "allowed": allowed},
        )  # fmt: skip
    return row


def withdraw_authority(*, authority: UUID, by: str, now: datetime) -> Authority:
    """Trust an authority no more: its devices get no new tokens. Doing it again changes nothing.

    Raises:
        AuthorityNotFoundError: The tenant has no such authority.
    """
    with transaction.atomic():
        row = _locked(authority)
        if row.withdrawn_at is None:
            row.withdrawn_at = now
            row.save(update_fields=["withdrawn_at"])
            record_audit(
                action="gateway.authority_withdrawn", subject=f"authority/{row.id}", by=by, now=now,
                details={"name": row.name, "fingerprint": row.fingerprint},
            )  # fmt: skip
    return row


def put_revocation_list(*, authority: UUID, data: bytes, by: str, now: datetime) -> Authority:
    """Take an authority's revocation list in place of the one before.

    Raises:
        AuthorityNotFoundError: The tenant has no such authority.
        BrokenCertificateError: It is no such list, not of this authority, or older than the one that is here.
    """
    with transaction.atomic():
        row = _locked(authority)
        found = chains.read_list(data, chains.read_certificates(row.pem, place="certificate")[0])
        if row.list_issued_at is not None and found.issued_at < row.list_issued_at:
            raise BrokenCertificateError(
                f"the list is of {found.issued_at:%Y-%m-%d %H:%M}, older than the one that is here", place="list",
                kept="The newer one.", fix="Send the newest list of the authority.",
            )  # fmt: skip
        row.revoked_serials, row.list_issued_at, row.list_due_at = list(found.serials), found.issued_at, found.due_at
        row.save(update_fields=["revoked_serials", "list_issued_at", "list_due_at"])
        record_audit(
            action="gateway.authority_list", subject=f"authority/{row.id}", by=by, now=now,
            details={"name": row.name, "revoked": len(found.serials)},
        )  # fmt: skip
    return row


def _check_proof(proof: str, authority_: x509.Certificate, now: datetime) -> None:
    chain = chains.read_certificates(proof, place="proof")
    chains.check_times(chain, now=now, place="proof")
    told = chains.common_name(chain[0]).lower()
    try:
        chains.verify_chain(chain, authority_, now=now)
    except RefusedCertificateError as error:
        raise AuthorityUnprovenError(
            f"the authority did not sign the proof, or not soundly: {error.message}", place="proof",
            fix="Sign a certificate with this authority's key, as the page shows, and send that.",
        ) from error  # fmt: skip
    if not any(is_same_digest(code, told) for code in _codes()):
        raise AuthorityUnprovenError(
            f"the proof is not for this organisation: its common name must be {proof_code()}", place="proof",
            fix="Sign a certificate with that common name, and send that.",
        )  # fmt: skip


def _check_others(certificate: x509.Certificate) -> None:
    """No certificate may lead to two organisations: neither by the same certificate nor by another of the same key."""
    if AuthorityAnchor.objects.filter(fingerprint=chains.fingerprint(certificate)).exists():
        raise _taken("this authority is here already")
    others = AuthorityAnchor.objects.filter(public_key=chains.key_digest(certificate))
    if others.exclude(tenant=required_tenant("an authority")).exists():
        raise _taken("another organisation has this authority")


def _anchor(row: Authority, certificate: x509.Certificate) -> None:
    AuthorityAnchor.objects.create(
        fingerprint=row.fingerprint, tenant_id=required_tenant("an authority"), authority=row.id, pem=row.pem,
        subject=chains.name_digest(certificate.subject), public_key=chains.key_digest(certificate),
    )  # fmt: skip


@contextmanager
def _once() -> Iterator[None]:
    """Two who add the same authority at the same moment: the second is told so."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _taken("this authority is here already") from error


def _taken(message: str) -> AuthorityTakenError:
    fix = "Use an authority of its own for each organisation; one that was withdrawn needs a new certificate."
    return AuthorityTakenError(message, place="certificate", fix=fix)


def _locked(authority_id: UUID) -> Authority:
    found = Authority.objects.select_for_update().filter(id=authority_id).first()
    if found is None:
        raise AuthorityNotFoundError
    return found


def _codes() -> list[str]:
    """The code under each secret that the installation has had, the newest first."""
    text = f"authority:{required_tenant('an authority')}"
    return [token_digest(text, secret=key)[:_CODE_LETTERS] for key in settings.SEALING_KEYS]
