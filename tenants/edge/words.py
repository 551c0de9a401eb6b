"""What permissions are called in pages; the API calls them by their names."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tenants.scope.actors import Permission

AREAS = {
    "twins": _("Twins and catalogue"), "gateways": _("Gateways"), "alarms": _("Alarms"), "dashboards": _("Dashboards"),
    "health": _("Health"),
    "plans": _("Plans"), "contracts": _("Contracts"), "money": _("Statements and invoices"), "reports": _("Reports"),
    "audit": _("Audit"), "log": _("Heads of the log"), "organisation": _("Organisation"),
}  # fmt: skip
DEEDS = {
    "read": _("Read"), "edit": _("Edit"), "publish": _("Publish"), "operate": _("Operate"), "approve": _("Approve"),
    "bill": pgettext_lazy("what a role may do", "Bill"), "administer": _("Administer"),
}  # fmt: skip
_OWN = _("Own")
"""No column of its own among the deeds: nobody can be given it."""


def permission_words(permission: str) -> str:
    """What a permission is called: its area, and what is done there."""
    each = Permission(permission)
    return f"{AREAS[each.area]}: {DEEDS.get(each.deed, _OWN)}"


def permissions_by_area(permissions: Iterable[str]) -> list[str]:
    """What several permissions are called, an area a text: ``Twins and catalogue: read, edit``."""
    found: dict[str, list[str]] = {}
    for each in map(Permission, permissions):
        found.setdefault(each.area, []).append(str(DEEDS.get(each.deed, _OWN)).lower())
    return [f"{AREAS[area]}: {', '.join(deeds)}" for area, deeds in found.items()]
