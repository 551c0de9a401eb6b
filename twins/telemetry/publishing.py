"""What a publication does to signals: which are read from then on, which no more, and which from elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twins.catalog.selectors import resolved_types
from twins.composer.effects import Effect, Publication
from twins.composer.schemas import TwinDocument
from twins.telemetry.models import Signal


def effects(publication: Publication) -> list[Effect]:
    """Signals that come, go and change."""
    old, new = publication.old.bindings, publication.after.bindings
    fresh = new.keys() - old.keys()
    gone = old.keys() - new.keys()
    changed = [place for place in new.keys() & old.keys() if new[place] != old[place]]
    found: list[Effect] = []
    if fresh:
        message = ngettext(
            "%(count)s signal is read from now on.", "%(count)s signals are read from now on.", len(fresh)
        ) % {"count": len(fresh)}
        found.append(Effect.of("signals", "new", message, _names(fresh, publication.after)))
    if changed:
        message = ngettext(
            "%(count)s signal is read from another key, or otherwise, from now on; what is stored stays as it is.",
            "%(count)s signals are read from another key, or otherwise, from now on; what is stored stays as it is.",
            len(changed),
        ) % {"count": len(changed)}
        found.append(Effect.of("signals", "change", message, _names(changed, publication.after)))
    if gone:
        message = ngettext(
            "%(count)s signal is read no more; what is stored of it stays.",
            "%(count)s signals are read no more; what is stored of them stays.",
            len(gone),
        ) % {"count": len(gone)}
        found.append(Effect.of("signals", "loss", message, _names(gone, publication.old)))
    return [*found, *_units(publication)]


def _units(publication: Publication) -> list[Effect]:
    """Signals whose type now measures something else than what is stored."""
    types = resolved_types()
    retyped = {
        key: asset
        for key, asset in publication.after.assets.items()
        if key in publication.old.assets and publication.old.assets[key].type != asset.type
    }
    if not retyped:
        return []
    wanted: dict[tuple[str, str], str] = {
        (key, signal): declared.unit
        for key, asset in retyped.items()
        if (found := types.get(asset.type)) is not None
        for signal, declared in found.document.signals.items()
    }
    rows = Signal.objects.filter(asset__in=retyped).order_by().values_list("asset", "key", "unit")
    other = [
        f"{retyped[str(asset)].name} {key} ({unit} → {wanted[str(asset), key]})"
        for asset, key, unit in rows
        if wanted.get((str(asset), key), unit) != unit
    ]
    message = _("Stored values keep their unit, although the type names another now.")
    return [Effect.of("signals", "change", message, other)] if other else []


def _names(places: Collection[str], document: TwinDocument) -> list[str]:
    split = (place.partition("/") for place in places)
    return [f"{document.assets[asset].name if asset in document.assets else asset} {key}" for asset, _sep, key in split]
