"""The blueprints that the organisation in scope can compose twins from: the built-in ones and its own."""

from __future__ import annotations

from collections.abc import Mapping

from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.ids import new_id
from twins.catalog.selectors import resolved_types, templates
from twins.composer.blueprints import built_in_blueprints
from twins.composer.domain.blueprints import compose
from twins.composer.domain.operations import apply_all
from twins.composer.domain.validation import validate
from twins.composer.schemas import Blueprint, FleetParameters, TwinDocument


def blueprints() -> Mapping[str, Blueprint]:
    """Every blueprint by key, the built-in ones first."""
    own = {row.key: Blueprint.model_validate(row.document) for row in templates("blueprint")}
    return {**built_in_blueprints(), **own}


def faults_in_blueprint(blueprint: Blueprint) -> tuple[Finding, ...]:
    """What keeps a blueprint from being one of the organisation's: it must compose a twin without errors."""
    if blueprint.key in built_in_blueprints():
        message = f"{blueprint.key} is built in."
        return (Finding("blueprint.built_in", "key", message, "Give yours a key of its own."),)
    types = resolved_types()
    documents = {ref: found.document for ref, found in types.items()}
    unknown = {part.type for part in blueprint.parts.values()} - documents.keys()
    if unknown:
        message = f"There is no type {', '.join(sorted(unknown))}."
        return (Finding("blueprint.unknown_type", "parts", message, "Publish it first, or use another."),)
    empty = TwinDocument(twin=str(new_id()), version=0, name=blueprint.key)
    try:
        operations = compose(blueprint, FleetParameters(name=blueprint.key), types=documents, new_id=new_id)
        composed = apply_all(empty, operations).document
    except OutturnError as error:
        return (Finding(error.code, error.place or "", error.told, error.fix or ""),)
    found = [finding for finding in validate(composed, types) if finding.severity == "error"]
    return tuple(Finding(each.code, "", each.message, each.fix) for each in found)
