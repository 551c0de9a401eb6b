"""Gateways from a file: uploaded, looked at line by line, made all together; their tokens are shown once."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.cells import as_cells
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.kernel.secrets import Token
from tenants.scope.actors import Permission
from twins.gateways.models import Gateway
from twins.gateways.provisioning.bulk import LARGEST_FILE, MOST_LINES, Line, make_gateways, read_table


class FileForm(forms.Form):
    """The table: as a file, or as it was looked at."""

    file = forms.FileField(
        required=False, label=_("File"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("CSV with the columns name, serial, customer and site; only name must be there."),
    )  # fmt: skip
    text = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = not self.data.get("text")

    def clean_file(self) -> str:
        """Its text.

        Raises:
            ValidationError: It is too large, or no text in UTF-8.
        """
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size is None or file.size > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 512 kB."))
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("The file is no text in UTF-8. Save it as CSV UTF-8.")) from None


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def many_gateways(request: HttpRequest) -> HttpResponse:
    """Many gateways: first the file, then what it comes to, then their tokens."""
    actor = actor_of(request)
    form = FileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {
        "form": form, "most": MOST_LINES, "back": (_("Gateways"), reverse("gateways", args=[actor.slug])),
    }  # fmt: skip
    status = 200
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["file"] or form.cleaned_data["text"]
        try:
            lines = read_table(text)
            if "make" in request.POST:
                return _made(request, make_gateways(lines=lines, by=actor.name, now=utc_now()))
            context |= _preview(text, lines)
        except OutturnError as error:
            put_error(form, error)
    if form.errors:
        status = 400
    return render(request, "gateways/many.html", context, status=status)


def _preview(text: str, lines: Sequence[Line]) -> dict[str, Any]:
    broken = sum(1 for line in lines if line.findings)
    return {"lines": lines, "text": text, "broken": broken, "sound": len(lines) - broken}


def _made(request: HttpRequest, made: Sequence[tuple[Gateway, Token]]) -> HttpResponse:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("name", "serial", "id", "token"))
    writer.writerows(as_cells((row.name, row.serial, row.id, token.text)) for row, token in made)
    context = {
        "made": [{"row": row, "token": token.text} for row, token in made],
        "file": base64.b64encode(file.getvalue().encode()).decode(),
    }  # fmt: skip
    response = render(request, "gateways/many_made.html", context)
    response["Cache-Control"] = "no-store"
    return response
