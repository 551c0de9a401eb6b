"""What was done to a draft since a revision: what a browser lacks that has an older one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.people.selectors import members
from tenants.scope.context import required_tenant
from twins.composer.domain.findings import ToldFindings, told_to
from twins.composer.models import DraftOperation, TwinVersion
from twins.composer.selectors import draft_of, twin

MOST_CHANGES = 5000
"""Whoever lacks more loads the draft anew."""
MOST_VERSIONS = 20


class TooFarBehindError(OutturnError):
    """What was done since a revision cannot be told operation by operation."""

    code = "twin.too_far_behind"
    status = 422

    def __init__(self, since: int, revision: int) -> None:
        super().__init__(
            f"the draft is at revision {revision}; what was done to it since revision {since} is too much to be told, "
            "or was not done by operations",
            place="since", fix="Load the draft anew.",
        )  # fmt: skip
        self.extra = {"revision": revision}


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of a draft.

    Attributes:
        revision: What it made of the draft.
        operation: As in docs/schemas/twin.schema.json.
    """

    revision: int
    author: str
    made_at: datetime
    operation: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the API and the socket tell it."""
        return {
            "revision": self.revision, "author": self.author, "made_at": isoformat(self.made_at),
            "operation": self.operation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was made of the draft."""

    version: int
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Catching:
    """All that leads from a revision to the present draft.

    Attributes:
        versions: Those that were published of later revisions, the oldest first.
        people: What the authors are called, by how they sign; those who have left are not named.
    """

    revision: int
    published_version: int | None
    published_revision: int
    changes: tuple[Change, ...]
    versions: tuple[Published, ...]
    findings: ToldFindings
    people: Mapping[str, str]


def changes_between(twin_id: UUID, since: int, upto: int) -> tuple[Change, ...]:
    """The edits after one revision up to another, in order.

    Raises:
        TooFarBehindError: They are too many, or some revisions between were not made by operations.
    """
    if not 0 <= upto - since <= MOST_CHANGES:
        raise TooFarBehindError(since, upto)
    rows = DraftOperation.objects.filter(twin=twin_id, revision__gt=since, revision__lte=upto).order_by("revision")
    found = tuple(Change(*row) for row in rows.values_list("revision", "author", "made_at", "operation"))
    if len(found) != upto - since:
        raise TooFarBehindError(since, upto)
    return found


def changes_since(twin_id: UUID, since: int, known: str | None = None) -> Catching:
    """What was done to a draft since a revision.

    Args:
        twin_id: The twin.
        since: The revision.
        known: The mark of the findings that the caller has.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        TooFarBehindError: It cannot be told; the draft is to be loaded anew.
    """
    row = twin(twin_id)
    changes = changes_between(row.id, since, row.revision)
    draft = draft_of(row)
    rows = TwinVersion.objects.filter(twin=twin_id, revision__gt=since).order_by("version")
    made = tuple(Published(*each) for each in rows.values_list("version", "published_by", "note")[:MOST_VERSIONS])
    authors = {each.author for each in changes} | {each.author for each in made}
    told = told_to(known, draft.findings)
    return Catching(row.revision, row.published or None, row.published_revision, changes, made, told, _names(authors))


def _names(authors: Collection[str]) -> dict[str, str]:
    if not authors:
        return {}
    found = members(required_tenant("authors")).filter(user__email__in=authors).values_list("user__email", "user__name")
    return {email: name for email, name in found if name}
