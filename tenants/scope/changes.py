"""What a request changes, row by row, as the database backend sees it: for the audit, whichever service wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from tenants.kernel.canonical import digest

MOST_ROWS = 100
"""Rows that are told one by one; of further ones only how many there were."""
MOST_LETTERS = 2000
"""A longer value is told by its digest."""
HIDDEN = "(hidden)"
"""Stands for a secret."""

Told = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """The rows written so far that no audit entry has told yet."""

    rows: list[Told] = field(default_factory=list)
    more: int = 0
    is_told: bool = False

    def add(self, model: type[models.Model], id_: object, before: Told | None, after: Told | None) -> None:
        """Note one row; only what differs is kept of a change."""
        if before is not None and after is not None:
            differing = [name for name in after if before.get(name) != after[name]]
            if not differing:
                return
            before, after = ({name: side[name] for name in differing} for side in (before, after))
        if len(self.rows) >= MOST_ROWS:
            self.more += 1
            return
        row = {"row": f"{model._meta.model_name}/{id_}", "before": before, "after": after}
        self.rows.append({key: value for key, value in row.items() if value is not None})

    def take(self) -> list[Told]:
        """The rows for an audit entry, which tells them from now on."""
        self.is_told = True
        rows, self.rows = self.rows, []
        if self.more:
            rows.append({"row": f"and {self.more} more"})
            self.more = 0
        return rows


_watched: ContextVar[Changes | None] = ContextVar("outturn_changes", default=None)


@contextmanager
def watched_changes() -> Iterator[Changes]:
    """Note every row that is written through the ORM meanwhile."""
    changes = Changes()
    token = _watched.set(changes)
    try:
        yield changes
    finally:
        _watched.reset(token)


def take_changes() -> list[Told]:
    """What was written since the last entry that told of it; nothing outside a watched request."""
    changes = _watched.get()
    return [] if changes is None else changes.take()


def watching(model: type[models.Model] | None) -> Changes | None:
    """Where to note the rows of a model; None when nobody watches or the model is not told of."""
    changes = _watched.get()
    return changes if changes is not None and getattr(model, "audited", False) else None


def told_fields(model: type[models.Model], fields: Sequence[Any] | None = None) -> list[Any]:
    """The fields of a model that an audit entry tells: neither its tenant nor what the model tells elsewhere."""
    untold: frozenset[str] = getattr(model, "unaudited_fields", frozenset())
    shown = model._meta.concrete_fields if fields is None else fields
    return [each for each in shown if not each.primary_key and each.name != "tenant" and each.name not in untold]


def told(model: type[models.Model], values: Mapping[str, Any]) -> Told:
    """Values as an audit entry holds them: plain JSON, secrets hidden, what is long by its digest."""
    secret: frozenset[str] = getattr(model, "secret_fields", frozenset())
    return {name: HIDDEN if name in secret and value else _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"bytes": len(value)}
    plain = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    if isinstance(plain, str | dict | list) and len(json.dumps(plain)) > MOST_LETTERS:
        return {"sha256": digest(plain)}
    return plain
