"""Contracts and what was billed of them, many at once: rows as lists show them, with what these ask of documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.contracts.models import Contract, ContractVersion
from billing.invoices.models import Invoice, InvoiceKind
from billing.outcomes.models import OutcomeRun
from billing.reports.models import Report
from billing.statements.models import Statement
from twins.composer.models import Twin

BY = "owner@meridian.example"
MADE = datetime(2026, 1, 2, tzinfo=UTC)
TIERS = {"kind": "tiers", "tiers": [{"below": "99.9", "credit": "10"}]}
CLAUSE = {"id": "uptime", "remedies": [TIERS]}
TERMS = {"time_zone": "Europe/Berlin", "fee": {"kind": "flat", "minor": 1}, "clauses": [CLAUSE]}
HOLDS = {"from": "2026-01-02", "to": None}
SETTLED = {"id": "uptime", "status": "settled", "ratio": "863/864", "percent": "99.884259"}


@dataclass(frozen=True)
class Billed:
    """A contract's row and those of its months."""

    contract: Contract
    statements: list[Statement]
    invoices: list[Invoice]
    reports: list[Report]


def contracts(customer: UUID, count: int, *, first: int = 0) -> list[Contract]:
    """Contracts about one twin: every second one published; several were changed in the same moment."""
    twin = Twin.objects.filter(slug="rows").first() or Twin.objects.create(
        slug="rows", name="Leased fleet", draft={}, published=1, created_at=MADE, updated_at=MADE
    )
    return Contract.objects.bulk_create(
        Contract(
            slug=f"rows-{number}", title=f"Contract {number // 3:04}", customer_id=customer, twin=twin, draft={},
            published=number % 2, published_revision=number % 2, created_at=MADE,
            updated_at=MADE + timedelta(seconds=number // 40),
        )
        for number in range(first, first + count)
    )  # fmt: skip


def billed(
    customer: UUID, count: int, *, name: str = "Northwind Air", title: str = "Uptime", first: int = 0,
    currency: str = "EUR",
) -> Billed:  # fmt: skip
    """So many months of one contract from January 2020 on, on the clocks of Berlin; two of three come to the same."""
    contract = contracts(customer, 1, first=10_000 + first)[0]
    Contract.objects.filter(id=contract.id).update(title=title)
    contract.title = title
    version = ContractVersion.objects.create(
        contract=contract, version=1, document={"terms": TERMS, "effective": HOLDS}, digest="c" * 64,
        effective_from=MADE, published_by=BY, published_at=MADE,
    )  # fmt: skip
    run = OutcomeRun.objects.create(
        contract_version=version, period_start=MADE, period_end=MADE, as_of=MADE, total_minor=0, document={},
        digest=f"{first:064}", run_by=BY, run_at=MADE,
    )  # fmt: skip
    statements = Statement.objects.bulk_create(
        _statement(contract, version, run, number, currency) for number in range(count)
    )
    invoices = Invoice.objects.bulk_create(
        _invoice(statement, name, f"ME-{number:05}") for number, statement in enumerate(statements, first)
    )
    reports = Report.objects.bulk_create(
        Report(
            statement=each, customer_id=customer, head_size=1, fingerprint="f" * 64, bundle=b"", pdf=b"", made_by=BY,
            bundle_sha256="b" * 64, pdf_sha256="d" * 64, made_at=each.sealed_at,
        )
        for each in statements
    )  # fmt: skip
    return Billed(contract, statements, invoices, reports)


def _statement(contract: Contract, version: ContractVersion, run: OutcomeRun, number: int, currency: str) -> Statement:
    months = 12 * 2020 + number % 240
    start, end = (_local_midnight(*divmod(each, 12)) for each in (months, months + 1))
    return Statement(
        contract=contract, contract_version=version, run=run, period_start=start, period_end=end,
        version=number // 240 + 1, currency=currency, total_minor=100_005 - number % 3 // 2,
        document={"clauses": [SETTLED if number else SETTLED | {"status": "indeterminate"}]}, digest="e" * 64,
        sealed_by=BY, sealed_at=MADE + timedelta(seconds=number // 40),
    )  # fmt: skip


def _invoice(statement: Statement, customer: str, number: str) -> Invoice:
    day = statement.sealed_at.date()
    period = {"start": statement.period_start.isoformat(), "end": statement.period_end.isoformat()}
    return Invoice(
        kind=InvoiceKind.INVOICE, number=number, statement=statement, contract=statement.contract,
        customer_id=statement.contract.customer_id, currency=statement.currency, net_minor=statement.total_minor,
        tax_minor=-7, gross_minor=statement.total_minor - 7, issued_on=day, due_on=day + timedelta(days=30),
        document={"period": {**period, "time_zone": "Europe/Berlin"}, "parties": {"customer": customer}},
        digest="e" * 64, issued_by=BY, issued_at=statement.sealed_at,
    )  # fmt: skip


def _local_midnight(year: int, month: int) -> datetime:
    """The first of a month as winter time has it; the months of summer begin an hour before."""
    hour = 2 if 3 <= month <= 9 else 1
    return datetime(year, month + 1, 1, tzinfo=UTC) - timedelta(hours=hour)
