"""What a publication would be, before it happens: what changed and by whom, what it does, what stands against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.scope.actors import Actor
from twins.catalog.selectors import marked_types
from twins.composer.domain.diff import Change, diff
from twins.composer.domain.promotion import touching
from twins.composer.domain.validation import validate
from twins.composer.effects import Effect, effects_of, publication_of
from twins.composer.models import DraftOperation, Twin
from twins.composer.reviewing import Standing, standing
from twins.composer.schemas import TwinFinding
from twins.composer.selectors import twin as twin_row
from twins.composer.versions import document_at, empty, names_for_diff


@dataclass(frozen=True, slots=True)
class Attributed:
    """A change, who made it, and the newest revision in which anybody did."""

    change: Change
    authors: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class Preview:
    """A publication that has not happened.

    Attributes:
        revision: Of the draft that it would be made of.
        published: The newest version, None before the first.
    """

    revision: int
    published: int | None
    changes: Sequence[Attributed]
    effects: Sequence[Effect]
    findings: Sequence[TwinFinding]
    standing: Standing


def preview(twin: UUID, *, by: Actor, now: datetime) -> Preview:
    """What it would mean to publish the draft as it is, as far as somebody may know it.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
    """
    row = twin_row(twin)
    before = document_at(row, str(row.published)) if row.published else None
    publication = publication_of(row, before, now)
    changes = diff(before or empty(row), publication.after, names_for_diff())
    findings = validate(publication.after, marked_types())
    return Preview(
        row.revision,
        row.published or None,
        attributed(row, changes),
        effects_of(publication, by),
        findings,
        standing(row),
    )


def attributed(row: Twin, changes: Sequence[Change]) -> list[Attributed]:
    """Changes of the draft since the last publication, with who made them.

    A part that nobody edited itself came or went with its assets, and so is by whoever edited these.
    """
    by: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    made = DraftOperation.objects.filter(twin=row, revision__gt=row.published_revision).order_by("revision")
    for operation, author, revision in made.values_list("operation", "author", "revision"):
        for place in touching(operation):
            by[place][author] = revision
    return [_attributed(change, by) for change in changes]


def _attributed(change: Change, by: dict[tuple[str, str], dict[str, int]]) -> Attributed:
    key = "" if change.subject == "twin" else change.key
    found = by.get((change.subject, key)) or {}
    for asset in () if found else change.assets:
        found = found | by.get(("asset", asset), {})
    return Attributed(change, tuple(found), max(found.values(), default=0))
