"""What a publication will do, told before it happens; each domain above registers what it does to its own things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, cast
from uuid import UUID

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.limits.domain.plans import Meter
from tenants.limits.selectors import allowance, standing
from tenants.scope.actors import Actor, Permission
from twins.composer.models import Twin
from twins.composer.schemas import TwinDocument

Area = Literal["assets", "signals", "alarms", "dashboards", "views", "contracts", "limits"]
Tone = Literal["new", "change", "loss", "error"]
_AREAS: tuple[Area, ...] = ("limits", "assets", "signals", "alarms", "dashboards", "views", "contracts")
"""The order in which effects are told."""
MOST_NAMES = 50
"""Things that an effect names; of further ones only how many there are is told."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a publication will do.

    Attributes:
        area: What it does it to.
        tone: Whether something comes, changes, or is lost; an error keeps it from happening.
        message: In a sentence.
        names: What it happens to, by name; `MOST_NAMES` at most.
    """

    area: Area
    tone: Tone
    message: str
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, area: Area, tone: Tone, message: str, names: Iterable[str] = ()) -> Effect:
        """An effect that names its things in their order, as many as are read by anybody."""
        return cls(area, tone, message, tuple(sorted(names)[:MOST_NAMES]))


@dataclass(frozen=True)
class Publication:
    """What is published now, and what would be.

    Attributes:
        before: The newest published version, None before the first.
        after: The draft.
    """

    twin: UUID
    before: TwinDocument | None
    after: TwinDocument
    now: datetime
    site: UUID | None = None
    counts: tuple[int, int] = field(default=(0, 0))

    @cached_property
    def old(self) -> TwinDocument:
        """What is published now; before the first version an empty twin."""
        return self.before or self.after.model_copy(update={"assets": {}, "links": {}, "bindings": {}})

    @cached_property
    def added(self) -> frozenset[str]:
        """The assets that come."""
        return frozenset(self.after.assets.keys() - self.old.assets.keys())

    @cached_property
    def removed(self) -> frozenset[str]:
        """The assets that go."""
        return frozenset(self.old.assets.keys() - self.after.assets.keys())

    def removed_names(self, assets: Iterable[str]) -> list[str]:
        """What assets that go are called."""
        return sorted(self.old.assets[each].name for each in self.removed.intersection(assets))


Source = Callable[[Publication], Sequence[Effect]]
_sources: dict[str, Permission] = {}


def register_effects(path: str, needs: Permission) -> None:
    """Let a domain say what a publication does to its things: a dotted path, called in the tenant's scope.

    It may ask the database a few things, but never one for each asset. Whoever may not read these things is told how
    many they are, and not their names.
    """
    _sources[path] = needs


def effects_of(publication: Publication, by: Actor) -> list[Effect]:
    """All that a publication will do, as far as somebody may know it, by what it does it to."""
    found = [*_assets(publication), *_limits(publication)]
    for path, needs in _sources.items():
        told = cast("Source", import_string(path))(publication)
        found += told if by.may(needs) else [replace(effect, names=()) for effect in told]
    return sorted(found, key=lambda effect: _AREAS.index(effect.area))


def publication_of(row: Twin, before: TwinDocument | None, now: datetime) -> Publication:
    """The publication of a twin's draft as it is."""
    after = TwinDocument.model_validate(row.draft)
    return Publication(row.id, before, after, now, row.site_id, (row.asset_count, row.signal_count))


def _assets(publication: Publication) -> list[Effect]:
    found: list[Effect] = []
    if publication.added:
        names = [publication.after.assets[each].name for each in publication.added]
        message = ngettext("%(count)s asset comes.", "%(count)s assets come.", len(names)) % {"count": len(names)}
        found.append(Effect.of("assets", "new", message, names))
    if publication.removed:
        names = publication.removed_names(publication.removed)
        text = ngettext(
            "%(count)s asset goes; its history stays.", "%(count)s assets go; their history stays.", len(names)
        ) % {"count": len(names)}
        found.append(Effect.of("assets", "loss", text, names))
    return found


def _limits(publication: Publication) -> list[Effect]:
    held = allowance(now=publication.now)
    wanted = (len(publication.after.assets), len(publication.after.bindings))
    found: list[Effect] = []
    for meter, after, before in zip((Meter.ASSETS, Meter.SIGNALS), wanted, publication.counts, strict=True):
        left = standing(meter, now=publication.now, held=held).left
        if left is not None and after - before > left:
            told = {"more": after - before, "left": left, "what": str(meter.label).lower()}
            message = _("It needs room for %(more)s more %(what)s, and %(left)s are left.") % told
            found.append(Effect.of("limits", "error", message))
    return found
