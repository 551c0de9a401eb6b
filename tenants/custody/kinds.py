"""What can be put into the trash, and what stands against it; each domain registers both when its app is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.custody.schemas import Objection
from tenants.kernel.errors import NotFoundError
from tenants.limits.domain.plans import Meter
from tenants.scope.actors import Permission

Objects = Callable[[Any], Objection | None]
"""Says why a row may not be put into the trash, or None."""
Hook = Callable[[Any, datetime], None]
"""Done with a row, in the transaction that moves it."""
Purge = Callable[[UUID, UUID], int]
"""Erases all that belongs to a thing and may be much, step by step: of which tenant, which thing; how many rows.

It is called outside any scope, does each step in a transaction of its own (`eraser.erasing`) and may be begun again.
"""


@dataclass(frozen=True, slots=True)
class TrashKind:
    """A kind of thing that people may put into the trash.

    Attributes:
        key: What addresses, items and audit entries call it: ``twin``.
        label: What people call it.
        model: Its table, a Trashable.
        needs: What it takes to put one there, and to take it out again.
        unique: The field whose values must differ among the things that are not in the trash.
        unique_label: What people call that field.
        meter: The limit that one which is taken out again counts towards, if any.
        on_trash: Done when one is put there.
        on_restore: Done when one is taken out.
        loose: Tables that name it without a reference: the model and the column, erased with it.
        purge: Dotted path of what erases more of it first, a `Purge`.
        note: What does not come back with one that is taken out, in a sentence; empty when all does.
    """

    key: str
    label: Any
    model: Any
    needs: Permission
    unique: str
    unique_label: Any
    meter: Meter | None = None
    on_trash: Hook | None = None
    on_restore: Hook | None = None
    loose: tuple[tuple[Any, str], ...] = ()
    purge: str = ""
    note: Any = ""


_kinds: dict[str, TrashKind] = {}
_objections: dict[str, list[Objects]] = {}


def register_trash(kind: TrashKind) -> None:
    """Let things of a kind be put into the trash."""
    _kinds[kind.key] = kind


def register_objection(key: str, objection: Objects) -> None:
    """Ask a domain before a thing of another one is put into the trash."""
    known = _objections.setdefault(key, [])
    if objection not in known:
        known.append(objection)


def trash_kind(key: str) -> TrashKind:
    """A kind.

    Raises:
        NotFoundError: Nothing of this kind can be put into the trash.
    """
    found = _kinds.get(key)
    if found is None:
        raise NotFoundError(
            "Nothing of this kind goes into the trash.", place="kind", fix=f"Choose one of {', '.join(sorted(_kinds))}."
        )
    return found


def trash_kinds() -> list[TrashKind]:
    """All kinds."""
    return [_kinds[key] for key in sorted(_kinds)]


def objection_to(key: str, row: Any) -> Objection | None:
    """Why a row may not be put into the trash; None when nobody objects."""
    return next((found for asked in _objections.get(key, ()) if (found := asked(row))), None)
