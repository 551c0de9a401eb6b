"""Making and changing the rules of alarms; each change is a version, and stands in the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from pydantic import JsonValue, ValidationError

from tenants.kernel.errors import ConflictError, Finding, OutturnError
from tenants.record.services import record_audit
from twins.alarms.following import NAME
from twins.alarms.models import AlarmRule, AlarmRuleVersion
from twins.alarms.selectors import rule as rule_by_id
from twins.catalog.domain.alarms import alarm_findings
from twins.catalog.domain.formulas import formulas_of
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.schemas import Alarm
from twins.catalog.selectors import resolved_types
from twins.composer.selectors import published_twin
from twins.composer.selectors import twin as twin_by_id
from twins.live.following import call_step


class AlarmRuleError(OutturnError):
    """A rule cannot be like that."""

    code = "alarm_rule.invalid"
    status = 422


class AlarmRuleTakenError(ConflictError):
    """There is a rule of this key for the same things already."""

    code = "alarm_rule.taken"


class AlarmRuleStaleError(ConflictError):
    """Somebody else changed the rule meanwhile."""

    code = "alarm_rule.stale"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is for: one asset of a twin, or all assets of a type, in a twin or in all."""

    twin: UUID | None = None
    asset: UUID | None = None
    asset_type: str = ""


def create_rule(*, key: str, scope: Scope, document: Mapping[str, Any], by: str, now: datetime) -> AlarmRule:
    """Make an alarm for an asset or for all of a type; one of the key of a type's alarm takes its place.

    Raises:
        AlarmRuleError: It is not an alarm that these assets can have.
        AlarmRuleTakenError: There is such a rule already.
        TwinNotFoundError: The tenant has no such twin.
    """
    alarm = _checked(key, scope, document)
    row = AlarmRule(
        key=key, twin_id=scope.twin, asset=scope.asset, asset_type=scope.asset_type, document=alarm.as_json(),
        changed_by=by, changed_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise AlarmRuleTakenError(
            f"there is a rule {key} for these already", place="key", fix="Change that one, or choose another key."
        ) from None
    _noted(row, "alarm_rule.made", by, now)
    return row


def change_rule(*, rule: UUID, version: int, document: Mapping[str, Any], by: str, now: datetime) -> AlarmRule:
    """Change what a rule says.

    Raises:
        AlarmRuleNotFoundError: The tenant has no such rule.
        AlarmRuleStaleError: The version is not the one in force.
        AlarmRuleError: It is not an alarm that these assets can have.
    """
    with transaction.atomic():
        row = _held(rule, version)
        scope = Scope(row.twin_id, row.asset, row.asset_type)
        row.document = _checked(row.key, scope, document).as_json()
        _stepped(row, by, now)
        _noted(row, "alarm_rule.changed", by, now)
    return row


def switch_rule(*, rule: UUID, on: bool, by: str, now: datetime) -> AlarmRule:
    """Put a rule in force, or take its alarm away, also that of the type.

    Raises:
        AlarmRuleNotFoundError: The tenant has no such rule.
    """
    with transaction.atomic():
        row = _held(rule, None)
        if row.is_enabled != on:
            row.is_enabled = on
            _stepped(row, by, now)
            _noted(row, "alarm_rule.switched_on" if on else "alarm_rule.switched_off", by, now)
    return row


def delete_rule(*, rule: UUID, by: str, now: datetime) -> None:
    """Delete a rule: what the type says counts again. Its versions stay.

    Raises:
        AlarmRuleNotFoundError: The tenant has no such rule.
    """
    with transaction.atomic():
        row = _held(rule, None)
        subject = f"alarm_rule/{row.id}"
        details: dict[str, JsonValue] = {"key": row.key, "version": row.version}
        row.delete()
        record_audit(action="alarm_rule.deleted", subject=subject, by=by, now=now, details=details)
        call_step(NAME, at=now)


def _held(rule: UUID, version: int | None) -> AlarmRule:
    rule_by_id(rule)
    row = AlarmRule.objects.select_for_update().get(id=rule)
    if version is not None and row.version != version:
        raise AlarmRuleStaleError(
            f"{row.changed_by} changed it meanwhile: it is version {row.version} now", place="version",
            kept="Nothing was changed.", fix="Look at the rule as it is, and change that.",
        )  # fmt: skip
    return row


def _stepped(row: AlarmRule, by: str, now: datetime) -> None:
    row.version += 1
    row.changed_by, row.changed_at = by, now
    row.save()


def _noted(row: AlarmRule, action: str, by: str, now: datetime) -> None:
    AlarmRuleVersion.objects.create(
        rule=row.id, version=row.version, document=row.document, is_enabled=row.is_enabled, changed_by=by,
        changed_at=now,
    )  # fmt: skip
    details: dict[str, JsonValue] = {"key": row.key, "version": row.version}
    record_audit(action=action, subject=f"alarm_rule/{row.id}", by=by, now=now, details=details)
    call_step(NAME, at=now)


def _checked(key: str, scope: Scope, document: Mapping[str, Any]) -> Alarm:
    resolved = type_in(scope)
    try:
        alarm = Alarm.model_validate(dict(document))
    except ValidationError as error:
        findings = [
            Finding("alarm_rule.malformed", "/".join(map(str, each["loc"])), f"{each['msg']}.", "Write it as asked.")
            for each in error.errors()
        ]
        raise AlarmRuleError(
            "this is not an alarm", place=findings[0].place, fix="Mend what is named.", findings=findings
        ) from None
    of = resolved.document
    found = list(alarm_findings({key: alarm}, of.model_copy(update={"alarms": {**of.alarms, **_siblings(scope)}})))
    found += formulas_of(of.model_copy(update={"alarms": {key: alarm}})).findings if _has_formula(alarm) else ()
    if found:
        first = found[0]
        raise AlarmRuleError(
            first.message.removesuffix("."), place=first.place.rpartition("/")[2], fix=first.fix, findings=found
        )
    return alarm


def _has_formula(alarm: Alarm) -> bool:
    return alarm.when is not None or alarm.suppressed_when is not None


def _siblings(scope: Scope) -> dict[str, Alarm]:
    """The alarms that other rules give to the same assets, which may suppress this one."""
    rows = AlarmRule.objects.filter(asset=scope.asset, asset_type=scope.asset_type)
    return {row.key: Alarm.model_validate(row.document) for row in rows}


def type_in(scope: Scope) -> ResolvedType:
    """The type of what a rule is for; of several versions the newest.

    Raises:
        AlarmRuleError: There is no such type or asset, or both or neither are named.
        TwinNotFoundError: The tenant has no such twin.
    """
    types = resolved_types()
    if scope.twin is not None:
        twin_by_id(scope.twin)
    if (scope.asset is None) == (not scope.asset_type) or (scope.asset is not None and scope.twin is None):
        raise AlarmRuleError(
            "a rule is for one asset of a twin, or for all of a type", place="asset", fix="Name one of the two."
        )
    if scope.asset is not None and scope.twin is not None:
        document = published_twin(scope.twin)
        asset = None if document is None else document.assets.get(str(scope.asset))
        if asset is None:
            raise AlarmRuleError(
                "the published twin has no such asset", place="asset", fix="Choose an asset of the published twin."
            )
        return types[asset.type]
    versions = [each for each in types.values() if each.document.key == scope.asset_type]
    if not versions:
        raise AlarmRuleError(
            f"there is no type {scope.asset_type}", place="asset_type", fix="Choose one of the catalogue."
        )
    return max(versions, key=lambda each: each.document.version)
