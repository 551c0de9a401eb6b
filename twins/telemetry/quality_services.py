"""Replacing readings: a person or a later estimate knows better, says why, and can be undone.

What was sent is not lost: a substitution keeps it, and undoing is another revision that puts it back. Both are written
by a job, through the same commit as all readings, so that later stages see them as news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite
from uuid import UUID

from pydantic import JsonValue

from tenants.jobs.services import start_job
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.record.services import record_audit
from twins.composer.selectors import twins
from twins.telemetry.instants import micros
from twins.telemetry.models import Signal, Substitution
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import readings
from twins.telemetry.series import Series

JOB = "readings.substitute"
MOST_REPLACED = 10_000
"""Readings of one substitution."""
LONGEST_REASON = 400


class SubstitutionError(OutturnError):
    """Readings cannot be replaced so."""

    code = "substitution.invalid"
    status = 422


class SubstitutionNotFoundError(NotFoundError):
    """The tenant has no such substitution."""

    code = "substitution.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such substitution", place="substitution", fix="Choose one from the list.")


class SignalNotFoundError(NotFoundError):
    """The tenant has no such signal."""

    code = "signal.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such signal", place="signal", fix="Choose a signal of a published twin.")


class SubstitutionUndoneError(ConflictError):
    """It was undone before."""

    code = "substitution.undone"


def substitute_readings(
    *, asset: UUID, key: str, values: Sequence[tuple[datetime, float]], reason: str, by: str, now: datetime
) -> Substitution:
    """Replace readings of one signal; they are ``SUBSTITUTED`` as soon as the job that writes them is done.

    Args:
        asset: The signal's asset.
        key: Its key.
        values: Instants of stored readings, each with the value it is to have, in the unit of the signal.
        reason: Why, for people.
        by: Who.
        now: When.

    Raises:
        SignalNotFoundError: There is no such signal.
        SubstitutionError: There is no reading at one of the instants, a value is not finite, or there are none or too
            many.
    """
    signal = Signal.objects.filter(asset=asset, key=key).first()
    if signal is None or not twins().filter(id=signal.twin).exists():  # those who are held to places reach not all
        raise SignalNotFoundError
    wanted = dict(values)
    _check(wanted, values, reason)
    at = sorted(wanted)
    stored = _stored(signal, at)
    row = Substitution(
        twin=signal.twin, asset=asset, key=key, signal=signal.id, at=at, value=[wanted[each] for each in at],
        quality=[int(Quality.SUBSTITUTED)] * len(at), former_value=[stored[each][0] for each in at],
        former_quality=[stored[each][1] for each in at], reason=reason.strip(), by=by, made_at=now,
    )  # fmt: skip
    return _asked(row, "readings.substituted", by, now)


def undo_substitution(*, substitution: UUID, reason: str, by: str, now: datetime) -> Substitution:
    """Put back what was there before a substitution, as a revision of its own.

    Raises:
        SubstitutionNotFoundError: There is no such substitution.
        SubstitutionUndoneError: It was undone before, or undoes another itself.
        SubstitutionError: There is no reason, or another one has replaced the readings since.
    """
    row = _substitution(substitution)
    if row.undoes is not None or Substitution.objects.filter(undoes=row.id).exists():
        raise SubstitutionUndoneError(
            "this substitution was undone before, or undoes another", place="substitution",
            kept="What is stored now.", fix="Replace the readings again with the values that are wanted.",
        )  # fmt: skip
    _check_reason(reason)
    if Substitution.objects.filter(signal=row.signal, id__gt=row.id, at__overlap=row.at).exists():
        raise SubstitutionError(
            "some of these readings were replaced again since", place="substitution",
            kept="What is stored now.", fix="Undo the newer substitution first, or replace the readings again.",
        )  # fmt: skip
    undo = Substitution(
        twin=row.twin, asset=row.asset, key=row.key, signal=row.signal, at=row.at, value=row.former_value,
        quality=row.former_quality, former_value=row.value, former_quality=row.quality, reason=reason.strip(), by=by,
        made_at=now, undoes=row.id,
    )  # fmt: skip
    return _asked(undo, "readings.restored", by, now)


def _substitution(substitution: UUID) -> Substitution:
    row = Substitution.objects.filter(id=substitution).first()
    if row is None:
        raise SubstitutionNotFoundError
    return row


def _asked(row: Substitution, action: str, by: str, now: datetime) -> Substitution:
    row.save(force_insert=True)
    details: dict[str, JsonValue] = {
        "asset": str(row.asset),
        "signal": row.key,
        "readings": len(row.at),
        "reason": row.reason,
    }
    record_audit(action=action, subject=f"substitution/{row.id}", by=by, now=now, details=details)
    start_job(kind=JOB, params={"substitution": str(row.id)}, by=by, now=now)
    return row


def _check(wanted: dict[datetime, float], values: Sequence[tuple[datetime, float]], reason: str) -> None:
    _check_reason(reason)
    if not 1 <= len(wanted) <= MOST_REPLACED:
        message = f"from 1 to {MOST_REPLACED:,} readings are replaced at once"
        raise SubstitutionError(message, place="values", fix="Replace them in several steps.")
    if len(wanted) != len(values):
        raise SubstitutionError("an instant stands there twice", place="values", fix="Name each instant once.")
    if not all(isfinite(value) for value in wanted.values()):
        raise SubstitutionError("a value is not finite", place="values", fix="Give each reading a finite value.")


def _check_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        message = f"a reason of at most {LONGEST_REASON} letters is needed"
        raise SubstitutionError(message, place="reason", fix="Say why the readings are replaced.")


def _stored(signal: Signal, at: Sequence[datetime]) -> dict[datetime, tuple[float, int]]:
    """What is stored at some ascending instants."""
    series: Series = readings([signal.id], at[0], at[-1] + timedelta(microseconds=1))[signal.id]
    known = dict(
        zip(series.at.tolist(), zip(series.value.tolist(), series.quality.tolist(), strict=True), strict=True)
    )  # fmt: skip
    missing = next((each for each in at if micros(each) not in known), None)
    if missing is not None:
        raise SubstitutionError(
            f"there is no reading at {missing.isoformat()}", place="values",
            fix="Replace readings that are there; send what is missing through a gateway.",
        )  # fmt: skip
    return {each: known[micros(each)] for each in at}
