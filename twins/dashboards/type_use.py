"""Which dashboards are for all assets of a type, and which templates make such."""

from __future__ import annotations

from collections.abc import Iterator

from twins.catalog.naming import NamingKeys
from twins.catalog.selectors import templates
from twins.catalog.templates import Kind
from twins.catalog.use import Use
from twins.dashboards.models import Dashboard

_NAMING = """
SELECT (SELECT count(*) FROM twins_dashboard
        WHERE tenant_id = %(tenant)s AND document ->> 'asset_type' = %(key)s)
     + (SELECT count(*) FROM twins_template
        WHERE tenant_id = %(tenant)s AND kind = 'dashboard' AND document ->> 'asset_type' = %(key)s)"""


def _naming(key: str) -> Iterator[Use]:
    """The shared dashboards, for what belongs to one person alone is counted and not named; and all templates."""
    shared = Dashboard.objects.filter(is_shared=True, twin__trashed_at=None, document__asset_type=key)
    for row in shared.only("id", "name"):
        yield Use("dashboard", row.name, str(row.id))
    for template in templates(Kind.DASHBOARD):
        if template.document.get("asset_type") == key:
            yield Use("dashboard template", template.name, template.key)


TYPES = NamingKeys(_naming, _NAMING)
