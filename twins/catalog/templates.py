"""Keeping what new things are made from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tenants.kernel.errors import ConflictError
from twins.catalog.models import Template

Kind = Template.Kind


class TemplateTakenError(ConflictError):
    """There is a template of that kind and key already."""

    code = "template.taken"


def keep_template(
    *, kind: Template.Kind, key: str, name: str, document: Any, by: str, now: datetime, pack: str = ""
) -> Template:
    """Keep what new things can be made from.

    Raises:
        TemplateTakenError: There is one of that kind and key.
    """
    try:
        with transaction.atomic():
            return Template.objects.create(
                kind=kind, key=key, name=name, document=document, pack=pack, made_by=by, made_at=now
            )
    except IntegrityError as error:
        raise TemplateTakenError(
            f"there is a {kind.value} called {key} already", place="key", fix="Give it another key, or remove that one."
        ) from error


def drop_templates(*, pack: str = "", keys: Iterable[tuple[Template.Kind, str]] = ()) -> None:
    """Remove all that a pack brought, or some of the organisation's own; what was made from them stays."""
    if pack:
        Template.objects.filter(pack=pack).delete()
    for kind, key in keys:
        Template.objects.filter(kind=kind, key=key, pack="").delete()
