"""Installing packs, whole or not at all, and taking them away again without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from tenants.kernel.errors import ConflictError, Finding, NotFoundError, OutturnError
from tenants.record.services import record_audit
from twins.alarms.rules import delete_rule
from twins.alarms.selectors import rules
from twins.catalog.domain.reading import read_document
from twins.catalog.selectors import published_types
from twins.catalog.services import TypeInUseError, remove_type
from twins.catalog.templates import drop_templates
from twins.catalog.use import May, anything
from twins.packs.installing import Installation
from twins.packs.models import Pack
from twins.packs.schemas import Made, PackDocument


class PackBrokenError(OutturnError):
    """The pack does not fit, in itself or into the organisation; the findings say where."""

    code = "pack.broken"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            "the pack cannot be installed as it is", kept="Nothing was installed.",
            fix="Mend the places named in `findings`.", findings=findings,
        )  # fmt: skip


class PackInstalledError(ConflictError):
    """Another version of the pack is installed."""

    code = "pack.installed"


class PackInUseError(ConflictError):
    """Something of the pack is in use."""

    code = "pack.in_use"


class PackNotFoundError(NotFoundError):
    """No such pack is installed."""

    code = "pack.not_found"

    def __init__(self) -> None:
        super().__init__("no such pack is installed", place="pack", fix="Choose one from the list of packs.")


def read_pack(raw: object) -> PackDocument:
    """The pack that a JSON value holds.

    Raises:
        PackBrokenError: It is none.
    """
    found, findings = read_document(PackDocument, raw)
    if found is None:
        raise PackBrokenError(findings)
    return found


def look_at_pack(*, document: PackDocument, by: str, now: datetime) -> Made:
    """What installing a pack would make; nothing of it stays.

    Raises:
        PackBrokenError: As for ``install_pack``.
    """
    with transaction.atomic():
        made = _installed(document, by=by, now=now)
        transaction.set_rollback(True)
    return made


def install_pack(*, document: PackDocument, by: str, now: datetime) -> Pack:
    """Install a pack, whole or not at all; the same one again changes nothing.

    Raises:
        PackBrokenError: Something in it does not fit; the findings name the places.
        PackInstalledError: Another version of it is installed.
    """
    with transaction.atomic():
        known = Pack.objects.select_for_update().filter(key=document.key).first()
        if known is not None and known.digest == document.digest():
            return known
        if known is not None:
            raise PackInstalledError(
                f"version {known.version} of {document.key} is installed", place="key", kept="The pack as it is.",
                fix="Uninstall it first; what keeps it is named then.",
            )  # fmt: skip
        made = _installed(document, by=by, now=now)
        pack = Pack.objects.create(
            key=document.key, version=document.version, name=document.name.get("en", document.key),
            document=document.as_json(), digest=document.digest(), installed_by=by, installed_at=now,
            made={name: list(value) for name, value in asdict(made).items()},
        )  # fmt: skip
        _audit("installed", pack, by, now)
    return pack


def uninstall_pack(*, key: str, by: str, now: datetime, may: May = anything) -> None:
    """Take away what a pack brought: types, templates and alarm rules. What was made with them stays.

    An alarm rule that somebody has changed since belongs to the organisation and stays; it keeps the pack while it is
    for a type that nothing else brings. A type that was removed in the meantime is left aside.

    Args:
        key: The key of the pack.
        by: Who does it.
        now: When.
        may: What they may do: what they may not read is not named to them.

    Raises:
        PackNotFoundError: It is not installed.
        PackInUseError: One of its types is in use; the findings name where. Nothing was taken away.
    """
    with transaction.atomic():
        pack = Pack.objects.select_for_update().filter(key=key).first()
        if pack is None:
            raise PackNotFoundError
        drop_templates(pack=key)
        for rule in rules().filter(id__in=[UUID(each) for each in pack.made["rules"]], version=1):
            delete_rule(rule=rule.id, by=by, now=now)
        _take_types(pack, by=by, now=now, may=may)
        _audit("uninstalled", pack, by, now)
        pack.delete()


def _take_types(pack: Pack, *, by: str, now: datetime, may: May) -> None:
    findings: list[Finding] = []
    there = published_types()
    for ref in (each for each in reversed(pack.made["types"]) if each in there):
        try:
            remove_type(ref=ref, by=by, now=now, may=may)
        except TypeInUseError as error:
            findings += error.findings
    if findings:
        raise PackInUseError(
            f"{pack.name} is in use", place="pack", kept="The pack as it is, with all that it brought.",
            fix="Let what is named use other types, or remove it.", findings=findings,
        )  # fmt: skip


def _installed(document: PackDocument, *, by: str, now: datetime) -> Made:
    installation = Installation(document, by=by, now=now)
    made = installation.run()
    if installation.findings:
        raise PackBrokenError(installation.findings)
    return made


def _audit(deed: str, pack: Pack, by: str, now: datetime) -> None:
    details: dict[str, JsonValue] = {"key": pack.key, "version": pack.version, "digest": pack.digest}
    record_audit(action=f"pack.{deed}", subject=f"pack/{pack.id}", by=by, now=now, details=details)
