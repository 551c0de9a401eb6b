"""Writing contracts: drafts by whoever may edit, versions by whoever may publish."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from pydantic import JsonValue

from billing.contracts.agreement import AgreementDocument, AgreementTerms, PartiesDocument
from billing.contracts.fields import DocumentError
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.naming import naming_findings, taken_names
from billing.contracts.registry import tell_agreed
from billing.contracts.selectors import agreed_versions, draft_of, locked_contract
from billing.contracts.templates import PowerByTheHour
from tenants.custody.services import put_in_trash
from tenants.customers.selectors import customer_name
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin

LEAF = "contract_version"
FLIGHT_HOURS = "flight_hours"
"""The indicator of types whose hours are counted."""
RESERVED = frozenset({"new"})


class ContractTwinError(OutturnError):
    """The twin has no assets that the contract could be about."""

    code = "contract.twin"
    status = 422


class ContractRevisionError(ConflictError):
    """The draft is not at the revision the caller speaks of, or holds nothing new."""

    code = "contract.conflict"


class PublishedContractError(ConflictError):
    """A contract that has a published version stays."""

    code = "contract.published"


def create_contract(*, wanted: AgreementTerms, by: str, now: datetime) -> Contract:
    """A new contract as a draft, about the assets its clauses speak of; without clauses about all of the twin.

    Raises:
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
        DocumentError: A clause speaks of an asset the twin does not have.
    """
    with transaction.atomic():
        contract = Contract(
            id=new_id(), slug=_free_slug(wanted.title), title=wanted.title, customer_id=UUID(wanted.customer),
            twin_id=UUID(wanted.twin), created_at=now, updated_at=now,
        )  # fmt: skip
        contract.draft = drawn_up(wanted, contract).as_json()
        contract.save(force_insert=True)
        record_audit(action="contract.created", subject=f"contract/{contract.id}", by=by, now=now)
    return contract


def create_power_by_the_hour(*, parameters: PowerByTheHour, by: str, now: datetime) -> Contract:
    """A new contract from the template "Power by the hour", about all assets of a twin that count flight hours.

    Raises:
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
    """
    assets = _flying(published_or_refused(parameters.twin))
    if not assets:
        raise ContractTwinError(
            "No asset of the twin counts flight hours.", place="twin",
            fix="Choose a twin whose types have the indicator flight_hours.",
        )  # fmt: skip
    return create_contract(wanted=parameters.agreement(assets), by=by, now=now)


def edit_contract(*, contract: UUID, revision: int, wanted: AgreementTerms, by: str, now: datetime) -> Contract:
    """Replace the draft that the caller has seen.

    Raises:
        ContractNotFoundError: There is no such contract.
        ContractRevisionError: Somebody edited the draft since.
        PublishedContractError: It was published, and is to be another customer's.
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
        DocumentError: A clause speaks of an asset the twin does not have.
    """
    with transaction.atomic():
        row = _at_revision(contract, revision)
        if row.published and UUID(wanted.customer) != row.customer_id:
            raise PublishedContractError(
                "A published contract stays with its customer.", place="customer", kept="The draft as it is.",
                fix="Make another contract for the other customer.",
            )  # fmt: skip
        row.draft = drawn_up(wanted, row).as_json()
        row.title, row.customer_id, row.twin_id = wanted.title, UUID(wanted.customer), UUID(wanted.twin)
        row.revision, row.updated_at = row.revision + 1, now
        row.save()
        record_audit(action="contract.edited", subject=f"contract/{row.id}", by=by, now=now)
    return row


def publish_contract(*, contract: UUID, revision: int, by: str, now: datetime) -> ContractVersion:
    """Publish the draft as the next version, which is logged and never changes.

    One that needs the customer's acceptance is offered to them; an offer of before that nobody answered is over.

    Raises:
        ContractNotFoundError: There is no such contract.
        ContractRevisionError: Somebody edited the draft since, it holds nothing new, or it takes effect before the
            version it follows.
        DocumentError: A clause has a name that is taken; drafts of before may have one.
    """
    with transaction.atomic():
        row = _at_revision(contract, revision)
        agreement = draft_of(row)
        _refuse_unpublishable(row, agreement)
        version = ContractVersion.objects.create(
            contract=row, version=agreement.version, document=agreement.as_json(), digest=agreement.digest,
            effective_from=agreement.effective_from, effective_to=agreement.effective_to,
            needs_acceptance=agreement.acceptance is not None, published_by=by, published_at=now,
        )  # fmt: skip
        row.published, row.published_revision, row.updated_at = version.version, row.revision, now
        row.draft = agreement.model_copy(update={"version": version.version + 1}).as_json()
        row.save()
        details: dict[str, JsonValue] = {"version": version.version, "digest": version.digest}
        record_audit(action="contract.published", subject=f"contract/{row.id}", by=by, now=now, details=details)
        append_leaves(entries=[NewEntry(LEAF, version.digest)], now=now)
        if not version.needs_acceptance:
            tell_agreed(row.id, by=by, now=now)
    return version


def delete_contract(*, contract: UUID, by: str, now: datetime) -> None:
    """Put a contract that was never published into the trash, where it stays for 30 days.

    Raises:
        ContractNotFoundError: There is no such contract.
        PublishedContractError: It has a published version.
    """
    with transaction.atomic():
        row = locked_contract(contract)
        if row.published:
            raise PublishedContractError(
                f"The contract has version {row.published}, which stays.", place="contract",
                kept="The contract and its versions.", fix="Publish a version that ends: nothing is billed after it.",
            )  # fmt: skip
        put_in_trash(kind="contract", thing=row.id, by=by, now=now)


def draft_agreement(wanted: AgreementTerms) -> AgreementDocument:
    """The agreement that a new contract would begin with; nothing is kept.

    Raises:
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
        DocumentError: A clause speaks of an asset that the twin does not have, or of a name that nothing tells.
    """
    return drawn_up(wanted, Contract(id=new_id()))


def drawn_up(wanted: AgreementTerms, contract: Contract) -> AgreementDocument:
    """The whole document of the next version, with the names of today; nothing is stored.

    Raises:
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
        DocumentError: A clause speaks of an asset that the twin does not have, or of a name that nothing tells.
    """
    twin, tenant = published_or_refused(wanted.twin), Tenant.objects.get(id=required_tenant("a contract"))
    customer = customer_name(UUID(wanted.customer))
    if customer is None:
        raise NotFoundError(
            "There is no such customer.", place="customer", fix="Choose one from the list of customers."
        )
    types = resolved_types()
    unknown = naming_findings(wanted.terms, {key: types[asset.type].document for key, asset in twin.assets.items()})
    if unknown:
        raise DocumentError(unknown)
    return AgreementDocument.read(
        wanted.as_json()
        | {
            "agreement": 1,
            "contract": str(contract.id),
            "version": contract.published + 1,
            "parties": PartiesDocument(provider=tenant.name, customer=customer).model_dump(),
            "twin_name": twin.name,
            "assets": _assets(wanted, twin),
        }
    )


def _assets(wanted: AgreementTerms, twin: TwinDocument) -> dict[str, str]:
    """The assets a contract is about, with their names: those its clauses speak of; all of them without clauses."""
    spoken_of = {asset for clause in wanted.terms.clauses for asset in clause.assets} & twin.assets.keys()
    return {asset: found.name for asset, found in twin.assets.items() if asset in (spoken_of or twin.assets)}


def _flying(twin: TwinDocument) -> list[str]:
    types = resolved_types()
    return sorted(
        asset for asset, found in twin.assets.items() if FLIGHT_HOURS in types[found.type].document.indicators
    )


def published_or_refused(twin: str) -> TwinDocument:
    """The newest published version of a twin.

    Raises:
        ContractTwinError: There is no such twin, or it was never published.
    """
    found = published_twin(UUID(twin))
    if found is None:
        raise ContractTwinError(
            "There is no such twin, or none of its versions is published.", place="twin",
            fix="Publish the twin, then make the contract about its assets.",
        )  # fmt: skip
    return found


def _at_revision(contract: UUID, revision: int) -> Contract:
    row = locked_contract(contract)
    if row.revision != revision:
        raise ContractRevisionError(
            f"The draft is at revision {row.revision}, not {revision}.", place="revision", kept="The draft as it is.",
            fix="Load the contract again, and make the change on it.",
        )  # fmt: skip
    return row


def _refuse_unpublishable(row: Contract, agreement: AgreementDocument) -> None:
    if row.revision == row.published_revision:
        raise ContractRevisionError(
            f"Nothing was changed since version {row.published}.", place="revision", fix="Edit the draft first."
        )
    taken = list(taken_names(agreement.terms))
    if taken:
        raise DocumentError(taken)
    before = agreed_versions(row.id).first()
    if before is not None and agreement.effective_from < before.effective_from:
        raise ContractRevisionError(
            f"Version {before.version} takes effect after this draft would.", place="effective/from",
            kept="The draft as it is.", fix="Let the new version take effect on the same day or a later one.",
        )  # fmt: skip


def _free_slug(title: str) -> str:
    base = slugify(title)[:60].strip("-") or "contract"
    taken = set(Contract.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)
