"""Sharing signals of a twin with an end customer, changing what is shared, and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.customers.selectors import customer as customer_by_id
from tenants.kernel.errors import NotAllowedError, OutturnError
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Permission
from twins.catalog.selectors import resolved_types
from twins.composer.selectors import published_twin, twin
from twins.sharing import selectors
from twins.sharing.models import SharedView
from twins.sharing.schemas import MOST_SIGNALS, ViewTerms


class ViewTermsError(OutturnError):
    """A shared view cannot be like that."""

    code = "shared_view.terms"


class TwinNotReadableError(NotAllowedError):
    """Somebody would show a twin that they may not read themselves."""

    code = "shared_view.not_yours"


def share_view(*, customer: UUID, twin_id: UUID, terms: ViewTerms, by: Actor, now: datetime) -> SharedView:
    """Show an end customer some signals of a twin.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        TwinNotFoundError: The tenant has no such twin.
        TwinNotReadableError: Whoever shares it may not read twins.
        ViewTermsError: Nothing is shared, or what the published twin has not, or the times do not fit.
    """
    _hold_to_giver(by)
    with transaction.atomic():
        row = SharedView(customer=customer_by_id(customer), twin=twin(twin_id), made_by=by.name, made_at=now)
        _write(row, terms, now)
        record_audit(
            action="view.shared", subject=f"view/{row.id}", by=by.name, now=now,
            details={"name": row.name, "customer": str(customer), "twin": str(twin_id)},
        )  # fmt: skip
    return row


def change_view(*, view: UUID, terms: ViewTerms, by: Actor, now: datetime) -> SharedView:
    """Show other signals, or another time; customer and twin stay. It takes effect with the next look.

    Raises:
        SharedViewNotFoundError: The tenant has no such view, or it is revoked.
        TwinNotReadableError: Whoever changes it may not read twins.
        ViewTermsError: Nothing is shared, or what the published twin has not, or the times do not fit.
    """
    _hold_to_giver(by)
    with transaction.atomic():
        row = selectors.shared_view(view)
        if row.revoked_at is not None:
            raise selectors.SharedViewNotFoundError
        _write(row, terms, now)
        record_audit(action="view.changed", subject=f"view/{row.id}", by=by.name, now=now, details={"name": row.name})
    return row


def revoke_view(*, view: UUID, by: Actor, now: datetime) -> SharedView:
    """End a shared view: it is gone with the next look. Doing it again changes nothing.

    Raises:
        SharedViewNotFoundError: The tenant has no such view.
    """
    with transaction.atomic():
        row = selectors.shared_view(view)
        if row.revoked_at is None:
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            record_audit(
                action="view.revoked", subject=f"view/{row.id}", by=by.name, now=now, details={"name": row.name}
            )
    return row


def _hold_to_giver(by: Actor) -> None:
    if not by.may(Permission.TWINS_READ):
        raise TwinNotReadableError("you may not show what you may not see: it takes twins.read", place="twin")


def _write(row: SharedView, terms: ViewTerms, now: datetime) -> None:
    if terms.end is not None and terms.end <= terms.start:
        raise ViewTermsError("the time ends before it begins", place="end", fix="Choose a later end, or none.")
    if terms.expires_at is not None and terms.expires_at <= now:
        raise ViewTermsError("it would be over already", place="expires_at", fix="Choose a later time, or none.")
    _check_signals(row.twin_id, terms.signals)
    row.name, row.start, row.end, row.expires_at = terms.name, terms.start, terms.end, terms.expires_at
    row.signals = {str(asset): sorted(keys) for asset, keys in sorted(terms.signals.items()) if keys}
    row.save()


def _check_signals(twin_id: UUID, wanted: Mapping[UUID, frozenset[str]]) -> None:
    number = sum(map(len, wanted.values()))
    if not number:
        raise ViewTermsError("no signal is chosen", place="signals", fix="Choose at least one.")
    if number > MOST_SIGNALS:
        raise ViewTermsError(
            f"{number} signals are chosen", place="signals", fix=f"Choose at most {MOST_SIGNALS}, or make two views."
        )
    document, types = published_twin(twin_id), resolved_types()
    for asset_id, keys in wanted.items():
        asset = None if document is None else document.assets.get(str(asset_id))
        known = types[asset.type].document.signals.keys() if asset is not None else frozenset[str]()
        if beyond := sorted(keys - known):
            raise ViewTermsError(
                f"the published twin has no signal {beyond[0]} of {asset.name if asset else asset_id}", place="signals",
                fix="Choose signals of assets that the published version of the twin has.",
            )  # fmt: skip
