"""The post to read: who is written to, what is due, what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from tenants.people.models import Membership
from tenants.people.selectors import members, permissions_of
from tenants.post.models import Letter, RefusedLetters
from tenants.post.registry import LetterKind
from tenants.post.schemas import Delivery
from tenants.scope.actors import Permission, held_to_places
from tenants.scope.context import required_tenant


def readers(kind: LetterKind, customer: UUID | None) -> list[Membership]:
    """Who is told: an end customer's people, or those of the organisation's own who may do what the kind needs."""
    rows = members(required_tenant("a letter")).filter(customer=customer, user__is_active=True)
    return _told(kind, rows.order_by("user_id"))


def reader(kind: LetterKind, user: UUID, customer: UUID | None) -> Membership | None:
    """A person, if they still are one of those who are told."""
    rows = members(required_tenant("a letter")).filter(customer=customer, user__is_active=True, user=user)
    return next(iter(_told(kind, rows)), None)


def due_letters(now: datetime) -> QuerySet[Letter]:
    """The letters of the tenant in scope that are to go out now, those that wait the longest first.

    What was never tried is due whatever the clock says: clocks of two machines differ.
    """
    waiting = Letter.objects.filter(next_at__isnull=False)
    return waiting.filter(Q(attempts=0) | Q(next_at__lte=now)).order_by("next_at", "id")


def is_refused(*, user: UUID, kind: str) -> bool:
    """Whether a person wants no letters of a kind."""
    return RefusedLetters.objects.filter(user=user, kind=kind).exists()


def deliveries(kind: str, things: Collection[UUID]) -> dict[UUID, Delivery]:
    """What became of the letters about some things; one of which nobody was to be told is not in it."""
    rows = Letter.objects.filter(kind=kind, about__in=things).order_by().values("about")
    counted = rows.annotate(
        sent=Count("id", filter=Q(sent_at__isnull=False)), waiting=Count("id", filter=Q(next_at__isnull=False)),
        ended_=Count("id", filter=~Q(ended="")), last_at=Max("sent_at"),
    )  # fmt: skip
    return {row["about"]: Delivery(row["sent"], row["waiting"], row["ended_"], row["last_at"]) for row in counted}


def _told(kind: LetterKind, rows: QuerySet[Membership]) -> list[Membership]:
    found = list(rows)
    may = {role: permissions_of(role) for role in {one.role for one in found if one.customer is None}}
    return [one for one in found if one.customer is not None or kind.needs in _of(one, may[one.role])]


def _of(one: Membership, permissions: frozenset[Permission]) -> frozenset[Permission]:
    return held_to_places(permissions) if one.is_held else permissions
