"""How an organisation looks to its end customers: product name, accent, logo, and who its mails come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tenants.kernel.errors import NotAllowedError, OutturnError
from tenants.kernel.pictures import Picture
from tenants.lifecycle.colours import Accent, accents, read_colour
from tenants.lifecycle.models import Logo
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import allows
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

MOST_LETTERS = 60
_NO_NAME = re.compile(r"[\x00-\x1f\x7f<>@\"\\]")


class BrandNotInPlanError(NotAllowedError):
    """The plan has no branding."""

    code = "brand.not_in_plan"


class BrandNameError(OutturnError):
    """A name that cannot stand in a page or in front of an address of mail."""

    code = "brand.name"


@dataclass(frozen=True, slots=True)
class Brand:
    """How an organisation looks.

    Attributes:
        product_name: What the portal is called; empty for the organisation's own name.
        accent: The accent as it was chosen, or empty for ours.
        mail_sender: What stands in front of our address in its mails; empty for ours.
        reply_to: The address that answers to them go to, or empty.
    """

    product_name: str = ""
    accent: str = ""
    mail_sender: str = ""
    reply_to: str = ""


def checked_brand(brand: Brand) -> Brand:
    """A brand as it is kept.

    Raises:
        ColourError: The accent is no colour.
        BrandNameError: A name is too long, or has a character that it must not have.
    """
    for place, text in (("product_name", brand.product_name), ("mail_sender", brand.mail_sender)):
        if len(text) > MOST_LETTERS or _NO_NAME.search(text):
            raise BrandNameError(
                f"“{text[:40]}” cannot be used as a name", place=place,
                fix=f"Write at most {MOST_LETTERS} characters, without < > @ \" and \\.",
            )  # fmt: skip
    accent = read_colour(brand.accent) if brand.accent else ""
    return Brand(brand.product_name.strip(), accent, brand.mail_sender.strip(), brand.reply_to.strip())


def set_brand(*, brand: Brand, picture: Picture | None, remove_logo: bool, by: str, now: datetime) -> None:
    """Give the organisation in scope another look.

    Args:
        brand: All of it but the logo.
        picture: A new logo, or None to keep the one there is.
        remove_logo: Whether to go on without one.
        by: Who does it.
        now: The moment.

    Raises:
        BrandNotInPlanError: The plan has no branding.
        ColourError: The accent is no colour.
        BrandNameError: A name cannot be used.
    """
    if not allows(Feature.BRANDING):
        raise BrandNotInPlanError(
            "your plan has no branding", kept="The look there was.", fix="Choose a larger plan under Plan and usage."
        )
    kept = checked_brand(brand)
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=required_tenant("a brand"))
        sha256 = _put_logo(picture) if picture else tenant.brand.get("logo")
        if remove_logo and not picture:
            Logo.objects.all().delete()
            sha256 = None
        light, dark = accents(kept.accent) if kept.accent else (None, None)
        tenant.brand = {
            "product_name": kept.product_name, "accent": kept.accent, "mail_sender": kept.mail_sender,
            "reply_to": kept.reply_to, "logo": sha256, **_colours(light, dark),
        }  # fmt: skip
        tenant.save(update_fields=["brand"])
        record_audit(action="brand.changed", subject=f"organisation/{tenant.id}", by=by, now=now)


def brand_of(stored: Mapping[str, Any]) -> Brand:
    """The brand that stands in a tenant's row."""
    return Brand(**{name: str(stored.get(name) or "") for name in Brand.__slots__})


def style_of(stored: Mapping[str, Any]) -> str:
    """The stylesheet of a brand: it sets the accent, and nothing when there is none."""
    if not stored.get("accent_light"):
        return "/* no accent of its own */\n"
    return _style(
        ":root", (stored["accent_light"], stored["on_accent_light"]), (stored["accent_dark"], stored["on_accent_dark"])
    )


def preview_style(colour: str) -> str:
    """The stylesheet of the page's preview of an accent.

    Raises:
        ColourError: It is no colour.
    """
    light, dark = accents(read_colour(colour))
    return _style(".brand-preview", (light.colour, light.ink), (dark.colour, dark.ink))


def style_version(stored: Mapping[str, Any]) -> str:
    """What changes whenever the stylesheet does."""
    return hashlib.sha256(style_of(stored).encode()).hexdigest()[:16]


def _style(where: str, light: tuple[str, str], dark: tuple[str, str]) -> str:
    pairs = zip(("--accent", "--on-accent"), light, dark, strict=True)
    lines = "".join(f"  {name}: light-dark({by_day}, {by_night});\n" for name, by_day, by_night in pairs)
    same = {"primary": "accent", "primary-fg": "on-accent", "link-color": "accent", "link-hover-color": "accent"}
    lines += "".join(f"  --tblr-{theirs}: var(--{ours});\n" for theirs, ours in same.items())
    return f"{where} {{\n{lines}}}\n"


def _colours(light: Accent | None, dark: Accent | None) -> dict[str, str]:
    if light is None or dark is None:
        return {}
    return {
        "accent_light": light.colour, "on_accent_light": light.ink,
        "accent_dark": dark.colour, "on_accent_dark": dark.ink,
    }  # fmt: skip


def _put_logo(picture: Picture) -> str:
    sha256 = hashlib.sha256(picture.content).hexdigest()
    values = {
        "digest": sha256, "media_type": picture.media_type, "width": picture.width, "height": picture.height,
        "content": picture.content,
    }  # fmt: skip
    Logo.objects.update_or_create(defaults=values)
    return sha256
