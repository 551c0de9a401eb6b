"""Where twins stand: what the places of people are told of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Count

from tenants.people.places import TwinPlace, TwinRegister
from twins.composer.models import Twin


def _all() -> Sequence[TwinPlace]:
    return [TwinPlace(*row) for row in Twin.objects.order_by("name").values_list("id", "name", "site_id")]


def _at(sites: Collection[UUID]) -> Collection[UUID]:
    return set(Twin.objects.filter(site__in=sites).values_list("id", flat=True))


def _counts() -> Mapping[UUID | None, int]:
    return dict(Twin.objects.order_by().values_list("site_id").annotate(count=Count("id")))


def _move(twin: UUID, site: UUID | None) -> None:
    Twin.objects.filter(id=twin).update(site=site)


TWINS = TwinRegister(all=_all, at=_at, counts=_counts, move=_move)
