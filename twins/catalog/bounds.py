"""How large the document of a type may be, drafts among them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tenants.kernel.errors import OutturnError

MOST_BYTES = 256 * 1024
"""What its JSON may have; the largest built-in type has a twentieth of that."""
_LONGEST_PLACE = 120
_DEEPEST = 32


class TypeTooLargeError(OutturnError):
    """The document has more than one of a type may hold."""

    code = "type.too_large"
    status = 422


def refuse_large(document: dict[str, Any]) -> None:
    """Refuse what no document of a type may hold.

    Raises:
        TypeTooLargeError: It is too large, or nested too deeply; the place is that of the largest text in it.
    """
    if _is_deep(document):
        raise TypeTooLargeError(
            f"the document is nested more than {_DEEPEST} times", kept="What was saved before.",
            fix="Nest less deeply.",
        )  # fmt: skip
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size <= MOST_BYTES:
        return
    place, longest = max(_texts("", document), key=lambda found: len(found[1]), default=("", ""))
    said = f"; the longest text in it has {len(longest):,} characters" if longest else ""
    raise TypeTooLargeError(
        f"the document has {size // 1024:,} kB, and a type holds {MOST_BYTES // 1024} kB{said}",
        place=place[:_LONGEST_PLACE], kept="What was saved before.", fix="Take out what was pasted there.",
    )  # fmt: skip


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _texts(f"{place}/{key}".lstrip("/"), inner)
