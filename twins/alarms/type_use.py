"""Which alarm rules are for all assets of a type."""

from __future__ import annotations

from collections.abc import Iterator

from twins.alarms.selectors import rules
from twins.catalog.naming import NamingKeys
from twins.catalog.use import Use


def _naming(key: str) -> Iterator[Use]:
    for row in rules().filter(asset_type=key):
        yield Use("alarm rule", (row.document.get("name") or {}).get("en", row.key), str(row.id))


TYPES = NamingKeys(
    _naming, "SELECT count(*) FROM twins_alarmrule WHERE tenant_id = %(tenant)s AND asset_type = %(key)s"
)
