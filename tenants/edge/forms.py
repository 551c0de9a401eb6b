"""Forms that many rooms have, and the one frame in which pages show a form or ask before something goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from tenants.edge.retelling import retold
from tenants.kernel.errors import OutturnError

ADMIN, SHELL = "portal/admin.html", "parts/shell_page.html"
"""Where a page with a form stands: in the administration, or by itself."""


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


def put_error(form: forms.Form, error: OutturnError) -> None:
    """Show what a service refused at the field that it names, or over the form."""
    form.add_error(error.place if error.place in form.fields else None, retold(error))


def show_form(
    request: HttpRequest, form: forms.Form, *, title: Any, submit: Any, back: tuple[Any, str], intro: Any = "",
    frame: str = ADMIN,
) -> HttpResponse:  # fmt: skip
    """A page that is one form; 400 when something in it is wrong.

    Args:
        request: Who asks.
        form: The form, with what was entered.
        title: What the page is called.
        submit: What its button says.
        back: The page it came from, where "Cancel" leads: its name and its address.
        intro: A sentence above the form.
        frame: `ADMIN` or `SHELL`.
    """
    context = {
        "form": form,
        "title": title,
        "submit": submit,
        "back": back,
        "intro": intro,
        "frame": frame,
    }
    return render(request, "parts/form_page.html", context, status=400 if form.errors else 200)


def show_confirm(
    request: HttpRequest, form: NamedConfirmForm, *, title: Any, what: Any, undo: Any, submit: Any,
    back: tuple[Any, str],
) -> HttpResponse:  # fmt: skip
    """A page that asks for the name of what is about to go; 400 when another was typed, or it cannot go.

    Args:
        request: Who asks.
        form: The form, with what was typed.
        title: What is about to happen to what, such as "Delete the site “Hangar”".
        what: What goes with it and what stays, in a sentence.
        undo: Whether and how it can be undone, in a sentence.
        submit: What its button says.
        back: The page it came from, where "Cancel" leads: its name and its address.
    """
    context = {"form": form, "title": title, "what": what, "undo": undo, "submit": submit, "back": back}
    return render(request, "parts/confirm_page.html", context, status=400 if form.errors else 200)
