"""Template tags behind the parts in ``templates/parts``: statuses, times, form fields and tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from tenants.edge import retelling, words
from tenants.edge.formats import money_shown
from tenants.kernel.clock import isoformat
from tenants.kernel.money import Money

register = template.Library()


class Look(NamedTuple):
    """How a status is shown: never by colour alone."""

    icon: str
    tone: str
    word: Any


LOOKS = {
    "running": Look("player-play", "good", _("Running")),
    "ok": Look("circle-check", "good", _("OK")),
    "done": Look("circle-check", "good", _("Done")),
    "connected": Look("plug-connected", "good", _("Connected")),
    "published": Look("rocket", "good", _("Published")),
    "idle": Look("player-pause", "quiet", _("Idle")),
    "draft": Look("pencil", "quiet", _("Draft")),
    "queued": Look("hourglass", "quiet", _("Waiting")),
    "cancelled": Look("ban", "quiet", _("Cancelled")),
    "in_force": Look("circle-check", "good", _("In force")),
    "ending": Look("alert-triangle", "warning", _("Ends soon")),
    "expired": Look("clock", "warning", _("Expired")),
    "disabled": Look("player-pause", "quiet", _("Disabled")),
    "revoked": Look("ban", "quiet", _("Revoked")),
    "unknown": Look("circle-dashed", "unknown", _("Unknown")),
    "planned": Look("calendar-time", "planned", _("Planned")),
    "working": Look("loader-2", "planned", _("In progress")),
    "warning": Look("alert-triangle", "warning", _("Warning")),
    "exhausted": Look("alert-circle", "bad", _("Used up")),
    "late": Look("clock", "warning", _("Late")),
    "pending": Look("clock", "warning", _("Waits")),
    "down": Look("circle-x", "bad", _("Down")),
    "failed": Look("alert-circle", "bad", _("Failed")),
    "disconnected": Look("plug-connected-x", "bad", _("Disconnected")),
    # Alarm priorities (ISA-18.2): each has a colour, a shape and a word of its own.
    "unacknowledged": Look("bell", "bad", _("Unacknowledged")),
    "acknowledged": Look("check", "warning", _("Acknowledged")),
    "returned": Look("arrow-back-up", "planned", _("Over, not acknowledged")),
    "latched": Look("lock", "planned", _("Latched")),
    "shelved": Look("clock", "quiet", _("Shelved")),
    "suppressed": Look("eye", "quiet", _("Suppressed")),
    "out_of_service": Look("tool", "quiet", _("Out of service")),
    "normal": Look("circle-check", "good", _("Normal")),
    "critical": Look("bell", "bad", _("Critical")),
    "high": Look("alert-triangle", "bad", _("High")),
    "medium": Look("alert-triangle", "warning", _("Medium")),
    "low": Look("info-circle", "planned", _("Low")),
}


@register.filter
def status_look(status: object) -> Look:
    """Icon, tone and word of a status; one we do not know is shown as it is, in the tone of the unknown."""
    return LOOKS.get(str(status)) or Look("circle-dashed", "unknown", str(status))


def _time(moment: datetime, element: str) -> SafeString:
    iso = isoformat(moment)
    fallback = f"{iso[:16].replace('T', ' ')} UTC"
    return format_html('<{0}><time datetime="{1}">{2}</time></{0}>', element, iso, fallback)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A moment in the viewer's zone, the zone on hover; an en dash where there is none."""
    return _time(value, "viewer-time") if value else "–"


@register.filter
def second(value: datetime | None) -> SafeString | str:
    """A moment to the second in the viewer's zone, for what follows closely; an en dash where there is none."""
    if not value:
        return "–"
    iso = isoformat(value)
    fallback = f"{iso[:19].replace('T', ' ')} UTC"
    return format_html('<viewer-time seconds><time datetime="{}">{}</time></viewer-time>', iso, fallback)


@register.filter
def age(value: datetime | None) -> SafeString | str:
    """How long ago a moment was, kept up to date; an en dash where there is none."""
    return _time(value, "live-age") if value else "–"


@register.filter
def amount(value: Money | None) -> str:
    """Money with its currency and thousands separators; an en dash where there is none."""
    return "–" if value is None else money_shown(value)


@register.filter
def retell(sentence: str) -> str:
    """What a service or the verifier said, in the language of the page."""
    return retelling.retell(sentence)


@register.filter
def is_choice_list(field: BoundField) -> bool:
    """Whether the field is several boxes or buttons, and so needs a legend in place of a label."""
    return isinstance(field.field.widget, RadioSelect | CheckboxSelectMultiple)


@register.filter
def is_tick(field: BoundField) -> bool:
    """Whether the field is one box to tick, its label beside it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's input in our look. Django itself ties it to its help and its errors."""
    if is_choice_list(field):
        return field.as_widget()
    if is_tick(field):
        style = "form-check-input"
    else:
        style = "form-select" if isinstance(field.field.widget, Select) else "form-control"
    own = field.field.widget.attrs.get("class", "")
    wrong = "is-invalid" if field.errors else ""
    return field.as_widget(attrs={"class": " ".join(filter(None, (style, own, wrong)))})


@register.filter
def permission_words(permission: str) -> str:
    """What a permission is called."""
    return words.permission_words(permission)


@register.filter
def by_area(permissions: Iterable[str]) -> str:
    """What several permissions are called, those of an area together."""
    return "; ".join(words.permissions_by_area(permissions))


@register.filter
def beside(cells: Iterable[Any], columns: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Each cell of a row with its column, for tables that become cards on a phone."""
    return list(zip_longest(columns, cells))
