"""What is different between two versions of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.kernel.canonical import canonical_json
from twins.catalog.parts import Document


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths into the documents (``signals/t24/range``) and the JSON values that stand there.

    Attributes:
        added: New path to new value; a whole new part is one path.
        removed: Old path to old value.
        changed: Path to its old and its new value.
    """

    added: dict[str, Any]
    removed: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.removed or self.changed)


def diff(old: Document, new: Document) -> Changes:
    """What was added, removed and changed on the way from ``old`` to ``new``, paths in alphabetical order.

    Objects are compared key by key; an array is one value.
    """
    changes = Changes({}, {}, {})
    for path, before, after in sorted(_differences("", old.as_json(), new.as_json()), key=lambda found: found[0]):
        if before is _NOTHING:
            changes.added[path] = after
        elif after is _NOTHING:
            changes.removed[path] = before
        else:
            changes.changed[path] = (before, after)
    return changes


_NOTHING = object()


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old.keys() | new.keys():
            below = f"{path}/{key}" if path else key
            yield from _differences(below, old.get(key, _NOTHING), new.get(key, _NOTHING))
    elif _unlike(old, new):
        yield path, old, new


def _unlike(old: Any, new: Any) -> bool:
    """Whether two JSON values differ as their digests would; Python takes 1 and true for equal, JSON does not."""
    if old is _NOTHING or new is _NOTHING:
        return True
    return canonical_json(old) != canonical_json(new)
