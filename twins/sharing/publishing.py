"""What a publication does to what is shared with customers: which views show assets that go."""

from __future__ import annotations

from django.utils.translation import ngettext

from twins.composer.effects import Effect, Publication
from twins.sharing.selectors import views_in_force


def effects(publication: Publication) -> list[Effect]:
    """The shared views that show assets which go."""
    if not publication.removed:
        return []
    names = [
        f"{view.customer}: {view.name} ({', '.join(gone)})"
        for view in views_in_force(now=publication.now).filter(twin=publication.twin).defer("twin__draft")
        if (gone := publication.removed_names(view.signals))
    ]
    if not names:
        return []
    text = ngettext(
        "%(count)s view that a customer looks through shows assets that go.",
        "%(count)s views that customers look through show assets that go.",
        len(names),
    ) % {"count": len(names)}
    return [Effect.of("views", "loss", text, names)]
