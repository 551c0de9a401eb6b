"""Promotion: what was tried out in one twin is carried over into another, first shown and then done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.people.sites import place_twin
from tenants.record.services import record_audit
from twins.composer.domain.diff import Change, diff
from twins.composer.domain.operations import apply_all
from twins.composer.domain.promotion import Carried, carried, translated
from twins.composer.models import Twin, TwinLineage
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import twin as twin_row
from twins.composer.services import RevisionError, apply_operations, create_twin, locked_twin
from twins.composer.versions import document_at, gateway_names, names_for_diff

Gateways = Mapping[str, str | None]


class NoLineageError(NotFoundError):
    """Nothing was promoted into this twin from that one."""

    code = "promotion.no_target"

    def __init__(self) -> None:
        super().__init__(
            "nothing was promoted into this twin before", place="target", fix="Choose a target, or make a new one."
        )


class PromotionError(OutturnError):
    """The promotion makes no sense."""

    code = "promotion.invalid"
    status = 422


class NothingToPromoteError(ConflictError):
    """The target says already what the source says."""

    code = "promotion.nothing"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a promotion leads.

    Attributes:
        twin: A twin that was promoted into before, None for a new one.
        revision: Of its draft that the caller looked at; of no meaning for a new one.
        name: Of a new one, empty for the source's.
        site: Where a new one stands.
    """

    twin: UUID | None = None
    revision: int = 0
    name: str = ""
    site: UUID | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that has not happened.

    Attributes:
        target: The target's row; None for a new one.
        carried: What it does to the target's draft.
        changes: What differs in the target then.
    """

    version: int
    target: Twin | None
    carried: Carried
    changes: Sequence[Change]


def lineages(source: UUID) -> QuerySet[TwinLineage]:
    """The twins that a twin was promoted into."""
    found = TwinLineage.objects.filter(source_id=source, target__trashed_at=None)
    return found.select_related("target").defer("target__draft")


def origins(target: UUID) -> QuerySet[TwinLineage]:
    """The twins that were promoted into a twin, those that are in reach."""
    found = TwinLineage.objects.filter(target_id=target, source__in=Twin.objects.values("id"))
    return found.select_related("source").defer("source__draft")


def gateways_of(source: UUID, version: int) -> dict[str, str]:
    """The gateways that a version of a twin reads from: names by id.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        PromotionError: It has no such version.
    """
    names = gateway_names()
    document = _version(twin_row(source), version)
    return {key: names.get(key, key) for key in sorted({each.gateway for each in document.bindings.values()})}


def plan_promotion(*, source: UUID, version: int, target: UUID | None, gateways: Gateways) -> Promotion:
    """What a promotion would do.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        NoLineageError: Nothing was promoted into the target before.
        PromotionError: The source has no such version, or a gateway is none of the tenant's.
    """
    row = twin_row(source)
    known = gateway_names()
    if strange := sorted({each for each in gateways.values() if each is not None} - known.keys()):
        raise PromotionError(f"there is no gateway {strange[0]}", place="gateways", fix="Choose one from the list.")
    lineage = None if target is None else _lineage(source, target)
    if lineage is None:
        there = None
        # A new twin has an id of its own; until then the source's stands for it.
        present = TwinDocument(twin=str(row.id), version=0, name=row.name)
    else:
        there = twin_row(lineage.target_id)
        present = TwinDocument.model_validate(there.draft)
    return _planned(row, version, there, lineage, present, gateways)


def promote_twin(*, source: UUID, version: int, target: Target, gateways: Gateways, by: str, now: datetime) -> Twin:
    """Carry a version of one twin over into the draft of another, a new one or one that it was promoted into before.

    What was changed in the target by itself stays, unless the source changed the same. The draft is then published like
    any other.

    Args:
        source: The twin whose design it is.
        version: The version that is promoted.
        target: Where it leads.
        gateways: The gateway that stands for each of the source's, by id.
        by: Who does it.
        now: When.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        NoLineageError: Nothing was promoted into the target before.
        PromotionError: The source has no such version, or a gateway is none of the tenant's.
        RevisionError: The target's draft has moved on from the revision that the caller looked at.
        NothingToPromoteError: The target says so already.
        NotAllowedError: A new twin is wanted by somebody who is held to places.
        LimitReachedError: The tenant may have no more twins.
    """
    with transaction.atomic():
        row, lineage = _held(source, target, by, now)
        present = TwinDocument.model_validate(row.draft)
        plan = _planned(twin_row(source), version, row, lineage, present, gateways)
        if not plan.carried.operations:
            raise NothingToPromoteError(
                f"“{row.name}” says already what version {version} says", place="version", fix="Choose another version."
            )
        apply_operations(row, plan.carried.operations, by=by, now=now)
        values = {"version": version, "gateways": dict(gateways), "promoted_by": by, "promoted_at": now}
        TwinLineage.objects.update_or_create(source_id=source, target=row, defaults=values)
        record_audit(
            action="twin.promoted", subject=f"twin/{row.id}", by=by, now=now,
            details={"source": str(source), "version": version, "operations": len(plan.carried.operations)},
        )  # fmt: skip
    return row


def _planned(
    source: Twin, version: int, there: Twin | None, lineage: TwinLineage | None, present: TwinDocument,
    gateways: Gateways,
) -> Promotion:  # fmt: skip
    nothing: dict[str, object] = {"assets": {}, "links": {}, "bindings": {}, "groups": {}, "notes": {}}
    last = present.model_copy(update=nothing)
    if lineage is not None:
        last = translated(_version(source, lineage.version), present, lineage.gateways)
    wanted = translated(_version(source, version), present, gateways)
    found = carried(last, wanted, present)
    after = apply_all(present, found.operations).document
    return Promotion(version, there, found, diff(present, after, names_for_diff()))


def _held(source: UUID, target: Target, by: str, now: datetime) -> tuple[Twin, TwinLineage | None]:
    """The target's row, made when it is a new one, and what was promoted into it before."""
    if target.twin is None:
        return _new_target(source, target.name or twin_row(source).name, target.site, by, now), None
    lineage, row = _lineage(source, target.twin), locked_twin(target.twin)
    if target.revision != row.revision:
        raise RevisionError(
            f"the draft of “{row.name}” is at revision {row.revision}, not {target.revision}", revision=row.revision,
            fix="Look at the differences again.",
        )  # fmt: skip
    return row, lineage


def _new_target(source: UUID, name: str, site: UUID | None, by: str, now: datetime) -> Twin:
    twin_row(source)
    row = create_twin(name=name, now=now)
    if site is not None:
        place_twin(twin=row.id, site=site, by=by, now=now)
    return locked_twin(row.id)


def _lineage(source: UUID, target: UUID) -> TwinLineage:
    found = lineages(source).filter(target_id=target).first()
    if found is None:
        raise NoLineageError
    return found


def _version(row: Twin, version: int) -> TwinDocument:
    found = document_at(row, str(version)) if version > 0 else None
    if found is None:
        raise PromotionError(
            f"“{row.name}” has no version {version}", place="version", fix="Publish it first, then promote a version."
        )
    return found
