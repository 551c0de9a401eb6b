"""What stands around the versions of a twin, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from twins.composer.models import DraftAside, Twin, TwinReview


def versions_of(twin: Twin, now: datetime) -> dict[str, dict[str, str | int | UUID]]:
    """A review, edits that were set aside, a twin it was promoted into; the arguments of their addresses."""
    by = "owner@meridian.example"
    review = TwinReview.objects.create(twin=twin, revision=99, note="Northwind", asked_by=by, asked_at=now).id
    aside = DraftAside.objects.create(
        twin=twin, kind="reset", version=1, operations=[], count=1, revision=9, put_by=by, put_at=now
    ).id  # fmt: skip
    pages = ("twin-versions", "twin-compare", "twin-promote", "twin-review-ask")
    calls = ("compare", "publication", "rollback", "reset", "asides", "removed", "promotion-list", "promotion-plan")
    return {
        **{name: {"twin": twin.slug} for name in pages},
        **{
            name: {"twin": twin.slug, "number": 1}
            for name in ("twin-version", "twin-version-rename", "blueprint-save", "twin-rollback", "twin-reset")
        },
        "twin-aside-return": {"twin": twin.slug, "aside": aside},
        **{name: {"review": review} for name in ("twin-review", "twin-review-withdraw")},
        **{f"api:twin-{name}": {"pk": twin.id} for name in calls},
        "api:twin-version-name": {"pk": twin.id, "version": 1},
        "api:twin-aside-return": {"pk": twin.id, "aside": aside},
        **{f"api:twin-review-{name}": {"pk": review} for name in ("detail", "decision", "withdraw")},
    }
