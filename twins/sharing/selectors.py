"""Shared views to read, and what is seen through one: its signals, within its time, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Actor, Permission
from twins.catalog.selectors import resolved_types
from twins.composer.selectors import published_twin
from twins.sharing.models import SharedView
from twins.sharing.schemas import SharedSignal, SharedValue
from twins.telemetry.selectors import latest_within, series, signals
from twins.telemetry.series import LatestValue, Series


class SharedViewNotFoundError(NotFoundError):
    """There is no such view, or nothing of that in it, or it is another customer's: the answer is the same for all."""

    code = "shared_view.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such thing here", place="view", fix="Choose one from the list of shared assets.")


def shared_views() -> QuerySet[SharedView]:
    """The shared views of the tenant in scope with their customers and twins, the newest first."""
    return SharedView.objects.select_related("customer", "twin")


def views_in_force(*, now: datetime) -> QuerySet[SharedView]:
    """Those that are neither revoked nor expired, of customers and twins that are not in the trash."""
    held = Q(expires_at=None) | Q(expires_at__gt=now)
    return shared_views().filter(held, revoked_at=None, customer__trashed_at=None, twin__trashed_at=None)


def views_seen_by(actor: Actor, *, now: datetime) -> QuerySet[SharedView]:
    """What somebody may look through: an end customer's people their own views, who may read twins all of them."""
    found = views_in_force(now=now)
    if actor.customer is not None:
        return found.filter(customer=actor.customer)
    return found if actor.may(Permission.TWINS_READ) else found.none()


def view_seen_by(actor: Actor, view: UUID, *, now: datetime) -> SharedView:
    """One of them.

    Raises:
        SharedViewNotFoundError: There is none, or not for them, or not any more.
    """
    found = views_seen_by(actor, now=now).filter(id=view).first()
    if found is None:
        raise SharedViewNotFoundError
    return found


def shared_view(view: UUID) -> SharedView:
    """One shared view of the tenant, in force or not.

    Raises:
        SharedViewNotFoundError: The tenant has no such view.
    """
    found = shared_views().filter(id=view).first()
    if found is None:
        raise SharedViewNotFoundError
    return found


def views_counted() -> dict[UUID, int]:
    """How many views that are not revoked each customer has; one without any is not in it."""
    rows = SharedView.objects.filter(revoked_at=None).values_list("customer").annotate(number=Count("id")).order_by()
    return dict(rows)


def signals_of(view: SharedView) -> list[SharedSignal]:
    """The signals of a view, by the names of their assets and their own."""
    document, types, found = published_twin(view.twin_id), resolved_types(), []
    stored = {(row.asset, row.key): row.unit for row in signals(list(map(UUID, view.signals)))}
    for asset_id, keys in view.signals.items():
        asset = None if document is None else document.assets.get(asset_id)
        known = types[asset.type].document.signals if asset is not None else {}
        for key in keys:
            signal = known.get(key)
            name = key if signal is None else (signal.name or {}).get("en", key)
            unit = stored.get((UUID(asset_id), key)) or ("1" if signal is None else signal.unit)
            found.append(SharedSignal(UUID(asset_id), asset.name if asset else "", key, name, unit))
    return sorted(found, key=lambda each: (each.asset_name, str(each.asset), each.name))


def signal_of(view: SharedView, asset: UUID, key: str) -> SharedSignal:
    """One signal of a view.

    Raises:
        SharedViewNotFoundError: It is none of the view's.
    """
    for each in signals_of(view):
        if (each.asset, each.key) == (asset, key):
            return each
    raise SharedViewNotFoundError


def latest_of(view: SharedView) -> list[SharedValue]:
    """The newest reading of each of a view's signals within its time."""
    wanted = signals_of(view)
    within = latest_within({each.asset for each in wanted}, view.start, view.end)
    newest = {(each.asset, each.key): each for each in within}
    return [_value(each, newest.get((each.asset, each.key))) for each in wanted]


def _value(signal: SharedSignal, newest: LatestValue | None) -> SharedValue:
    if newest is None:
        return SharedValue(signal, None, None, 0)
    return SharedValue(signal, newest.at, newest.value, newest.quality)


def history_of(
    view: SharedView, asset: UUID, key: str, start: datetime, end: datetime, most: int | None = None
) -> Series:
    """The readings of one of a view's signals in ``[start, end)``; of more than `most` only so many, whichever.

    Raises:
        SharedViewNotFoundError: The signal is none of the view's, or the span is not within its time.
    """
    check_within(view, [(asset, key)], start, end)
    return series(asset, key, start, end, most)


def check_within(view: SharedView, places: Iterable[tuple[UUID, str]], start: datetime, end: datetime) -> None:
    """Refuse signals that are none of a view's, and times that are not within its own.

    Raises:
        SharedViewNotFoundError: So it is.
    """
    if any(key not in view.signals.get(str(asset), ()) for asset, key in places):
        raise SharedViewNotFoundError
    if start < view.start or (view.end is not None and end > view.end) or end <= start:
        raise SharedViewNotFoundError
