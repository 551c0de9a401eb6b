"""Forms of what documents mean by a key, which is made from the name where people give none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from twins.catalog.parts import SLUG


def key_field(help_text: Any, *, required: bool = False) -> forms.RegexField:
    """The field of a key: small letters, digits and single hyphens."""
    return forms.RegexField(
        SLUG, label=_("Key"), max_length=64, required=required, help_text=help_text,
        error_messages={"invalid": _("Small letters, digits and hyphens, a letter first.")},
    )  # fmt: skip


class KeyedForm(forms.Form):
    """A form with a `name` and a `key`."""

    def clean(self) -> dict[str, Any]:
        """Make the key from the name where none is given."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("key") and "key" not in self.errors:
            values["key"] = slugify(values.get("name", "")).strip("-0123456789")[:64].rstrip("-")
            if not values["key"]:
                self.add_error("key", _("Give a key: the name has no letter that one could be made from."))
        return values
