"""The twins as places that people can be held to; the domain that has the twins says where each stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.utils.module_loading import import_string

from tenants.people.models import MembershipPlace


@dataclass(frozen=True, slots=True)
class TwinPlace:
    """A twin as a place that a membership can be held to."""

    twin: UUID
    name: str
    site: UUID | None


@dataclass(frozen=True, slots=True)
class TwinRegister:
    """What the domain of twins offers, each called in the organisation's scope.

    Attributes:
        all: The twins with their sites, by name.
        at: The twins that stand at one of some sites.
        counts: How many twins stand at each site, and at none; a site without twins is not in it.
        move: Put a twin at a site, or at none.
    """

    all: Callable[[], Sequence[TwinPlace]]
    at: Callable[[Collection[UUID]], Collection[UUID]]
    counts: Callable[[], Mapping[UUID | None, int]]
    move: Callable[[UUID, UUID | None], None]


_registered: list[str] = []


def register_twins(register: str) -> None:
    """Let the places of twins be known: the dotted path of a `TwinRegister`, imported when it is first asked."""
    _registered[:] = [register]


def _twins() -> TwinRegister:
    return cast("TwinRegister", import_string(_registered[0]))


def twin_places() -> Sequence[TwinPlace]:
    """The twins of the organisation in scope, by name."""
    return _twins().all()


def standing_at(sites: Collection[UUID]) -> set[UUID]:
    """The twins that stand at one of some sites."""
    return set(_twins().at(sites)) if sites else set()


def twin_counts() -> Mapping[UUID | None, int]:
    """How many twins of the organisation in scope stand at each site, and at none; one without twins is not in it."""
    return _twins().counts()


def move_twin(twin: UUID, site: UUID | None) -> None:
    """Put a twin at a site, or at none."""
    _twins().move(twin, site)


def twins_of(membership: UUID) -> frozenset[UUID]:
    """The twins that a membership which is held to places reaches, in its organisation's scope."""
    rows = list(MembershipPlace.objects.filter(membership=membership).values_list("site", "twin"))
    sites: set[UUID | None] = {site for site, _twin in rows}
    twins: set[UUID | None] = {twin for _site, twin in rows}
    return frozenset({twin for twin in twins if twin} | standing_at({site for site in sites if site}))


def write_places(holder: UUID, *, sites: Iterable[UUID], twins: Iterable[UUID]) -> None:
    """Let the places of a membership, or of a service account, be these and no others."""
    MembershipPlace.objects.filter(membership=holder).delete()
    MembershipPlace.objects.bulk_create(
        [MembershipPlace(membership=holder, site_id=site) for site in sorted(set(sites))]
        + [MembershipPlace(membership=holder, twin=twin) for twin in sorted(set(twins))]
    )
