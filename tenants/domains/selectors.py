"""Domains to read. All of it acts for the tenant in scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from tenants.domains.dns import own_host
from tenants.domains.domain import GRACE, Pointing, Result, State, challenge_name, challenge_text
from tenants.domains.models import Domain
from tenants.domains.schemas import Record
from tenants.kernel.errors import NotFoundError

LOOK_AGAIN = timedelta(hours=23)
"""A little less than the day between two rounds, so that none passes over what the one before looked at late."""
LOOKED_FOR = timedelta(days=14)
"""So long the daily round looks for the record of a domain that was never proven; then only whoever asks."""


class DomainNotFoundError(NotFoundError):
    """The organisation has no such domain."""


def domains() -> QuerySet[Domain]:
    """The organisation's domains, by name."""
    return Domain.objects.all()


def domain(domain_id: UUID) -> Domain:
    """One domain.

    Raises:
        DomainNotFoundError: The organisation has no such domain.
    """
    found = domains().filter(id=domain_id).first()
    if found is None:
        raise DomainNotFoundError(
            "there is no such domain", place="domain", fix="Choose one from the list of domains."
        )  # fmt: skip
    return found


def proven_mail_domains() -> set[str]:
    """The domains of mail that are proven to be the organisation's."""
    return set(domains().filter(is_mail=True, state=State.PROVEN).values_list("name", flat=True))


def due_domains(*, now: datetime) -> list[UUID]:
    """The domains that the daily round has to look at."""
    late = Q(checked_at=None) | Q(checked_at__lte=now - LOOK_AGAIN)
    wanted = Q(state=State.PROVEN) | Q(state=State.PENDING, created_at__gt=now - LOOKED_FOR)
    return list(domains().filter(late, wanted).values_list("id", flat=True))


def records(row: Domain) -> Sequence[Record]:
    """What has to stand in DNS for a domain."""
    proof = Record("TXT", challenge_name(row.name), challenge_text(row.token))
    return [proof, Record("CNAME", row.name, own_host())] if row.is_web else [proof]


def ours() -> list[str]:
    """The hosts of the installation itself."""
    return [*settings.ALLOWED_HOSTS, own_host()]


def state_of(row: Domain) -> str:
    """What a domain is: ``pending``, ``proven``, ``missing`` (proven, its record gone) or ``lapsed``."""
    return "missing" if row.state == State.PROVEN and row.missing_since else str(row.state)


def told(row: Domain) -> str:
    """What the last look found, in a sentence; empty before the first."""
    match Result(row.result):
        case Result.UNSEEN:
            return ""
        case Result.RIGHT:
            return "The record is there and right."
        case Result.MISSING:
            return f"There is no TXT record at {challenge_name(row.name)}. A new one can take an hour to be seen."
        case Result.WRONG:
            return f"The TXT record at {challenge_name(row.name)} says something else."
        case Result.TAKEN:
            return (
                "The record is right, but the name is in use as an address already. Whoever uses it has to remove it "
                "here first, or lose its record; then check again."
            )
        case Result.FAILED:
            return "DNS gave no answer, which says nothing about the record. Check again in some minutes."


def told_of_traffic(row: Domain) -> str:
    """Where the name leads, in a sentence; empty when nobody has asked."""
    match Pointing(row.pointing):
        case Pointing.UNSEEN:
            return ""
        case Pointing.HERE:
            return f"{row.name} leads here."
        case Pointing.ELSEWHERE:
            return f"{row.name} does not lead here yet but to {row.leads_to}: set the second record."
        case Pointing.NOWHERE:
            return f"{row.name} leads nowhere yet: set the second record."
        case Pointing.FAILED:
            return f"Where {row.name} leads could not be told: {row.leads_to}."


def lapses_at(row: Domain) -> datetime | None:
    """When a proven domain whose record is gone lapses; None for others."""
    if row.state != State.PROVEN or row.missing_since is None:
        return None
    return row.missing_since + GRACE
