"""Drafting: what a twin's assets tell, contracts begun from templates, and drafts looked at before they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.contracts.agreement import AgreementDocument, AgreementTerms, read_document
from billing.contracts.fields import DocumentError
from billing.contracts.library.clauses import Beginning
from billing.contracts.library.own import own_template
from billing.contracts.library.templates import TEMPLATES, ContractTemplate, begin
from billing.contracts.library.told import KnownAsset, told_by
from billing.contracts.models import Contract
from billing.contracts.selectors import contract
from billing.contracts.services import create_contract, drawn_up, published_or_refused
from tenants.kernel.errors import Finding, OutturnError
from twins.catalog.selectors import resolved_types, templates

_NOBODYS = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a draft that was looked at; nothing of it is stored.

    Attributes:
        findings: What is to be mended, by place.
        agreement: The document that it would become, None while something is to be mended.
        digest: That of the document; None also for one that is no contract's yet.
    """

    findings: tuple[Finding, ...]
    agreement: AgreementDocument | None
    digest: str | None


def contract_templates() -> Mapping[str, ContractTemplate]:
    """The templates a contract can be begun from, by key: the organisation's own after those of the library."""
    own = [own_template(row.key, row.name, row.document) for row in templates("contract")]
    return {**TEMPLATES, **{each.key: each for each in own}}


def known_assets(twin: str) -> list[KnownAsset]:
    """The assets of a published twin with what their evidence will tell.

    Args:
        twin: Its id.

    Raises:
        ContractTwinError: There is no such twin, or it was never published.
    """
    types = resolved_types()
    return [
        KnownAsset(key, asset.name, asset.type, told_by(types[asset.type].document))
        for key, asset in published_or_refused(twin).assets.items()
    ]


def begin_contract(*, begun: Mapping[str, Any], by: str, now: datetime) -> Contract:
    """A new contract as a draft, begun from a template.

    Args:
        begun: Template, customer, twin, days, currency, zone and figures, as ``Beginning`` has them.
        by: Who begins it.
        now: The moment.

    Raises:
        DocumentError: A figure is missing or strange, there is no such template, or it does not fit the twin.
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
    """
    wanted = read_document(Beginning, begun)
    template = contract_templates().get(wanted.template)
    if template is None:
        message = f"There is no template {wanted.template}."
        raise DocumentError(
            [Finding("contract.template", "template", message, "Choose one from the list of templates.")]
        )
    return create_contract(wanted=begin(template, wanted, known_assets(wanted.twin)), by=by, now=now)


def look_at(draft: Mapping[str, Any], contract_id: UUID | None) -> Looked:
    """What is wrong with a draft, or the document it would become.

    Args:
        draft: What people write of a contract, sound or not.
        contract_id: The contract whose next version it would be; None for a new one.

    Raises:
        ContractNotFoundError: There is no such contract.
    """
    row = Contract(id=_NOBODYS) if contract_id is None else contract(contract_id)
    try:
        agreement = drawn_up(AgreementTerms.read(draft), row)
    except OutturnError as error:
        return Looked(tuple(_findings(error)), None, None)
    return Looked((), agreement, None if contract_id is None else agreement.digest)


def _findings(error: OutturnError) -> Sequence[Finding]:
    return error.findings or [Finding(error.code, error.place, error.message, error.fix)]
