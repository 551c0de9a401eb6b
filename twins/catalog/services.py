"""Publishing asset types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tenants.kernel.errors import ConflictError, OutturnError
from twins.catalog.domain.reading import read_document
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.catalog.models import AssetTypeVersion
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import published_types


class TypeNotSoundError(OutturnError):
    """The document cannot be published as it is."""

    code = "type.not_sound"
    status = 422


class TypePublishedError(ConflictError):
    """That version is published, and published versions never change."""

    code = "type.published"


def publish_type(*, document: Any, by: str, now: datetime) -> AssetType:
    """Publish a version of an asset type from its JSON document.

    Raises:
        TypeNotSoundError: It does not fit the schema, or means nothing; the findings say where.
        TypePublishedError: The version is there already, or its key belongs to the built-in library.
    """
    found, findings = read_document(AssetType, document)
    if found is not None:
        _refuse_built_in(found)
        findings = validate(found, published_types())
    if found is None or findings:
        raise TypeNotSoundError(
            "the type cannot be published as it is", kept="Nothing was published.",
            fix="Mend the places named in `findings`.", findings=findings,
        )  # fmt: skip
    try:
        with transaction.atomic():
            AssetTypeVersion.objects.create(
                key=found.key, version=found.version, document=found.as_json(), digest=found.digest(),
                published_by=by, published_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise _published(found, f"Publish your changes as version {found.version + 1} or higher.") from error
    return found


def _refuse_built_in(document: AssetType) -> None:
    if document.key in {known.key for known in built_in_types().values()}:
        raise _published(document, "Give your type a key of its own, and let it extend the built-in one.")


def _published(document: AssetType, fix: str) -> TypePublishedError:
    return TypePublishedError(f"{document.ref} is taken, and what is published never changes", place="version", fix=fix)
