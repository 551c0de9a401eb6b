"""The catalogue as a list: a row for each type, drafts among them, searched, narrowed, sorted and cut into pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tenants.kernel.cells import as_cells
from tenants.kernel.clock import isoformat
from twins.catalog import selectors
from twins.catalog.models import AssetTypeDraft
from twins.catalog.selectors import CatalogueEntry
from twins.catalog.wording import in_language

SHOWN = 60
MOST_LETTERS = 120


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type in the list: its newest version, or its draft as long as nothing is published.

    Attributes:
        ref: The newest version as ``key@version``, empty before the first.
        lineage: The keys of its ancestors.
        draft: Its open draft.
        searched: Where words are looked for, in small letters.
    """

    key: str
    name: str
    description: str
    ref: str
    version: int | None
    icon: str
    colour: str
    extends: tuple[str, ...]
    lineage: frozenset[str]
    signals: int
    components: int
    is_abstract: bool
    is_built_in: bool
    is_deprecated: bool
    by: str
    at: datetime | None
    draft: UUID | None
    searched: str


KINDS: tuple[tuple[str, Any, Callable[[TypeRow], bool]], ...] = (
    ("built-in", _("Built in"), lambda row: row.is_built_in),
    ("own", _("Own"), lambda row: not row.is_built_in),
    ("drafts", _("Drafts"), lambda row: row.draft is not None),
    ("deprecated", _("Deprecated"), lambda row: row.is_deprecated),
    ("abstract", _("Abstract"), lambda row: row.is_abstract),
)
"""What the list can be narrowed to: the word in addresses, what it is called, which rows are left."""
SORTS: Mapping[str, Callable[[TypeRow], Any]] = {
    "name": lambda row: row.name.casefold(),
    "version": lambda row: row.version or 0,
    "signals": lambda row: row.signals,
    "components": lambda row: row.components,
    "changed": lambda row: row.at.timestamp() if row.at else 0.0,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of the list; what it does not understand it leaves aside."""

    words: str
    kind: str
    parent: str
    sort: str
    after: str

    @property
    def is_narrowed(self) -> bool:
        """Whether something is held back."""
        return bool(self.words or self.kind or self.parent)


def asked(given: Mapping[str, str]) -> Asked:
    """What the query of an address says."""
    sort = given.get("sort", "")
    kind = given.get("kind", "")
    return Asked(
        words=given.get("q", "").strip()[:MOST_LETTERS],
        kind=kind if any(kind == each for each, _label, _holds in KINDS) else "",
        parent=given.get("parent", "")[:64],
        sort=sort if sort.removeprefix("-") in SORTS else "name",
        after=given.get("after", "")[:64],
    )


def rows(language: str) -> list[TypeRow]:
    """Every type of the organisation, its newest version each, and drafts of new ones."""
    newest: dict[str, CatalogueEntry] = {entry.own.key: entry for entry in selectors.catalogue()}
    drafts = {draft.key: draft for draft in selectors.drafts()}
    published = [_published(entry, drafts.get(key), language) for key, entry in newest.items()]
    return [*published, *(_drafted(draft, language) for key, draft in drafts.items() if key not in newest)]


def narrowed(found: Iterable[TypeRow], wanted: Asked) -> list[TypeRow]:
    """The rows that an address asks for, in its order."""
    words = wanted.words.lower().split()
    holds = next((test for each, _label, test in KINDS if each == wanted.kind), lambda _row: True)
    left = [
        row
        for row in found
        if all(word in row.searched for word in words)
        and holds(row)
        and (not wanted.parent or wanted.parent in row.lineage)
    ]
    left.sort(key=lambda row: row.key)
    left.sort(key=SORTS[wanted.sort.removeprefix("-")], reverse=wanted.sort.startswith("-"))
    return left


def part(found: Sequence[TypeRow], after: str) -> tuple[Sequence[TypeRow], str]:
    """The rows of one page, and the key that the next one begins after; empty when it is the last."""
    start = next((place + 1 for place, row in enumerate(found) if row.key == after), 0)
    shown = found[start : start + SHOWN]
    return shown, shown[-1].key if start + SHOWN < len(found) else ""


def as_csv(found: Iterable[TypeRow]) -> str:
    """The rows as a file for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("key", "name", "version", "extends", "signals", "components", "built in", "abstract",
                     "deprecated", "draft", "published by", "published at"))  # fmt: skip
    for row in found:
        cells = (row.key, row.name, row.version or "", " ".join(row.extends), row.signals, row.components,
                 row.is_built_in, row.is_abstract, row.is_deprecated, row.draft is not None, row.by,
                 isoformat(row.at) if row.at else "")  # fmt: skip
        writer.writerow(as_cells(cells))
    return "\ufeff" + text.getvalue()


def _published(entry: CatalogueEntry, draft: AssetTypeDraft | None, language: str) -> TypeRow:
    own, resolved = entry.own, entry.resolved
    looks = resolved.appearance
    texts = [own.key, *own.name.values(), *(own.description or {}).values(), *resolved.signals]
    return TypeRow(
        key=own.key, name=in_language(own.name, language, own.key), description=in_language(own.description, language),
        ref=own.ref, version=own.version, icon=looks.icon if looks else "box",
        colour=(looks.colour if looks else None) or "", extends=own.extends,
        lineage=frozenset(ref.partition("@")[0] for ref in entry.lineage) - {own.key},
        signals=len(resolved.signals) + len(resolved.derived), components=len(resolved.components),
        is_abstract=own.abstract, is_built_in=entry.published_by is None, is_deprecated=entry.deprecated is not None,
        by=entry.published_by or "", at=entry.published_at, draft=draft.id if draft else None,
        searched=" ".join(texts).lower(),
    )  # fmt: skip


def _drafted(draft: AssetTypeDraft, language: str) -> TypeRow:
    """A draft says whatever somebody has written so far: nothing of it can be relied on."""
    document = draft.document
    names, extends = document.get("name"), document.get("extends")
    texts = {key: text for key, text in names.items() if isinstance(text, str)} if isinstance(names, dict) else {}
    parents = tuple(each for each in extends if isinstance(each, str)) if isinstance(extends, list) else ()
    name = in_language(texts, language, draft.key)
    return TypeRow(
        key=draft.key, name=name, description="", ref="", version=None, icon="pencil", colour="", extends=parents,
        lineage=frozenset(ref.partition("@")[0] for ref in parents),
        signals=_size(document, "signals") + _size(document, "derived"), components=_size(document, "components"),
        is_abstract=document.get("abstract") is True, is_built_in=False, is_deprecated=False, by=draft.changed_by,
        at=draft.updated_at, draft=draft.id, searched=f"{draft.key} {' '.join(texts.values())}".lower(),
    )  # fmt: skip


def _size(document: Mapping[str, Any], section: str) -> int:
    found = document.get(section)
    return len(found) if isinstance(found, dict) else 0
