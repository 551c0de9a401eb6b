"""Publishing asset types, and what becomes of published ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tenants.kernel.errors import ConflictError, Finding, OutturnError
from twins.catalog.bounds import refuse_large
from twins.catalog.domain.inheritance import resolve
from twins.catalog.domain.reading import read_document
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.catalog.models import AssetTypeState, AssetTypeVersion
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import CatalogueEntry, TypeNotFoundError, published_type, published_types, uses_of
from twins.catalog.use import May, Use, Uses, anything

_MOST_NAMED = 20


class TypeNotSoundError(OutturnError):
    """The document cannot be published as it is."""

    code = "type.not_sound"
    status = 422


class TypePublishedError(ConflictError):
    """That version is published, and published versions never change."""

    code = "type.published"


class TypeInUseError(ConflictError):
    """Something uses the type, so that it cannot be taken away."""

    code = "type.in_use"


class BuiltInTypeError(ConflictError):
    """The type is a part of the product."""

    code = "type.built_in"


class ParentRemovedError(ConflictError):
    """What a type extends is not in the catalogue any more."""

    code = "type.parent_removed"


class SuccessorError(OutturnError):
    """What is to be used in place of a type is no other type of the catalogue."""

    code = "type.successor"
    status = 422


def publish_type(*, document: Any, by: str, now: datetime, note: str = "") -> AssetType:
    """Publish a version of an asset type from its JSON document.

    Raises:
        TypeNotSoundError: It does not fit the schema, or means nothing; the findings say where.
        TypePublishedError: The version is there already, or its key belongs to the built-in library.
        TypeTooLargeError: It is too large; the largest text in it is named.
    """
    if isinstance(document, dict):
        refuse_large(document)
    found, findings = read_document(AssetType, document)
    if found is not None:
        refuse_built_in(found.key)
        findings = validate(found, published_types())
    if found is None or findings:
        raise TypeNotSoundError(
            "the type cannot be published as it is", kept="Nothing was published.",
            fix="Mend the places named in `findings`.", findings=findings,
        )  # fmt: skip
    try:
        with transaction.atomic():
            AssetTypeVersion.objects.create(
                key=found.key, version=found.version, document=found.as_json(), digest=found.digest(), note=note,
                published_by=by, published_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise _published(found.ref, f"Publish your changes as version {found.version + 1} or higher.") from error
    return found


def deprecate_type(*, ref: str, reason: str, successor: str | None, by: str, now: datetime) -> CatalogueEntry:
    """Say that a published version is not to be used any more; what uses it goes on, and is told.

    Args:
        ref: The version as ``key@version``, a built-in one too.
        reason: Why, for people.
        successor: What to use in its place as ``key@version``, None for nothing.
        by: Who says it.
        now: When.

    Raises:
        TypeNotFoundError: There is no such version.
        SuccessorError: Its successor is itself, deprecated, or not in the catalogue.
    """
    entry = published_type(ref)
    if successor is not None:
        _check_successor(ref, successor)
    AssetTypeState.objects.update_or_create(
        key=entry.own.key, version=entry.own.version,
        defaults={"deprecated_at": now, "deprecated_by": by, "reason": reason, "successor": successor or ""},
    )  # fmt: skip
    return published_type(ref)


def deprecate_types(*, refs: Sequence[str], reason: str, successor: str | None, by: str, now: datetime) -> None:
    """Say of several published versions that they are not to be used any more: of all or of none.

    Args:
        refs: The versions as ``key@version``.
        reason: As for `deprecate_type`.
        successor: As for `deprecate_type`.
        by: Who says it.
        now: When.

    Raises:
        TypeNotFoundError: There is no such version.
        SuccessorError: The successor is one of them, deprecated, or not in the catalogue.
    """
    if successor in refs:
        raise SuccessorError(
            f"{successor} cannot follow itself", place="successor", kept="Nothing was changed.",
            fix="Name another type, or none.",
        )  # fmt: skip
    with transaction.atomic():
        for ref in refs:
            deprecate_type(ref=ref, reason=reason, successor=successor, by=by, now=now)


def restore_type(*, ref: str) -> CatalogueEntry:
    """Let a version be used again that was deprecated or taken away; nothing happens to one that was neither.

    Raises:
        TypeNotFoundError: There never was such a version.
        ParentRemovedError: What it extends was taken away since.
    """
    key, _, version = ref.partition("@")
    with transaction.atomic():
        if version.isdecimal() and len(version) < 10:
            AssetTypeState.objects.filter(key=key, version=int(version)).delete()
        entry = published_type(ref)
        _, findings = resolve(entry.own, published_types())
        if findings:
            raise ParentRemovedError(findings[0].message, place="ref", fix="Restore that one first.", findings=findings)
    return entry


def remove_type(*, ref: str, by: str, now: datetime, may: May = anything) -> None:
    """Take a published version out of the catalogue that nothing uses; its number stays taken.

    Args:
        ref: The version as ``key@version``.
        by: Who does it.
        now: When.
        may: What they may do: what they may not read is not named to them.

    Raises:
        TypeNotFoundError: There is no such version.
        BuiltInTypeError: It is built in.
        TypeInUseError: Something uses it; the findings name what.
    """
    entry = published_type(ref)
    if entry.published_by is None:
        raise BuiltInTypeError(
            f"{ref} is built in and stays in the catalogue", place="ref", fix="Deprecate it, so that nobody takes it."
        )
    with transaction.atomic():
        row = AssetTypeVersion.objects.filter(key=entry.own.key, version=entry.own.version).first()
        if row is None:
            raise TypeNotFoundError(ref)
        _refuse_used(ref, uses_of(ref, may=may))
        AssetTypeState.objects.update_or_create(
            key=row.key, version=row.version, defaults={"removed_at": now, "removed_by": by}
        )


def refuse_built_in(key: str) -> None:
    """Refuse to publish anything under a key of the built-in library.

    Raises:
        TypePublishedError: It is one.
    """
    taken = [known.ref for known in built_in_types().values() if known.key == key]
    if taken:
        raise _published(taken[-1], "Give your type a key of its own, and let it extend the built-in one.")


def _check_successor(ref: str, successor: str) -> None:
    if successor == ref:
        raise SuccessorError(f"{ref} cannot follow itself", place="successor", fix="Name another type, or none.")
    try:
        found = published_type(successor)
    except TypeNotFoundError as error:
        raise SuccessorError(error.message, place="successor", fix=error.fix) from None
    if found.deprecated is not None:
        raise SuccessorError(f"{successor} is deprecated itself", place="successor", fix="Name one that is in use.")


def _refuse_used(ref: str, uses: Uses) -> None:
    if not uses:
        return
    named = [_told(use) for use in uses.seen[:_MOST_NAMED]]
    if others := len(uses.seen) - len(named) + uses.hidden:
        message = f"{others} other things that are not listed here use it."
        named.append(Finding("type.in_use", "", message, "Let them use another type first."))
    names = ", ".join(use.name for use in uses.seen[:3]) or "what you may not see"
    raise TypeInUseError(
        f"{ref} is used by {names}{' and others' if len(uses.seen) + uses.hidden > 3 else ''}",
        kept="The type as it is.", fix="Let them use another type first, or deprecate it.", findings=named,
    )  # fmt: skip


def _told(use: Use) -> Finding:
    pinned = f" Its versions {', '.join(map(str, use.versions))} keep it for good." if use.versions else ""
    assets = f" It has {use.assets} assets of the type." if use.assets else ""
    fix = "Deprecate the type instead." if use.versions else "Let it use another type."
    return Finding("type.in_use", use.ref, f"The {use.kind} {use.name} uses it.{assets}{pinned}", fix)


def _published(ref: str, fix: str) -> TypePublishedError:
    return TypePublishedError(f"{ref} is taken, and what is published never changes", place="version", fix=fix)
