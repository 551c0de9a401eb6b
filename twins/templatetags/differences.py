"""Template filters for what differs between two documents, in the words that the page which compares has, too."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from twins.composer.domain.diff import FieldChange
from twins.language.symbols import symbol

register = template.Library()

_FIELDS = {
    "name": _("name"), "type": _("type"), "at": _("place"), "group": _("group"), "part_of": _("part of"),
    "from": _("from"), "to": _("to"), "kind": _("kind"), "gateway": _("gateway"), "key": _("key"), "scale": _("scale"),
    "offset": _("offset"), "expression": _("expression"), "unit": _("unit"), "collapsed": _("collapsed"),
    "text": _("text"), "size": _("size"), "image": _("image"),
}  # fmt: skip


@register.filter
def field_word(name: str) -> str | Promise:
    """What people call a field: ``properties/rated_flow`` is its rated flow."""
    return _FIELDS.get(name) or name.removeprefix("properties/").removeprefix("signals/").replace("_", " ")


@register.filter
def unit_of(field: FieldChange) -> str:
    """The unit of a field's values as people write it, empty for none."""
    return symbol(field.unit) if field.unit else ""


@register.filter
def value_word(value: Any) -> str | Promise:
    """A JSON value as it is read: lists without brackets, yes and no."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(value_word(each)) for each in value)
    return str(value)
