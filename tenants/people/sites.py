"""The places of an organisation: spaces, the sites in them, and which twins stand where."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.people.models import MembershipPlace, Site, Space, SpaceKind
from tenants.people.places import move_twin, standing_at, twin_places
from tenants.people.rights import rights_changed
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant


class PlaceTakenError(ConflictError):
    """Another place is called so."""

    code = "place.taken"


class PlaceInUseError(ConflictError):
    """Something stands there still."""

    code = "place.in_use"


class TimeZoneError(OutturnError):
    """There is no such time zone."""

    code = "place.time_zone"


def create_space(*, name: str, kind: SpaceKind, by: str, now: datetime) -> Space:
    """A new space.

    Raises:
        PlaceTakenError: Another space is called so.
    """
    with transaction.atomic():
        space = Space(name=name.strip(), kind=kind, created_at=now)
        _save(space, name)
        record_audit(action="space.created", subject=f"space/{space.id}", by=by, now=now, details={"name": space.name})
    return space


def delete_space(*, space: UUID, by: str, now: datetime) -> None:
    """Take away a space without sites.

    Raises:
        NotFoundError: The organisation has no such space.
        PlaceInUseError: Sites lie in it.
    """
    with transaction.atomic():
        row = Space.objects.select_for_update().filter(id=space).first()
        if row is None:
            raise NotFoundError("there is no such space", place="space", fix="Choose one from the list of sites.")
        try:
            with transaction.atomic():
                row.delete()
        except ProtectedError as error:
            raise PlaceInUseError(
                f"{len(error.protected_objects)} sites lie in “{row.name}”", place="space", kept="Nothing was changed.",
                fix="Move or delete its sites first.",
            ) from error  # fmt: skip
        record_audit(action="space.deleted", subject=f"space/{space}", by=by, now=now, details={"name": row.name})


def save_site(
    *, site: UUID | None, space: UUID, name: str, address: str, time_zone: str, by: str, now: datetime
) -> Site:
    """A new site, or other facts about one that is there.

    Raises:
        NotFoundError: The organisation has no such site or space.
        PlaceTakenError: Another site of the space is called so.
        TimeZoneError: There is no such time zone.
    """
    if time_zone not in available_timezones():
        raise TimeZoneError(
            f"“{time_zone}” is no time zone", place="time_zone", fix="Use a name such as Europe/Berlin or UTC."
        )
    if not Space.objects.filter(id=space).exists():
        raise NotFoundError("there is no such space", place="space", fix="Choose one of the organisation's spaces.")
    with transaction.atomic():
        row = Site(created_at=now) if site is None else _locked(site)
        row.space_id, row.name, row.address, row.time_zone = space, name.strip(), address.strip(), time_zone
        _save(row, name)
        action = "site.created" if site is None else "site.changed"
        record_audit(action=action, subject=f"site/{row.id}", by=by, now=now, details={"name": row.name})
    return row


def delete_site(*, site: UUID, by: str, now: datetime) -> None:
    """Take away a site where no twin stands and to which nobody is held.

    Raises:
        NotFoundError: The organisation has no such site.
        PlaceInUseError: Twins stand there, or people are held to it.
    """
    with transaction.atomic():
        row = _locked(site)
        twins = len(standing_at({row.id}))
        people = MembershipPlace.objects.filter(site=row).count()
        if twins or people:
            raise PlaceInUseError(
                f"{twins} twins stand at “{row.name}”, {people} people are held to it", place="site",
                kept="Nothing was changed.", fix="Move the twins, and hold the people to other places, first.",
            )  # fmt: skip
        try:
            row.delete()
        except ProtectedError as error:
            raise PlaceInUseError(
                f"gateways stand at “{row.name}”", place="site", kept="Nothing was changed.",
                fix="Put them elsewhere, or into the trash until they are erased.",
            ) from error  # fmt: skip
        record_audit(action="site.deleted", subject=f"site/{site}", by=by, now=now, details={"name": row.name})


def place_twin(*, twin: UUID, site: UUID | None, by: str, now: datetime) -> None:
    """Say at which site a twin stands, or that it stands at none; who is held to sites sees it from now on, or no more.

    Raises:
        NotFoundError: The organisation has no such site or twin.
    """
    with transaction.atomic():
        if site is not None:
            _locked(site)
        if twin not in {place.twin for place in twin_places()}:
            raise NotFoundError("there is no such twin", place="twin", fix="Choose one of the organisation's twins.")
        move_twin(twin, site)
        record_audit(
            action="twin.placed",
            subject=f"twin/{twin}",
            by=by,
            now=now,
            details={"site": None if site is None else str(site)},
        )
        rights_changed(required_tenant("a site"))


def first_places(*, now: datetime) -> None:
    """The spaces that every organisation begins with."""
    Space.objects.bulk_create(
        [Space(name="Production", kind=SpaceKind.PRODUCTION, created_at=now),
         Space(name="Test", kind=SpaceKind.TEST, created_at=now)]
    )  # fmt: skip


def _locked(site: UUID) -> Site:
    row = Site.objects.select_for_update().filter(id=site).first()
    if row is None:
        raise NotFoundError("there is no such site", place="site", fix="Choose one from the list of sites.")
    return row


def _save(row: Model, name: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise PlaceTakenError(
            f"there is a “{name}” already", place="name", kept="Nothing was changed.", fix="Choose another name."
        ) from error
