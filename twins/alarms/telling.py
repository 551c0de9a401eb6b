"""Where alarms are told, who is on call, and in which order people are called: making and changing it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction

from tenants.edge.outgoing import checked_address
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.kernel.sealing import reseal, seal
from tenants.record.services import record_audit
from twins.alarms.delivering import PURPOSE, put_in_post
from twins.alarms.domain.oncall import Override
from twins.alarms.domain.states import Priority
from twins.alarms.models import AlarmChannel, AlarmDelivery, EscalationChain, OnCallSchedule
from twins.composer.selectors import twin as twin_by_id

MOST_LEVELS, MOST_PEOPLE, MOST_DAYS, LONGEST_WAIT_S = 10, 50, 365, 7 * 86_400
Row = TypeVar("Row", bound=models.Model)


class TellingError(OutturnError):
    """A channel, a schedule or a chain cannot be like that."""

    code = "alarm_telling.invalid"
    status = 422


class NameTakenError(ConflictError):
    """Another has this name."""

    code = "alarm_telling.taken"


class TellingNotFoundError(NotFoundError):
    """There is no such channel, schedule or chain."""

    code = "alarm_telling.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such thing here", place="id", fix="Choose one from the list.")


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a chain: who is told so many seconds after the one before."""

    wait_s: int
    channels: Sequence[UUID] = ()
    schedules: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class ScheduleTerms:
    """What a schedule is to be.

    Attributes:
        zone: IANA name of the zone in which hands change.
        first: The day on which the first of the people begins.
        handover: The time of the zone at which hands change.
        days: How long a turn is.
        people: Addresses of mail, in the order of their turns.
        overrides: Exceptions; the last of several counts.
    """

    name: str
    zone: str
    first: date
    handover: time
    days: int
    people: Sequence[str]
    overrides: Sequence[Override] = ()


def _found(model: type[Row], id_: UUID) -> Row:
    row = model._default_manager.filter(pk=id_).first()
    if row is None:
        raise TellingNotFoundError
    return row


def _saved(row: Row, action: str, by: str, now: datetime) -> Row:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise NameTakenError("another has this name", place="name", fix="Choose another name.") from None
    record_audit(action=action, subject=f"alarm/{row.pk}", by=by, now=now, details={"name": str(row)})
    return row


def save_channel(
    *, channel: UUID | None, name: str, addresses: Sequence[str] = (), url: str = "", by: str, now: datetime
) -> tuple[AlarmChannel, str]:  # fmt: skip
    """Make or change a channel: addresses of mail, or a webhook. The second is a new webhook's secret, told this once.

    Raises:
        TellingError: There is neither an address nor a webhook, or both, or one is no address.
        ForbiddenAddressError: The webhook is not one that we would ask.
        NameTakenError: Another has this name.
        TellingNotFoundError: There is no such channel.
    """
    if bool(addresses) == bool(url):
        raise TellingError(
            "a channel has addresses of mail, or a webhook", place="addresses", fix="Give one of the two."
        )
    for each in addresses:
        _check_mail(each, "addresses")
    if url:
        checked_address(url)
    row = AlarmChannel(created_at=now) if channel is None else _found(AlarmChannel, channel)
    secret = ""
    if url and not row.sealed_secret:
        secret = secrets.token_urlsafe(32)
        row.sealed_secret = seal(secret, keys=settings.SEALING_KEYS, purpose=PURPOSE)
    row.name, row.kind = name, "webhook" if url else "mail"
    row.addresses, row.url = list(dict.fromkeys(addresses)), url
    return _saved(row, "alarm_channel.saved", by, now), secret


def reseal_channels() -> int:
    """Seal the tenant's secrets of webhooks under the newest secret of the installation; how many were moved.

    Raises:
        SealBrokenError: One of them opens under none of the installation's keys.
    """
    moved = 0
    for row in AlarmChannel.objects.select_for_update().exclude(sealed_secret=b""):
        sealed = reseal(bytes(row.sealed_secret), keys=settings.SEALING_KEYS, purpose=PURPOSE)
        if sealed != bytes(row.sealed_secret):
            moved += AlarmChannel.objects.filter(id=row.id).update(sealed_secret=sealed)
    return moved


def _check_mail(address: str, place: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise TellingError(f"“{address[:100]}” is no address of mail", place=place, fix="Mend the address.") from None


def try_channel(*, channel: UUID, now: datetime) -> list[AlarmDelivery]:
    """Send a word to a channel to see whether it arrives.

    Raises:
        TellingNotFoundError: There is no such channel.
    """
    row = _found(AlarmChannel, channel)
    body = {"kind": "test", "count": 0, "alarms": []}
    addresses = row.addresses if row.kind == "mail" else [row.url]
    return [
        put_in_post(channel=row, address=each, subject=f"A test of the channel {row.name}", body=body, now=now)
        for each in addresses
    ]


def save_schedule(*, schedule: UUID | None, terms: ScheduleTerms, by: str, now: datetime) -> OnCallSchedule:
    """Make or change a schedule of who is on call.

    Raises:
        UnknownZoneError: There is no such zone.
        TellingError: A person is no address of mail, or an override ends before it begins.
        NameTakenError: Another has this name.
        TellingNotFoundError: There is no such schedule.
    """
    time_zone(terms.zone)
    for person in (*terms.people, *(each.person for each in terms.overrides)):
        _check_mail(person, "people")
    if any(each.end <= each.start for each in terms.overrides):
        raise TellingError("an exception ends before it begins", place="overrides", fix="Choose a later end.")
    if not 1 <= terms.days <= MOST_DAYS or not 1 <= len(terms.people) <= MOST_PEOPLE:
        raise TellingError("a turn is 1 to 365 days, of 1 to 50 people", place="days", fix="Choose within that.")
    row = OnCallSchedule(created_at=now) if schedule is None else _found(OnCallSchedule, schedule)
    row.name, row.zone, row.first = terms.name, terms.zone, terms.first
    row.handover, row.days, row.people = terms.handover, terms.days, list(terms.people)
    row.overrides = [
        {"start": isoformat(each.start), "end": isoformat(each.end), "person": each.person} for each in terms.overrides
    ]
    return _saved(row, "alarm_schedule.saved", by, now)


def save_chain(
    *, chain: UUID | None, name: str, priorities: Sequence[str], twin: UUID | None, levels: Sequence[Level],
    is_enabled: bool = True, by: str, now: datetime,
) -> EscalationChain:  # fmt: skip
    """Make or change a chain: who is told of which alarms, level after level until somebody acknowledges.

    Raises:
        TellingError: It has no level or priority, or a level that nobody hears.
        NameTakenError: Another has this name.
        TellingNotFoundError: There is no such chain, channel or schedule.
        TwinNotFoundError: The tenant has no such twin.
    """
    wanted = [each.value for each in Priority if each.value in priorities]
    if not wanted:
        raise TellingError("a chain is for some priority", place="priorities", fix="Choose at least one.")
    if not 1 <= len(levels) <= MOST_LEVELS or any(not (each.channels or each.schedules) for each in levels):
        raise TellingError(
            f"a chain has 1 to {MOST_LEVELS} levels, and each of them tells somebody", place="levels",
            fix="Choose a channel or a schedule for each level.",
        )  # fmt: skip
    if any(not 0 <= each.wait_s <= LONGEST_WAIT_S for each in levels):
        raise TellingError("a level waits up to a week", place="levels", fix="Choose a shorter time.")
    _check_all(AlarmChannel, {id_ for each in levels for id_ in each.channels})
    _check_all(OnCallSchedule, {id_ for each in levels for id_ in each.schedules})
    if twin is not None:
        twin_by_id(twin)
    row = EscalationChain(created_at=now) if chain is None else _found(EscalationChain, chain)
    row.name, row.priorities, row.twin_id, row.is_enabled = name, wanted, twin, is_enabled
    row.levels = [
        {"wait_s": each.wait_s, "channels": [*map(str, each.channels)], "schedules": [*map(str, each.schedules)]}
        for each in levels
    ]
    return _saved(row, "alarm_chain.saved", by, now)


def _check_all(model: type[models.Model], ids: set[UUID]) -> None:
    if ids and model._default_manager.filter(pk__in=ids).count() != len(ids):
        raise TellingNotFoundError


def _deleting(model: type[models.Model], action: str) -> Callable[..., None]:
    def delete(*, id_: UUID, by: str, now: datetime) -> None:
        """Delete it.

        Raises:
            TellingNotFoundError: There is none.
        """
        with transaction.atomic():
            row = _found(model, id_)
            name = str(row)
            row.delete()
            record_audit(action=action, subject=f"alarm/{id_}", by=by, now=now, details={"name": name})

    return delete


delete_channel = _deleting(AlarmChannel, "alarm_channel.deleted")
delete_schedule = _deleting(OnCallSchedule, "alarm_schedule.deleted")
delete_chain = _deleting(EscalationChain, "alarm_chain.deleted")
