"""What is in a pack becomes what the organisation has: types, templates and alarm rules, with every fault found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tenants.kernel.errors import Finding, OutturnError
from twins.alarms.rules import Scope, create_rule
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import published_types, removed_types
from twins.catalog.services import publish_type, restore_type
from twins.catalog.templates import Kind, keep_template
from twins.composer.templates import faults_in_blueprint
from twins.dashboards.domain import findings as faults_in_dashboard
from twins.packs.registry import faults_in_figures
from twins.packs.schemas import Made, PackDashboard, PackDocument


class Installation:
    """One pack on its way in. It goes on past a fault, so that all are told at once; the caller undoes it then.

    Attributes:
        findings: What does not fit, with its place in the pack.
    """

    def __init__(self, document: PackDocument, *, by: str, now: datetime) -> None:
        self._document, self._by, self._now = document, by, now
        self.findings: list[Finding] = []

    def run(self) -> Made:
        """Make everything that fits."""
        published, known = self._types()
        self._blueprints()
        self._dashboards()
        self._contracts()
        return Made(tuple(published), tuple(known), tuple(self._alarms()))

    def _types(self) -> tuple[list[str], list[str]]:
        there, removed = published_types(), removed_types()
        published, known = [], []
        for number, document in _parents_first(self._document.types):
            place = f"types/{number}"
            before = there.get(document.ref) or removed.get(document.ref)
            if before is None:
                made = self._tried(place, publish_type, document=document.as_json(), by=self._by, now=self._now)
                published += [document.ref] if made else []
            elif before.digest() != document.digest():
                message = f"{document.ref} is another type here than in the pack."
                self.findings.append(Finding("pack.type_taken", place, message, "Give the pack's a key of its own."))
            elif document.ref in removed:
                self._tried(place, restore_type, ref=document.ref)
                published.append(document.ref)
            else:
                known.append(document.ref)
        return published, known

    def _blueprints(self) -> None:
        for number, blueprint in enumerate(self._document.blueprints):
            place = f"blueprints/{number}"
            if not self._found(place, faults_in_blueprint(blueprint)):
                name = blueprint.name.get("en", blueprint.key)
                self._keep(place, Kind.BLUEPRINT, blueprint.key, name, blueprint.as_json())

    def _dashboards(self) -> None:
        for number, each in enumerate(self._document.dashboards):
            place = f"dashboards/{number}"
            if not self._found(f"{place}/document", _faults_in(each)):
                self._keep(place, Kind.DASHBOARD, each.key, each.name, each.document.as_json())

    def _contracts(self) -> None:
        for number, each in enumerate(self._document.contracts):
            place = f"contracts/{number}"
            if not self._found(f"{place}/figures", faults_in_figures(each.figures)):
                self._keep(place, Kind.CONTRACT, each.key, each.name, each.figures)

    def _alarms(self) -> Iterator[str]:
        for number, each in enumerate(self._document.alarms):
            scope = Scope(asset_type=each.asset_type)
            rule = self._tried(
                f"alarms/{number}", create_rule, key=each.key, scope=scope, document=each.alarm.as_json(), by=self._by,
                now=self._now,
            )  # fmt: skip
            if rule is not None:
                yield str(rule.id)

    def _keep(self, place: str, kind: Kind, key: str, name: str, document: Any) -> None:
        self._tried(
            place, keep_template, kind=kind, key=key, name=name, document=document, pack=self._document.key,
            by=self._by, now=self._now,
        )  # fmt: skip

    def _tried(self, place: str, deed: Any, **arguments: Any) -> Any:
        """What it gives, or None with what it refused among the findings."""
        try:
            return deed(**arguments)
        except OutturnError as error:
            told = error.findings or [Finding(error.code, error.place or "", error.told, error.fix or "")]
            self._found(place, told)
            return None

    def _found(self, place: str, findings: Iterable[Finding]) -> bool:
        below = [Finding(each.code, f"{place}/{each.place}".rstrip("/"), each.message, each.fix) for each in findings]
        self.findings += below
        return bool(below)


def _faults_in(dashboard: PackDashboard) -> Iterator[Finding]:
    yield from faults_in_dashboard(dashboard.document)
    if dashboard.document.asset_type is None:
        message = "A dashboard of a pack is for all assets of a type, and this one names none."
        yield Finding("pack.dashboard", "asset_type", message, "Name the key of a type.")
    for number, widget in enumerate(dashboard.document.widgets):
        if any(signal.asset is not None for signal in widget.signals):
            message = "It shows an asset of the twin that it was made of."
            yield Finding("pack.dashboard", f"widgets/{number}/signals", message, "Leave the asset out.")


def _parents_first(types: Sequence[AssetType]) -> Iterator[tuple[int, AssetType]]:
    """The types with their places in the pack, each after those that it extends or is made of; circles as they come."""
    waiting = dict(enumerate(types))
    while waiting:
        refs = {each.ref for each in waiting.values()}
        ready = [number for number, each in waiting.items() if not _needs(each) & (refs - {each.ref})]
        for number in ready or list(waiting)[:1]:
            yield number, waiting.pop(number)


def _needs(document: AssetType) -> set[str]:
    return {*document.extends, *(part.type for part in document.components.values())}
