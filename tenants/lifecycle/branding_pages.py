"""The page of an organisation's look, its stylesheet and its logo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.kernel.pictures import Picture
from tenants.lifecycle import selectors
from tenants.lifecycle.branding import (
    MOST_LETTERS,
    Brand,
    brand_of,
    checked_brand,
    preview_style,
    set_brand,
    style_of,
    style_version,
)
from tenants.lifecycle.colours import ColourError, accents
from tenants.lifecycle.images import MOST_BYTES, read_picture
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import allows
from tenants.scope.actors import Permission
from tenants.scope.models import Tenant

_FOR_GOOD = "private, max-age=31536000, immutable"


class BrandForm(forms.Form):
    """The look."""

    product_name = forms.CharField(
        max_length=MOST_LETTERS, required=False, label=gettext_lazy("Product name"),
        help_text=gettext_lazy("What your customers see at the top of their pages. Empty: your organisation's name."),
    )  # fmt: skip
    accent = forms.CharField(
        max_length=7, required=False, label=gettext_lazy("Accent colour"),
        help_text=gettext_lazy("Six hexadecimal digits, such as #1c5d99. Empty: ours."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    logo = forms.FileField(
        required=False, label=gettext_lazy("Logo"),
        help_text=gettext_lazy("PNG or JPEG, at most 256 kB, 16 to 2,000 pixels on each side. SVG is not taken."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )  # fmt: skip
    remove_logo = forms.BooleanField(required=False, label=gettext_lazy("Remove the logo there is"))
    mail_sender = forms.CharField(
        max_length=MOST_LETTERS, required=False, label=gettext_lazy("Sender of mails"),
        help_text=gettext_lazy("The name in front of our address in mails to your people and customers."),
    )  # fmt: skip
    reply_to = forms.EmailField(
        required=False, label=gettext_lazy("Answers go to"),
        help_text=gettext_lazy("The address that answers to these mails reach."),
    )  # fmt: skip

    def brand(self) -> Brand:
        """The look that is wanted, without the logo."""
        return Brand(**{name: self.cleaned_data[name] for name in Brand.__slots__})

    def put(self, error: OutturnError) -> None:
        """Show what was refused at its field."""
        put_error(self, error)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def branding(request: HttpRequest) -> HttpResponse:
    """Choose the look; ``preview`` shows it first."""
    actor = actor_of(request)
    stored = Tenant.objects.values_list("brand", flat=True).get(id=actor.tenant)
    brand = brand_of(stored)
    form = BrandForm(
        request.POST or None, request.FILES or None, initial={n: getattr(brand, n) for n in brand.__slots__}
    )
    if request.method == "POST" and form.is_valid():
        try:
            wanted, picture = checked_brand(form.brand()), _picture(form)
            if "preview" in request.POST:
                return _branding(request, form, stored, wanted)
            set_brand(
                brand=wanted, picture=picture, remove_logo=form.cleaned_data["remove_logo"], by=actor.name,
                now=utc_now(),
            )  # fmt: skip
            messages.success(request, _("The look is changed; your customers see it from now on."))
            return redirect("branding", actor.slug)
        except OutturnError as error:
            form.put(error)
    return _branding(request, form, stored, brand, status=400 if form.errors else 200)


@require_safe
@page(needs=Permission.REPORTS_READ)
def style(request: HttpRequest) -> HttpResponse:
    """The stylesheet with the accent; with ``accent`` in the query that of the preview on the page."""
    if colour := request.GET.get("accent"):
        try:
            return HttpResponse(preview_style(colour), content_type="text/css; charset=utf-8")
        except ColourError as error:
            raise Http404 from error
    stored = Tenant.objects.values_list("brand", flat=True).get(id=actor_of(request).tenant)
    return _kept(request, style_of(stored).encode(), "text/css; charset=utf-8", style_version(stored))


@require_safe
@page(needs=Permission.REPORTS_READ)
def logo(request: HttpRequest) -> HttpResponse:
    """The logo."""
    found = selectors.logo()
    if found is None:
        raise Http404
    response = _kept(request, bytes(found.content), found.media_type, found.digest)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    return response


def _kept(request: HttpRequest, content: bytes, media_type: str, version: str) -> HttpResponse:
    """What a browser may keep, for good under an address that names its version."""
    tag = f'"{version}"'
    is_known = request.headers.get("If-None-Match") == tag
    response = HttpResponseNotModified() if is_known else HttpResponse(content, content_type=media_type)
    response["ETag"] = tag
    response["Cache-Control"] = _FOR_GOOD if request.GET.get("v") == version else "private, no-cache"
    return response


def _picture(form: BrandForm) -> Picture | None:
    sent = form.cleaned_data["logo"]
    return read_picture(sent.read(MOST_BYTES + 1)) if sent else None


def _branding(
    request: HttpRequest, form: BrandForm, stored: dict[str, Any], brand: Brand, status: int = 200
) -> HttpResponse:
    both = accents(brand.accent) if brand.accent else None
    context = {
        "form": form, "logo": stored.get("logo"), "brand": brand,
        "preview": [(_("Light"), "is-light", both[0]), (_("Dark"), "is-dark", both[1])] if both else [],
        "was_moved": both is not None and (both[0].was_moved or both[1].was_moved),
        "is_unsaved": "preview" in request.POST, "is_open": allows(Feature.BRANDING),
    }  # fmt: skip
    return render(request, "lifecycle/branding.html", context, status=status)
