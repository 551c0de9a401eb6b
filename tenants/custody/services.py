"""The trash: what is put there is gone for everyone, can be taken out for 30 days, and is erased then."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from tenants.custody.eraser import erasing
from tenants.custody.holds import hold_about
from tenants.custody.kinds import objection_to, trash_kind
from tenants.custody.models import TrashItem
from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from tenants.limits.services import require
from tenants.record.services import record_audit
from tenants.scope.actors import Permission
from tenants.scope.context import scope

STAYS = timedelta(days=30)


class TrashRefusedError(ConflictError):
    """Something stands against putting it into the trash."""

    code = "trash.refused"


class NameTakenError(ConflictError):
    """Something else has the name of what is to be taken out."""

    code = "trash.name_taken"


def put_in_trash(*, kind: str, thing: UUID, by: str, now: datetime) -> TrashItem:
    """Put a thing into the trash.

    Raises:
        NotFoundError: There is no such kind, or the tenant has no such thing, or it lies there already.
        TrashRefusedError: Something stands against it; the message says what.
    """
    of = trash_kind(kind)
    with transaction.atomic():
        row = of.model.objects.select_for_update().filter(id=thing).first()
        if row is None:
            raise NotFoundError(f"There is no such {kind}.", place="id", fix="Look at the list of what there is.")
        if objection := objection_to(kind, row):
            raise TrashRefusedError(objection.reason, place=kind, kept=f"“{row}”, as it is.", fix=objection.fix)
        row.trashed_at = now
        row.save(update_fields=["trashed_at"])
        if of.on_trash:
            of.on_trash(row, now)
        item = TrashItem.objects.create(
            kind=kind, thing=thing, name=str(row)[:200], trashed_by=by, trashed_at=now, due_at=now + STAYS
        )
        record_audit(action=f"{kind}.trashed", subject=f"{kind}/{thing}", by=by, now=now)
    return item


def restore(*, item: UUID, by: str, now: datetime, may: frozenset[Permission]) -> TrashItem:
    """Take a thing out of the trash again.

    Raises:
        NotFoundError: The trash has no such thing.
        NotAllowedError: It takes a permission that is not among `may`.
        TrashRefusedError: It is being erased.
        NameTakenError: Something else has its name by now.
        LimitReachedError: The tenant may have no more of these.
    """
    with transaction.atomic():
        found = TrashItem.objects.select_for_update().filter(id=item).first()
        if found is None:
            raise NotFoundError("The trash has no such thing.", place="item", fix="Choose one that lies there.")
        of = trash_kind(found.kind)
        if found.begun_at is not None:
            raise TrashRefusedError(
                "Its time in the trash is over, and it is being erased.", place="item", fix="Make a new one."
            )
        if of.needs not in may:
            raise NotAllowedError(f"It takes the permission {of.needs} to restore it.", place="item")
        if of.meter is not None:
            require(of.meter, now=now)
        row = of.model.everything.select_for_update().get(id=found.thing)
        try:
            with transaction.atomic():
                row.trashed_at = None
                row.save(update_fields=["trashed_at"])
        except IntegrityError as error:
            raise NameTakenError(
                f"Another {found.kind} has the {of.unique_label} “{getattr(row, of.unique)}” by now.", place=of.unique,
                kept="It lies in the trash, as it was.", fix="Rename the other one, or put it into the trash.",
            ) from error  # fmt: skip
        if of.on_restore:
            of.on_restore(row, now)
        found.delete()
        record_audit(action=f"{found.kind}.restored", subject=f"{found.kind}/{found.thing}", by=by, now=now)
    return found


def sweep_trash(tenant: UUID, *, now: datetime) -> int:
    """Erase what has lain in the trash for its time; how many things.

    What a record of money names, or what money still needs readings of, stays and says so; it is tried again each day.
    Call it outside any scope: what refers to a thing is deleted as the owner of the schema.
    """
    with scope(tenant):
        due = list(TrashItem.objects.filter(due_at__lte=now).values_list("id", flat=True))
    return sum(_erase(tenant, item, now) for item in due)


def _erase(tenant: UUID, item: UUID, now: datetime) -> bool:
    """Erase a thing in steps, each in a transaction of its own; whoever is killed in between is followed by another."""
    found = _begin(tenant, item, now)
    if found is None:
        return False
    of = trash_kind(found.kind)
    erased = import_string(of.purge)(tenant, found.thing) if of.purge else 0
    with erasing(tenant) as eraser:
        erased += eraser.delete_with_all_below(of.model, [found.thing])
        erased += sum(eraser.delete_naming(model, column, found.thing) for model, column in of.loose)
    with scope(tenant):
        TrashItem.objects.filter(id=item).delete()
        record_audit(
            action=f"{found.kind}.erased", subject=f"{found.kind}/{found.thing}", by="Outturn", now=now,
            details={"rows": erased},
        )  # fmt: skip
    return True


def _begin(tenant: UUID, item: UUID, now: datetime) -> TrashItem | None:
    """From now on the thing cannot be restored; None when it stays, or was restored meanwhile."""
    with scope(tenant):
        found = TrashItem.objects.select_for_update().filter(id=item).first()
        if found is None or found.begun_at is not None:
            return found
        found.kept_because = _kept_because(tenant, found, now)[:300]
        found.begun_at = None if found.kept_because else now
        found.save(update_fields=["kept_because", "begun_at"])
    return None if found.kept_because else found


def _kept_because(tenant: UUID, item: TrashItem, now: datetime) -> str:
    with erasing(tenant) as eraser:
        named = eraser.money_below(trash_kind(item.kind).model, [item.thing])
    if named:
        return f"A record that must be kept names it: {named}."
    hold = hold_about(item.thing, now=now)
    return "" if hold is None else f"Money needs its readings. {hold.reason}"
