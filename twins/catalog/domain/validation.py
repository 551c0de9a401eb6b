"""Whether the document of an asset type means something: units, bounds, references, parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tenants.kernel.errors import Finding
from twins.catalog.domain.alarms import alarm_findings
from twins.catalog.domain.formulas import formulas_of
from twins.catalog.domain.indicators import INCREASE
from twins.catalog.domain.inheritance import SECTIONS, resolve
from twins.catalog.domain.properties import (
    order_findings,
    parameter_findings,
    property_findings,
    repeated,
    unit_findings,
)
from twins.catalog.domain.targets import target_findings
from twins.catalog.schemas import AssetType, Signal


def validate(document: AssetType, types: Mapping[str, AssetType]) -> tuple[Finding, ...]:
    """Everything that keeps a type from being published, what concerns its parents first; nothing means it is sound.

    Args:
        document: The type.
        types: The published types it may refer to, by ``key@version``.
    """
    resolved, inheritance = resolve(document, types)
    findings = [*inheritance]
    own = _completed(document, resolved.document)
    for check in (_duplicates, _properties, _signals, _derived, _components, _relationships, _commands):
        findings += check(own)
    findings += _duplicate_names(resolved.document)
    findings += _unknown_references(document, resolved.document)
    findings += alarm_findings(own.alarms, resolved.document)
    findings += formulas_of(resolved.document).findings
    findings += _unknown_components(document, types)
    findings += target_findings(document, types)
    return tuple(findings)


def _completed(document: AssetType, merged: AssetType) -> AssetType:
    """The document with what it overrides in part written out, so that an own minimum meets an inherited maximum."""
    sections = {section: getattr(merged, section) for section in SECTIONS}
    own = {section: {key: merged[key] for key in getattr(document, section)} for section, merged in sections.items()}
    return document.model_copy(update=own)


def _duplicates(document: AssetType) -> Iterator[Finding]:
    lists: dict[str, Iterable[str]] = {"extends": document.extends}
    lists |= {f"ports/{key}/accepts": part.accepts for key, part in document.ports.items()}
    lists |= {f"relationships/{key}/targets": part.targets for key, part in document.relationships.items()}
    for key, mode in document.failure_modes.items():
        lists |= {f"failure_modes/{key}/signals": mode.signals, f"failure_modes/{key}/effects": mode.effects}
    lists |= {f"maintenance/{key}/restores": task.restores for key, task in document.maintenance.items()}
    lists |= {f"commands/{key}/roles": command.roles for key, command in document.commands.items()}
    for place, items in lists.items():
        yield from repeated(place, items)


def _properties(document: AssetType) -> Iterator[Finding]:
    for key, part in document.properties.items():
        yield from property_findings(f"properties/{key}", part)


def _signals(document: AssetType) -> Iterator[Finding]:
    for key, part in document.signals.items():
        place = f"signals/{key}"
        yield from unit_findings(f"{place}/unit", part.unit)
        if part.range is not None:
            yield from order_findings(f"{place}/range", *part.range)
        if part.quality is not None:
            yield from _quality(f"{place}/quality", part)


def _quality(place: str, signal: Signal) -> Iterator[Finding]:
    """Rules that would find nothing, or everything."""
    rules = signal.quality
    if rules is None:
        return
    if rules.spike is not None and rules.spike <= 0:
        message = "A spike is a number of standard deviations, and more than 0."
        yield Finding("type.not_positive", f"{place}/spike", message, 'Write for example "6".')
    for field, said in (("stuck", rules.stuck), ("stale", rules.stale)):
        if said is not None and signal.rate is not None and said <= signal.rate:
            message = f"No longer than the signal's rate, {field} would hold of sound readings too."
            yield Finding("type.shorter_than_rate", f"{place}/{field}", message, "Write some times the rate.")


def _derived(document: AssetType) -> Iterator[Finding]:
    for key, part in document.derived.items():
        yield from unit_findings(f"derived/{key}/unit", part.unit)


def _components(document: AssetType) -> Iterator[Finding]:
    for key, part in document.components.items():
        smallest, largest = part.count
        if smallest > largest or largest == 0:
            message = f"Between {smallest} and {largest} of them there is nothing."
            fix = "Write the smaller number first; the larger is at least 1."
            yield Finding("type.reversed", f"components/{key}/count", message, fix)


def _relationships(document: AssetType) -> Iterator[Finding]:
    for key, part in document.relationships.items():
        place = f"relationships/{key}"
        if part.max is not None and part.min > part.max:
            message = f"There cannot be at least {part.min} and at most {part.max} of them."
            yield Finding("type.reversed", f"{place}/min", message, "Write the smaller number as min.")
        for name, inner in part.properties.items():
            yield from property_findings(f"{place}/properties/{name}", inner)


def _commands(document: AssetType) -> Iterator[Finding]:
    for key, command in document.commands.items():
        for name, parameter in command.parameters.items():
            yield from parameter_findings(f"commands/{key}/parameters/{name}", parameter)


def _duplicate_names(merged: AssetType) -> Iterator[Finding]:
    sections = {"property": "properties", "signal": "signals", "derived signal": "derived", "state": "states"}
    first: dict[str, str] = {}
    for what, section in sections.items():
        for key in sorted(getattr(merged, section)):
            if (other := first.setdefault(key, what)) != what:
                message = f"{key!r} is a {other} and a {what}, so an expression could not tell which is meant."
                yield Finding("type.duplicate_key", f"{section}/{key}", message, "Give one of the two another key.")


def _unknown_references(document: AssetType, merged: AssetType) -> Iterator[Finding]:
    for key, mode in document.failure_modes.items():
        yield from _unknown(f"failure_modes/{key}/signals", "signal", mode.signals, merged.signals)
    for key, task in document.maintenance.items():
        yield from _unknown(f"maintenance/{key}/restores", "failure mode", task.restores, merged.failure_modes)
    for key, text in document.indicators.items():
        if text.startswith(INCREASE):
            yield from _unknown(f"indicators/{key}", "signal", [text.removeprefix(INCREASE)], merged.signals)


def _unknown(place: str, what: str, keys: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    names = frozenset(known)
    for key in keys:
        if key not in names:
            message = f"There is no {what} {key!r} in this type or its parents."
            yield Finding("type.unknown_reference", place, message, f"Add the {what}, or take its key out.")


def _unknown_components(document: AssetType, types: Mapping[str, AssetType]) -> Iterator[Finding]:
    for key, part in document.components.items():
        if part.type not in types:
            message = f"The component {key!r} is of the type {part.type}, which is not in the catalogue."
            yield Finding("type.unknown_component", f"components/{key}/type", message, f"Publish {part.type} first.")
