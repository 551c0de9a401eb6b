"""The entries of the left rail; each domain registers its own pages when its app is ready."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.scope.actors import Permission

ORDER = (
    "Overview", "Twins", "Catalogue", "Gateways", "Alarms", "Health", "Plans", "Contracts", "Statements", "Reports",
    "Admin",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A page kind in the rail: its label, icon (a Tabler icon's name), the name of its view and who sees it."""

    label: str
    icon: str
    view: str
    needs: Permission


_entries: dict[str, Entry] = {}


def register_page(entry: Entry) -> None:
    """Put a page into the rail.

    Raises:
        ValueError: Its label has no place in the rail's order.
    """
    if entry.label not in ORDER:
        raise ValueError(f"{entry.label} is none of {', '.join(ORDER)}")
    _entries[entry.label] = entry


def entries() -> list[Entry]:
    """The registered pages in the rail's order."""
    return [_entries[label] for label in ORDER if label in _entries]
