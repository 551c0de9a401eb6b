"""Which alarms there are: those of the types of published twins, and what people made of them, as columns."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from uuid import UUID

import numpy as np
from django.db.models import Count, Max

from tenants.kernel.errors import OutturnError
from tenants.scope.context import held_to, required_tenant
from twins.alarms.domain.conditions import Batch, Floats, Ints, Kind, Points
from twins.alarms.expressions import Channel, Expression, Properties, Vocabularies, truths
from twins.alarms.models import AlarmRule
from twins.catalog.domain.alarms import condition_of
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.domain.naming import title_of
from twins.catalog.domain.values import plain_values
from twins.catalog.schemas import Alarm, AssetType
from twins.catalog.selectors import resolved_types
from twins.composer.models import Twin
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import publication_mark, published_twins
from twins.language.units import conversion
from twins.telemetry.models import Signal
from twins.telemetry.schemas import Quality, Readings, usable

_KINDS = {
    "above": Kind.ABOVE, "below": Kind.BELOW, "rising": Kind.RISING, "falling": Kind.FALLING, "silent": Kind.STALE,
}  # fmt: skip
_MICROSECOND = 1e6
BY_DESIGN = "~"
"""Follows the key of an alarm in that of the expression that suppresses it; no alarm's own key has it."""
_HELD = 0.5
"""The limit of an expression's truth, which is 1 or 0."""


@dataclass(frozen=True, slots=True)
class Point:
    """One alarm of one asset.

    Attributes:
        site: Where its twin stands.
        unit: Of its signal, a UCUM code.
        rule: The rule that people made, None when the type says it.
        of: The type of the asset with what it inherits.
        properties: Of the asset, for expressions.
        hides: The key of the alarm that it suppresses by design: then it is none itself, but only an expression.
    """

    twin: UUID
    site: UUID | None
    asset: UUID
    asset_name: str
    key: str
    alarm: Alarm
    unit: str
    rule: UUID | None
    of: AssetType
    properties: Properties
    hides: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return title_of(self.alarm.name) or self.key.replace("_", " ").capitalize()


@dataclass(frozen=True, eq=False)
class Plan:
    """All alarms of a tenant, those of a twin beside each other.

    Attributes:
        points: The alarms.
        conditions: What is asked of their signals, in the same order.
        signal: The signals that are watched, ascending; shape ``(pairs,)``.
        watching: The alarm that watches each.
        factor: ``factor * stored + offset`` is the value in the unit of the type.
        offset: See ``factor``.
        expressions: The conditions that are expressions.
        spans: Where the alarms of each twin begin and end.
        marks: Tells by twin whether the alarms are still those that were remembered.
    """

    points: Sequence[Point]
    conditions: Points
    signal: Ints
    watching: Ints
    factor: Floats
    offset: Floats
    expressions: Sequence[Expression]
    spans: Mapping[UUID, slice]
    marks: Mapping[UUID, str]
    index: Mapping[tuple[UUID, str], int] = field(default_factory=dict)

    def batch(self, readings: Readings) -> Batch:
        """The readings as the alarms see them: each beside each alarm that watches its signal."""
        low = np.searchsorted(readings.signal, self.signal, side="left")
        count = np.searchsorted(readings.signal, self.signal, side="right") - low
        hit = np.flatnonzero(count)
        hit = hit[np.argsort(self.watching[hit], kind="stable")]
        low, count = low[hit], count[hit]
        pair = np.repeat(hit, count)
        point = self.watching[pair]
        within = np.arange(point.size) - np.repeat(np.cumsum(count) - count, count)
        row = np.repeat(low, count) + within
        quality = readings.quality[row]
        is_silence = self.conditions.kind[point] == Kind.STALE
        # A value that cannot be trusted says nothing of a limit, but it did come; one sent again as new did not.
        measured = readings.value[row] * self.factor[pair] + self.offset[pair]
        value = np.where(usable(quality), measured, np.nan)
        taken = ~(is_silence & (quality == Quality.STALE))
        plain = Batch(point[taken], readings.at[row][taken], value[taken])
        return _together(plain, truths(self.expressions, readings)) if self.expressions else plain

    @cached_property
    def dependents(self) -> Mapping[int, Sequence[int]]:
        """The alarms that each alarm suppresses while it is active."""
        found: dict[int, list[int]] = defaultdict(list)
        for number, point in enumerate(self.points):
            above = self.suppressor(point)
            if above is not None:
                found[above].append(number)
        return found

    def suppressor(self, point: Point) -> int | None:
        """The alarm that suppresses one, if one does."""
        return None if point.alarm.suppressed_by is None else self.index.get((point.asset, point.alarm.suppressed_by))

    def depth(self, number: int) -> int:
        """How many alarms stand above one in a line of suppression; a circle ends somewhere.

        An expression that suppresses stands above all alarms.
        """
        if self.points[number].hides:
            return -1
        seen: list[int] = []
        above: int | None = self.suppressor(self.points[number])
        while above is not None and above not in seen:
            seen.append(above)
            above = self.suppressor(self.points[above])
        return len(seen)


def _together(one: Batch, other: Batch) -> Batch:
    """Both by point; no point is in both."""
    point = np.concatenate((one.point, other.point))
    order = np.argsort(point, kind="stable")
    return Batch(
        point[order], np.concatenate((one.at, other.at))[order], np.concatenate((one.value, other.value))[order]
    )


def current_plan() -> Plan:
    """All alarms of the tenant in scope."""
    with held_to(None):
        rules = AlarmRule.objects.order_by().aggregate(count=Count("*"), last=Max("changed_at"))
        stored = Signal.objects.order_by().aggregate(count=Count("*"), last=Max("id"))
        sites = dict(Twin.objects.order_by().values_list("id", "site_id"))
        mark = f"{publication_mark()} {rules} {stored} {hash(frozenset(sites.items()))}"
        return _plan(required_tenant("alarms"), mark)


@lru_cache(maxsize=64)
def _plan(_tenant: UUID, _mark: str) -> Plan:
    """Worked out once for a publication or a change of rules: there may be thousands of assets."""
    types = resolved_types()
    rules = list(AlarmRule.objects.order_by("id"))
    sites = dict(Twin.objects.order_by().values_list("id", "site_id"))
    points: list[Point] = []
    for document in published_twins():
        points += points_of(document, types, rules, sites.get(UUID(document.twin)))
    return _compiled(points)


def points_of(
    document: TwinDocument, types: Mapping[str, ResolvedType], rules: Iterable[AlarmRule], site: UUID | None
) -> list[Point]:
    """The alarms of the assets of one twin.

    Args:
        document: Its newest published version, or what would be.
        types: The published types with all that they inherit; those of the assets are among them.
        rules: What people made of the alarms of types.
        site: Where it stands.
    """
    twin, found = UUID(document.twin), []
    mine = [rule for rule in rules if rule.twin_id in (None, twin)]
    by_type: dict[str, list[tuple[str, Alarm, UUID | None]]] = {}
    of_assets: dict[UUID, list[AlarmRule]] = defaultdict(list)
    for rule in mine:
        if rule.asset is not None:
            of_assets[rule.asset].append(rule)
    for asset_id, asset in sorted(document.assets.items(), key=lambda item: (item[1].name, item[0])):
        resolved = types[asset.type]
        if asset.type not in by_type:
            by_type[asset.type] = _of_type(resolved, mine)
        alarms = by_type[asset.type]
        if own := of_assets.get(UUID(asset_id)):
            alarms = _overruled(alarms, own)
        for key, alarm, rule_id in alarms:
            has_formula = alarm.when or alarm.suppressed_when
            properties = plain_values(resolved.document.properties, asset.properties) if has_formula else {}
            point = Point(
                twin, site, UUID(asset_id), asset.name, key, alarm, _unit(resolved.document, alarm), rule_id,
                resolved.document, properties,
            )  # fmt: skip
            found.append(point)
            if alarm.suppressed_when is not None:
                expression = Alarm(when=alarm.suppressed_when)
                found.append(replace(point, key=f"{key}{BY_DESIGN}", alarm=expression, unit="", hides=key))
    return found


def _unit(of: AssetType, alarm: Alarm) -> str:
    """The unit of the signal that an alarm watches, a derived one among them."""
    key = alarm.signal or ""
    if key in of.signals:
        return of.signals[key].unit
    return of.derived[key].unit if key in of.derived else ""


def _of_type(resolved: ResolvedType, rules: Iterable[AlarmRule]) -> list[tuple[str, Alarm, UUID | None]]:
    """The alarms of a type, overruled by the rules for it: those for all twins first, then those for this one."""
    lineage = {ref.partition("@")[0] for ref in resolved.lineage}
    theirs = [rule for rule in rules if rule.asset is None and rule.asset_type in lineage]
    said: list[tuple[str, Alarm, UUID | None]] = [(key, each, None) for key, each in resolved.document.alarms.items()]
    return _overruled(said, sorted(theirs, key=lambda rule: rule.twin_id is not None))


def _overruled(
    said: Iterable[tuple[str, Alarm, UUID | None]], rules: Iterable[AlarmRule]
) -> list[tuple[str, Alarm, UUID | None]]:
    found: dict[str, tuple[str, Alarm, UUID | None] | None] = {each[0]: each for each in said}
    for rule in rules:
        found[rule.key] = (rule.key, Alarm.model_validate(rule.document), rule.id) if rule.is_enabled else None
    return [each for _, each in sorted(found.items()) if each is not None]


def _compiled(points: Sequence[Point]) -> Plan:
    """The alarms as columns."""
    known = (*_KINDS, "when")
    points = sorted((each for each in points if condition_of(each.alarm) in known), key=lambda each: str(each.twin))
    channels = _channels(points)
    pairs = sorted(
        (channel.signal, number, channel.factor, channel.offset)
        for number, point in enumerate(points)
        if (channel := channels[point.asset].get(point.alarm.signal or "")) is not None
    )
    checked = Vocabularies()
    expressions = (
        checked.expression(number, point.of, point.alarm.when, channels[point.asset], point.properties)
        for number, point in enumerate(points)
        if point.alarm.when is not None
    )
    spans = _spans(points)
    return Plan(
        points, _conditions(points), np.array([pair[0] for pair in pairs], np.int64),
        np.array([pair[1] for pair in pairs], np.int64), np.array([pair[2] for pair in pairs], np.float64),
        np.array([pair[3] for pair in pairs], np.float64), [each for each in expressions if each is not None], spans,
        {twin: _mark(points[span]) for twin, span in spans.items()},
        {(point.asset, point.key): number for number, point in enumerate(points)},
    )  # fmt: skip


def _channels(points: Sequence[Point]) -> Mapping[UUID, Mapping[str, Channel]]:
    """The signals of the assets; one whose unit no longer converts into that of its type is as good as not there."""
    types = {point.asset: point.of for point in points}
    found: dict[UUID, dict[str, Channel]] = {asset: {} for asset in types}
    rows = Signal.objects.filter(asset__in=types).order_by().values_list("asset", "key", "id", "unit")
    for asset, key, id_, unit in rows:
        of = types[asset]
        declared = of.signals.get(key) or of.derived.get(key)
        if declared is None:
            continue
        try:
            way = conversion(unit, declared.unit)
        except OutturnError:
            continue
        found[asset][key] = Channel(id_, float(way.factor), float(way.offset))
    return found


def _conditions(points: Sequence[Point]) -> Points:
    rows = [_row(each.alarm) for each in points]
    kind, limit, deadband, on_delay, off_delay, window = zip(*rows, strict=True) if rows else ((),) * 6
    return Points(
        np.array(kind, np.int64), np.array(limit, np.float64), np.array(deadband, np.float64),
        np.array(on_delay, np.int64), np.array(off_delay, np.int64), np.array(window, np.int64),
    )  # fmt: skip


def _row(alarm: Alarm) -> tuple[int, float, float, int, int, int]:
    condition = condition_of(alarm) or ""
    if condition == "when":
        on, off = (int(each.total_seconds() * _MICROSECOND) if each else 0 for each in (alarm.for_, alarm.clear_after))
        return int(Kind.ABOVE), _HELD, 0.0, on, off, 1
    limit = 0.0 if condition == "silent" else float(getattr(alarm, condition))
    limit = -limit if condition == "falling" else limit
    on_delay = sum(int(each.total_seconds() * _MICROSECOND) for each in (alarm.silent, alarm.for_) if each)
    off_delay = int(alarm.clear_after.total_seconds() * _MICROSECOND) if alarm.clear_after else 0
    window = int(alarm.window.total_seconds() * _MICROSECOND) if alarm.window else 1
    return int(_KINDS[condition]), limit, float(alarm.deadband or 0), on_delay, off_delay, max(1, window)


def _spans(points: Sequence[Point]) -> dict[UUID, slice]:
    spans: dict[UUID, slice] = {}
    for number, point in enumerate(points):
        start = spans[point.twin].start if point.twin in spans else number
        spans[point.twin] = slice(start, number + 1)
    return spans


def _mark(points: Sequence[Point]) -> str:
    text = "\n".join(f"{each.asset}/{each.key} {_row(each.alarm)}" for each in points)
    return hashlib.sha256(text.encode()).hexdigest()
