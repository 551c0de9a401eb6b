"""Forms that many rooms have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class NamedConfirmForm(forms.Form):
    """Asks for the name of what is about to go, typed, before something that cannot be undone.

    Args:
        name: The name that must be typed.
    """

    typed = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].label = _("Type “%(name)s” to go on") % {"name": name}

    def clean_typed(self) -> str:
        """Refuse anything but the name.

        Raises:
            ValidationError: Something else was typed.
        """
        typed: str = self.cleaned_data["typed"].strip()
        if typed != self.name.strip():
            raise ValidationError(_("This is not the name. Nothing was changed."))
        return typed
