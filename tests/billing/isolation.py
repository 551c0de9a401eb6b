"""One of each thing of billing that has an address, for strangers to try their hands on."""

from __future__ import annotations

from uuid import UUID

from billing.contracts.models import Contract
from billing.disputes.domain.files import read_file
from billing.disputes.models import DisputeFile
from billing.disputes.services import Objection, open_dispute
from billing.dunning.services import pause_dunning
from billing.invoices.parties import create_entity
from billing.outcomes.services import claim_exclusion
from billing.payments.models import PaymentKind, ProviderStep
from billing.payments.services import Transfer, record_transfer
from billing.plans.models import PlanAccount, PlanInvoice, PlanSheet
from billing.reports.links import make_link
from billing.reports.services import settle_period
from billing.simulation.schemas import SIMULATE, pack
from tenants.jobs.models import Job, JobState
from tenants.post.models import Letter
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import required_tenant
from tests.billing.invoices.sellers import MERIDIAN
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, a_fleet, agreement, at, published

STEPS = ("say", "uphold", "offer", "decline", "agree", "refuse", "withdraw", "reopen")
SEPTEMBER = at("2026-09-01"), at("2026-10-01")


def _owner() -> Actor:
    return Actor(
        tenant=required_tenant("an owner"), slug="", role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER], name=BY
    )


def settled(customer: UUID) -> dict[str, dict[str, str | int | UUID]]:
    """A contract settled for September 2026, and a claim; the arguments of their addresses by their names."""
    fleet = a_fleet("2026-08-29", "2026-10-01", name="Leased fleet")
    clause = a_clause(id="uptime", assets=fleet.ids, exclusions=[{"category": "weather", "allowance": None}])
    contract = published(agreement(fleet, clause, title="Uptime of the leased fleet") | {"customer": str(customer)})
    claim = claim_exclusion(
        contract=contract.id, category="weather", assets=fleet.engines, start=at("2026-09-02"), end=at("2026-09-03"),
        evidence={}, by=BY, now=at("2026-09-04"),
    )  # fmt: skip
    done = settle_period(contract=contract.id, start=SEPTEMBER[0], end=SEPTEMBER[1], by=BY, now=at("2026-10-05"))
    assert done.invoice is not None
    entity = create_entity(details=MERIDIAN, by=BY, now=at("2026-10-06"))
    transfer = Transfer(PaymentKind.RECEIVED, 5, done.invoice.currency, at("2026-10-06").date(), "Leased fleet, paid")
    paid = record_transfer(invoice=done.invoice.id, transfer=transfer, by=BY, now=at("2026-10-06"))
    pause = pause_dunning(
        invoice=done.invoice.id, whole_customer=False, reason="Leased fleet, they called", until=None, by=BY,
        now=at("2026-10-06"),
    )  # fmt: skip
    step = ProviderStep.objects.create(
        invoice=done.invoice, position=0, name="customer", operation="customer", state="blocked", asked_by=BY,
        created_at=at("2026-10-06"),
    )  # fmt: skip
    link, _address = make_link(report=done.report.id, name="Leasing bank", days=14, by=_owner(), now=at("2026-10-06"))
    wanted = Objection(
        statement=done.statement.id, assets=fleet.engines, start=at("2026-09-02"), end=at("2026-09-03"), held="down",
        reason="It stood in the hangar of the leased fleet.", files=[read_file("hangar.txt", b"Leased fleet, bay 2")],
    )  # fmt: skip
    dispute = open_dispute(wanted=wanted, customer=customer, by=BY, now=at("2026-10-06"))
    file = DisputeFile.objects.get(dispute=dispute).id
    of_plan = _invoiced_by_the_platform()
    charged = _charged_by_the_platform(customer)
    _nothing_waits_to_be_told()
    of_contract = (
        "edit", "publish", "delete", "exclusions", "statements", "settle", "simulation", "simulation-measure",
    )  # fmt: skip
    pages = ("contract", *(f"contract-{name}" for name in of_contract))
    return {
        **{f"api:simulation-{name}": {"pk": _simulated(contract)} for name in ("detail", "what-if")},
        **{name: {"contract": contract.slug} for name in pages},
        **{f"agreed-{name}": {"contract": contract.id} for name in ("contract", "accept", "decline", "exclusions")},
        "agreed-text": {"contract": contract.id, "version": 1},
        "agreed-exclusion-decide": {"contract": contract.id, "exclusion": claim.id},
        "api:agreed-exclusion-list": {"contract": contract.id},
        **{
            f"api:agreed-exclusion-{name}": {"contract": contract.id, "pk": claim.id}
            for name in ("approve", "decline", "object-to")
        },
        **{f"api:agreed-contract-{name}": {"pk": contract.id} for name in ("detail", "accept", "decline")},
        **{
            f"contract-exclusion-{name}": {"contract": contract.slug, "exclusion": claim.id}
            for name in ("decide", "withdraw")
        },
        **{name: {"statement": done.statement.id} for name in ("statement", "statement-restate")},
        **{
            name: {"invoice": done.invoice.id}
            for name in (
                "invoice",
                "invoice-credit",
                "invoice-dunning-pause",
                "invoice-payment",
                "invoice-pdf",
                "invoice-set-off",
                "invoice-xml",
            )
        },
        **{name: {"invoice": of_plan} for name in ("plan-invoice", "plan-invoice-pdf", "plan-invoice-xml")},
        **{name: {"plan": "business"} for name in ("plan-price-history", "new-plan-prices")},
        "plan-price": {"plan": "business", "version": 1},
        **{name: {"account": charged} for name in ("plan-account", "plan-account-follow", "plan-account-usage")},
        "plan-account-bill": {"account": charged, "month": "2026-09"},
        **{name: {"entity": entity.id} for name in ("legal-entity", "legal-entity-edit", "legal-entity-rate")},
        "new-dispute": {"statement": done.statement.id},
        "dispute": {"dispute": dispute.id},
        "dispute-file": {"dispute": dispute.id, "file": file},
        **{f"api:dispute-{name}": {"pk": dispute.id} for name in ("detail", *STEPS)},
        "api:dispute-files": {"pk": dispute.id, "file": file},
        "customer-billing": {"customer": customer},
        "invoice-dunning-resume": {"invoice": done.invoice.id, "pause": pause.id},
        **{f"api:{name}": {"pk": done.invoice.id} for name in ("invoice-dunning", "invoice-dunning-pauses")},
        "api:dunning-pause-end": {"pk": pause.id},
        "payment-refund": {"payment": paid.id},
        **{f"payment-step-{name}": {"step": step.id} for name in ("retry", "give-up")},
        "api:invoice-standing": {"pk": done.invoice.id},
        **{f"api:payment-{name}": {"pk": paid.id} for name in ("detail", "refund")},
        **{name: {"report": done.report.id} for name in ("report", "report-share")},
        "report-link-revoke": {"link": link.id},
        "report-file": {"report": done.report.id, "kind": "report.json"},
        **{f"api:contract-{name}": {"pk": contract.id} for name in ("detail", "publish", "versions")},
        "api:contract-version": {"pk": contract.id, "version": 1},
        **{f"api:exclusion-{name}": {"pk": claim.id} for name in ("detail", "approve", "decline", "withdraw")},
        "api:outcome-run-detail": {"pk": done.statement.run.id},
        "api:statement-detail": {"pk": done.statement.id},
        **{f"api:invoice-{name}": {"pk": done.invoice.id} for name in ("detail", "credit", "pdf", "ubl")},
        **{f"api:legal-entity-{name}": {"pk": entity.id} for name in ("detail", "rates")},
        "api:customer-billing": {"pk": customer},
        **{f"api:report-{name}": {"pk": done.report.id} for name in ("detail", "proof", "pdf", "rate-document")},
    }


def _simulated(contract: Contract) -> UUID:
    """A simulation of a contract, for which no month had evidence."""
    result = {"as_of": "2026-10-06T00:00:00Z", "left_out": [], "unknown": [], "measured": pack([])}
    params = {"agreement": contract.draft, "contract": str(contract.id), "months": 12}
    return Job.objects.create(
        kind=SIMULATE, params=params, state=JobState.DONE, result=result, created_by=BY, created_at=at("2026-10-06")
    ).id


def _invoiced_by_the_platform() -> UUID:
    """An invoice of the platform, and what the running month comes to."""
    now = at("2026-10-06")
    period = {"start": "2026-09-01T00:00:00Z", "end": "2026-10-01T00:00:00Z", "time_zone": "UTC"}
    sheet = {
        "plan_name": "Business", "currency": "EUR", "period": period, "fees": [{"text": "Leased fleet", "minor": 5}],
        "meters": [], "adjustments": [], "total_minor": 5, "forecast_minor": 5,
    }  # fmt: skip
    PlanSheet.objects.create(document=sheet, as_of=now)
    document = {
        "period": period, "lines": [{"text": "Leased fleet", "minor": 5}], "net_minor": 5, "tax_minor": 0,
        "tax_percent": "0", "contract": "Plan Business", "statement": "d" * 64, "issued_on": "2026-10-06",
        "due_on": "2026-10-06", "parties": {"provider": "Platform", "customer": "Leased fleet"}, "kind": "invoice",
        "invoice": "PF-2026-0001", "issued_at": "2026-10-06T00:00:00Z", "currency": "EUR", "gross_minor": 5,
    }  # fmt: skip
    return PlanInvoice.objects.create(
        number="PF-2026-0001", kind="invoice", currency="EUR", gross_minor=5, open_minor=5, issued_on=now.date(),
        due_on=now.date(), document=document,
    ).id  # fmt: skip


def _charged_by_the_platform(customer: UUID) -> UUID:
    """An account such as the organisation would have of its customers if it ran the platform."""
    now = at("2026-10-06")
    return PlanAccount.objects.create(
        organisation=customer, slug="leased-fleet", customer_id=customer, time_zone="UTC", since=now, looked_at=now
    ).id


def _nothing_waits_to_be_told() -> None:
    """Mails have gone, so that whatever runs for all organisations finds nothing to do here."""
    now = at("2026-10-07")
    Letter.objects.update(sent_at=now, next_at=None)
