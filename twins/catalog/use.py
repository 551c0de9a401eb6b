"""What uses a published type: each domain that pins types registers how it is asked, when its app is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from django.utils.module_loading import import_string

from tenants.scope.actors import Permission

Kind = Literal[
    "twin", "trashed twin", "type", "type draft", "blueprint", "alarm rule", "dashboard", "dashboard template"
]


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that uses a type.

    Attributes:
        kind: What it is.
        name: What people call it.
        ref: Where to find it: the slug of a twin, the key of a blueprint or a template, a type as ``key@version``, else
            its id.
        assets: How many assets of the type its draft has; 0 for what is no twin.
        versions: The published versions that have such assets; they are pinned and readable for good.
    """

    kind: Kind
    name: str
    ref: str
    assets: int = 0
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Uses:
    """What uses a type, as far as the asker may see it, and how many other things do."""

    seen: tuple[Use, ...]
    hidden: int = 0

    def __bool__(self) -> bool:
        """Whether anything does."""
        return bool(self.seen or self.hidden)


@dataclass(frozen=True, slots=True)
class Instance:
    """An asset of a type in the draft of a twin.

    Attributes:
        twin: The slug of its twin.
        properties: Its values by key.
        signals: The keys of its signals that are bound.
        ports: How many links end at each of its ports.
        relations: How many links of each kind begin at it.
        parts: How many assets are each of its components.
    """

    twin: str
    twin_name: str
    asset: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    signals: frozenset[str] = frozenset()
    ports: Mapping[str, int] = field(default_factory=dict)
    relations: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)


class TypeUser(Protocol):
    """A domain that pins types."""

    def uses(self, ref: str) -> Uses:
        """What of it uses a type.

        What names a type by its key alone means every version, and uses the last one that is left.
        """
        ...

    def instances(self, ref: str) -> Sequence[Instance]:
        """The assets of a type in drafts that the asker may see."""
        ...


May = Callable[[Permission], bool]
_users: dict[str, Permission] = {}


def register_type_user(path: str, needs: Permission) -> None:
    """Make a domain one that is asked: the dotted path of its `TypeUser`.

    Whoever may not read its things is told how many they are, and not their names.
    """
    _users[path] = needs


def users() -> Iterable[tuple[TypeUser, Permission]]:
    """The domains that pin types, each with what one needs to be told names."""
    return [(import_string(path), needs) for path, needs in _users.items()]


def anything(_permission: Permission) -> bool:
    """What may be told to whoever acts for the whole organisation."""
    return True
