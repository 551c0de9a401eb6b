"""What a publication does to alarms: which come, which change, which go, and which of those are active."""

from __future__ import annotations

from django.utils.translation import ngettext

from twins.alarms.models import Alarm, AlarmRule
from twins.alarms.planning import BY_DESIGN, Point, points_of
from twins.catalog.selectors import resolved_types
from twins.composer.effects import Effect, Publication
from twins.composer.schemas import TwinDocument

Points = dict[tuple[str, str], Point]


def effects(publication: Publication) -> list[Effect]:
    """Alarms that come, change and go with assets, their types and their properties."""
    old, new = publication.old.assets, publication.after.assets
    before = {key: each for key, each in old.items() if new.get(key) != each}
    after = {key: each for key, each in new.items() if old.get(key) != each}
    if not before and not after:
        return []
    was = _points(publication, publication.old.model_copy(update={"assets": before}))
    now = _points(publication, publication.after.model_copy(update={"assets": after}))
    come = [_name(point) for key, point in now.items() if key not in was]
    gone = [key for key in was if key not in now]
    changed = [_name(point) for key, point in now.items() if key in was and _differs(was[key], point)]
    found: list[Effect] = []
    if come:
        text = ngettext("%(count)s alarm comes.", "%(count)s alarms come.", len(come)) % {"count": len(come)}
        found.append(Effect.of("alarms", "new", text, come))
    if changed:
        text = ngettext(
            "%(count)s alarm is judged otherwise.", "%(count)s alarms are judged otherwise.", len(changed)
        ) % {"count": len(changed)}
        found.append(Effect.of("alarms", "change", text, changed))
    if gone:
        text = ngettext("%(count)s alarm goes.", "%(count)s alarms go.", len(gone)) % {"count": len(gone)}
        found.append(Effect.of("alarms", "loss", text, [_name(was[key]) for key in gone]))
        found += _active(publication, set(gone))
    return found


def _active(publication: Publication, gone: set[tuple[str, str]]) -> list[Effect]:
    rows = Alarm.objects.filter(twin=publication.twin, is_active=True).values_list("asset", "key", "asset_name", "name")
    names = [f"{asset_name}: {name}" for asset, key, asset_name, name in rows if (str(asset), key) in gone]
    if not names:
        return []
    text = ngettext(
        "%(count)s alarm that is active now ends within five minutes.",
        "%(count)s alarms that are active now end within five minutes.",
        len(names),
    ) % {"count": len(names)}
    return [Effect.of("alarms", "loss", text, names)]


def _points(publication: Publication, document: TwinDocument) -> Points:
    types = resolved_types()
    known = {key: each for key, each in document.assets.items() if each.type in types}
    rules = AlarmRule.objects.order_by("id")
    points = points_of(document.model_copy(update={"assets": known}), types, list(rules), publication.site)
    return {(str(each.asset), each.key): each for each in points if BY_DESIGN not in each.key}


def _name(point: Point) -> str:
    return f"{point.asset_name}: {point.name}"


def _differs(before: Point, after: Point) -> bool:
    return before.alarm != after.alarm or before.properties != after.properties
