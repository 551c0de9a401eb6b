"""What a publication does to dashboards: which show assets that go."""

from __future__ import annotations

from django.utils.translation import ngettext

from twins.composer.effects import Effect, Publication
from twins.dashboards.models import Dashboard


def effects(publication: Publication) -> list[Effect]:
    """The dashboards that show assets which go; what belongs to one person alone is counted and not named."""
    if not publication.removed:
        return []
    rows = Dashboard.objects.filter(twin=publication.twin).order_by("name").values_list("name", "document", "is_shared")
    found = [(name, gone, is_shared) for name, document, is_shared in rows if (gone := _gone(publication, document))]
    if not found:
        return []
    text = ngettext(
        "%(count)s dashboard shows assets that go; it will show nothing newer of them.",
        "%(count)s dashboards show assets that go; they will show nothing newer of them.",
        len(found),
    ) % {"count": len(found)}
    names = [f"{name} ({', '.join(gone)})" for name, gone, is_shared in found if is_shared]
    return [Effect.of("dashboards", "loss", text, names)]


def _gone(publication: Publication, document: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[str]:
    shown = {
        signal["asset"]
        for widget in document.get("widgets", ())
        for signal in widget.get("signals", ())
        if signal.get("asset")
    }
    return publication.removed_names(shown)
