"""Writing a draft into its row: PostgreSQL is sent the parts that changed, not the thousands that did not."""

from __future__ import annotations

import json
from typing import Any

from django.db.models.expressions import RawSQL

from twins.composer.schemas import TwinDocument

SECTIONS = ("assets", "links", "bindings", "groups", "notes")


def rewritten(before: TwinDocument, after: TwinDocument) -> RawSQL:
    """The column ``draft``, which says the one document, made to say the other, which came of it by operations."""
    sql = ["draft || jsonb_build_object('name', %s::text)"]
    values: list[str | list[str]] = [after.name]
    for section in SECTIONS:
        changed, gone = _difference(getattr(before, section), getattr(after, section))
        if changed or gone:
            sql.append(
                f"jsonb_build_object('{section}', coalesce(draft -> '{section}', '{{}}') - %s::text[] || %s::jsonb)"
            )
            values += gone, json.dumps(changed)
    return RawSQL(" || ".join(sql), values)  # noqa: S611 (what is not a value is written above)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The parts that are new or another, as JSON, and the keys of those that are gone; what is the same is shared."""
    changed = {key: part.as_json() for key, part in after.items() if before.get(key) is not part}
    return changed, [key for key in before if key not in after]
