"""Time-stamps: an authority outside of the installation vouches that a head of the log was there at a time (RFC 3161).

Signed heads prove what the log says, witnesses that it only grew; a time-stamp proves to whoever trusts neither us nor
them that it was no later than that. A stamp is of the bytes of the head's note, so that anybody checks it without us:
``openssl ts -verify -data head.txt -in head.tsr -CAfile authority.pem``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.db import transaction
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from tenants.edge.outgoing import OutgoingError, checked_address, fetch
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.record.models import HeadStamp, StampAuthority
from tenants.record.schemas import SignedHead
from tenants.record.selectors import latest_head, stamp_authority
from tenants.record.services import record_audit
from tenants.scope.context import scope

EVERY = timedelta(hours=24)
"""How long a stamp is the newest one before the next head gets its own."""
CLOCKS = timedelta(minutes=5)
"""How far the clock of an authority may be from ours."""
_LONGEST = 64 * 1024
_TYPES = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class StampError(OutturnError):
    """The authority gave no time-stamp that holds."""

    code = "record.timestamp"
    status = 502


class AuthorityError(OutturnError):
    """What was entered is no authority."""

    code = "record.timestamp_authority"
    status = 422


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp that holds.

    Attributes:
        token: The whole answer of the authority, DER.
        at: The time it vouches for.
    """

    token: bytes
    at: datetime


class TimeStamping(Protocol):
    """Whoever vouches for the time of some bytes."""

    def stamp(self, message: bytes) -> Stamp:
        """A time-stamp of a message.

        Raises:
            StampError: There is none that holds.
            OutgoingError: Nobody answers there.
        """


@dataclass(frozen=True, slots=True)
class Rfc3161:
    """An authority that is asked over HTTP, and the certificates that it is believed by."""

    url: str
    roots: Sequence[Certificate]

    def stamp(self, message: bytes) -> Stamp:
        """Ask for a time-stamp of SHA-512, and check all of it."""
        builder = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA512)
        asked = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = fetch(self.url, method="POST", headers=_TYPES, body=asked.as_bytes(), size=_LONGEST)
        if answer.status != HTTPStatus.OK:
            raise self._refused(f"answers with status {answer.status}")
        verifier = VerifierBuilder.from_request(asked)
        for root in self.roots:
            verifier = verifier.add_root_certificate(root)
        try:
            found = decode_timestamp_response(answer.body)
            verifier.build().verify_message(found, message)
            return Stamp(answer.body, found.tst_info.gen_time)
        except (ValueError, VerificationError) as error:
            raise self._refused(f"gave no time-stamp that holds: {error}") from None

    def _refused(self, what: str) -> StampError:
        return StampError(
            f"{self.url} {what}", place="url", kept="The heads of the log, and their time-stamps so far.",
            fix="Check the address, and that the certificates are those the authority signs under.",
        )  # fmt: skip


def read_roots(pem: str) -> list[Certificate]:
    """The certificates that an authority is believed by.

    Raises:
        AuthorityError: There is none.
    """
    try:
        return load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise AuthorityError(
            "These are no certificates.", place="roots", kept="The authority as it was.",
            fix="Paste the authority's root certificate, and those in between, with their BEGIN and END lines.",
        ) from None  # fmt: skip


def choose_authority(*, url: str, roots: str, by: str, now: datetime) -> HeadStamp:
    """Have heads of the log in scope stamped by an authority from now on; the newest one is stamped as a trial.

    Raises:
        NotFoundError: No head has been signed yet.
        ForbiddenAddressError: It is an address that we do not connect to.
        AuthorityError: The certificates are none.
        StampError: Its time-stamp does not hold.
        OutgoingError: Nobody answers there.
    """
    head = latest_head()
    if head is None:
        raise NotFoundError("No head has been signed yet.", place="head", fix="Choose an authority in an hour.")
    checked_address(url)
    stamp = _stamped(head, Rfc3161(url, read_roots(roots)), now=now)
    with transaction.atomic():
        row = StampAuthority.objects.select_for_update().first() or StampAuthority()
        row.url, row.roots, row.chosen_by, row.chosen_at, row.failure, row.failed_at = url, roots, by, now, "", None
        row.save()
        record_audit(action="log.authority_chosen", subject="log", by=by, now=now, details={"url": url})
        return _kept(head, url, stamp, now=now)


def end_authority(*, by: str, now: datetime) -> None:
    """Have no more heads stamped; the stamps that are there stay.

    Raises:
        NotFoundError: There is no authority.
    """
    with transaction.atomic():
        row = StampAuthority.objects.select_for_update().first()
        if row is None:
            raise NotFoundError("No authority was chosen.", place="authority", fix="Look at the page of the log.")
        record_audit(action="log.authority_ended", subject="log", by=by, now=now, details={"url": row.url})
        row.delete()


def stamp_newest(*, tenant: UUID, now: datetime) -> HeadStamp | None:
    """Have a tenant's newest head stamped when that is due, outside any scope: no transaction waits for the authority.

    What fails is kept on the page and tried again an hour later.
    """
    with scope(tenant):
        authority, head = stamp_authority(), latest_head()
        if authority is None or head is None or not _is_due(authority, head, now):
            return None
    try:
        stamp = _stamped(head, Rfc3161(authority.url, read_roots(authority.roots)), now=now)
    except (StampError, OutgoingError) as error:
        with scope(tenant):
            StampAuthority.objects.filter(id=authority.id).update(failure=error.told[:500], failed_at=now)
        return None
    with scope(tenant):
        StampAuthority.objects.filter(id=authority.id).update(failure="", failed_at=None)
        return _kept(head, authority.url, stamp, now=now)


def _is_due(authority: StampAuthority, head: SignedHead, now: datetime) -> bool:
    last = HeadStamp.objects.filter(service=authority.url).order_by("-size").first()
    return last is None or (last.size < head.size and last.received_at <= now - EVERY)


def _stamped(head: SignedHead, authority: TimeStamping, *, now: datetime) -> Stamp:
    stamp = authority.stamp(head.note.encode())
    if not head.sealed_at - CLOCKS <= stamp.at <= now + CLOCKS:
        raise StampError(
            f"The time-stamp says {stamp.at:%Y-%m-%d %H:%M:%S} UTC, when it cannot have been made.", place="url",
            kept="The heads of the log, and their time-stamps so far.",
            fix="Set the clock of this machine right, or choose another authority.",
        )  # fmt: skip
    return stamp


def _kept(head: SignedHead, url: str, stamp: Stamp, *, now: datetime) -> HeadStamp:
    row, _ = HeadStamp.objects.get_or_create(
        size=head.size, service=url, defaults={"token": stamp.token, "stamped_at": stamp.at, "received_at": now}
    )
    return row
