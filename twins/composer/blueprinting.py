"""Keeping a published version as a blueprint of the organisation, and taking such a blueprint away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from twins.catalog.models import Template
from twins.catalog.selectors import resolved_types, template
from twins.catalog.templates import Kind, drop_templates, keep_template
from twins.composer.domain.blueprinting import blueprint_of
from twins.composer.publishing import NoVersionError
from twins.composer.schemas import Blueprint, TwinDocument
from twins.composer.selectors import twin as twin_row
from twins.composer.templates import faults_in_blueprint
from twins.composer.versions import version_of


class BlueprintUnsoundError(OutturnError):
    """The chosen assets compose no sound twin by themselves; the findings say why."""

    code = "blueprint.unsound"
    status = 422


class BlueprintAssetsError(OutturnError):
    """Chosen assets are not in the version."""

    code = "blueprint.assets"
    status = 422


class BlueprintNotFoundError(NotFoundError):
    """The organisation has no such blueprint of its own."""

    code = "blueprint.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such blueprint of yours", place="key", fix="Choose one from the gallery.")


class BlueprintOfPackError(ConflictError):
    """The blueprint belongs to an installed pack."""

    code = "blueprint.of_pack"


def save_blueprint(
    *, twin: UUID, version: int, key: str, name: str, description: str, by: str, now: datetime,
    assets: Collection[str] = (),
) -> Blueprint:  # fmt: skip
    """Keep a published version as a blueprint: without bindings, gateways and images.

    Args:
        twin: The twin.
        version: Its version.
        key: The key that the blueprint is to have.
        name: What people call it.
        description: What it is for; empty for where it comes from.
        by: Who does it.
        now: When.
        assets: The assets that it is made of, none for all.

    Raises:
        TwinNotFoundError: There is no such twin, or it is out of reach.
        NoVersionError: It has no such version.
        BlueprintAssetsError: The version has none of some of the assets.
        BlueprintUnsoundError: What is chosen makes no twin that could be published.
        TemplateTakenError: There is a blueprint of that key.
    """
    row = twin_row(twin)
    found = version_of(row.id, version)
    if found is None:
        raise NoVersionError(version)
    document = TwinDocument.model_validate(found.document)
    _refuse_unknown(document, assets)
    types = {ref: resolved.document for ref, resolved in resolved_types().items()}
    told = description.strip() or f"As version {version} of {row.name}."
    head = {"key": key, "name": {"en": name}, "description": {"en": told}}
    blueprint = blueprint_of(document, head=head, types=types, chosen=assets)
    if findings := faults_in_blueprint(blueprint):
        place = "key" if findings[0].place == "key" else "assets"
        raise BlueprintUnsoundError(
            findings[0].message.removesuffix("."), place=place, kept="Nothing was saved.",
            fix=findings[0].fix if place == "key" else "Choose what belongs together.", findings=findings,
        )  # fmt: skip
    keep_template(kind=Kind.BLUEPRINT, key=key, name=name, document=blueprint.as_json(), by=by, now=now)
    return blueprint


def own_blueprint(key: str) -> Template:
    """A blueprint that the organisation keeps itself.

    Raises:
        BlueprintNotFoundError: There is none.
        BlueprintOfPackError: A pack brought it.
    """
    row = template(Kind.BLUEPRINT, key)
    if row is None:
        raise BlueprintNotFoundError
    if row.pack:
        raise BlueprintOfPackError(
            f"{row.name} belongs to the pack {row.pack}", place="key", kept="The blueprint as it is.",
            fix="Uninstall the pack, which takes it away with all else that it brought.",
        )  # fmt: skip
    return row


def remove_blueprint(*, key: str) -> None:
    """Take a blueprint out of the gallery; twins that were made from it stay.

    Raises:
        BlueprintNotFoundError: There is none.
        BlueprintOfPackError: A pack brought it.
    """
    own_blueprint(key)
    drop_templates(keys=[(Kind.BLUEPRINT, key)])


def _refuse_unknown(document: TwinDocument, assets: Collection[str]) -> None:
    unknown = len(set(assets) - document.assets.keys())
    if unknown or not document.assets:
        message = f"{unknown} of the chosen assets are not in version {document.version}" if unknown else "it is empty"
        raise BlueprintAssetsError(
            message, place="assets", kept="Nothing was saved.", fix="Publish them first, or choose others."
        )
