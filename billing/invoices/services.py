"""Issuing invoices: numbered without gaps, booked in balance, equal to the statement or not at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing.contracts.agreement import AgreementDocument
from billing.contracts.periods import last_day
from billing.contracts.selectors import agreement_of, locked_contract
from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.taxes import taxed
from billing.invoices.earlier import charge_by, charges_on
from billing.invoices.models import Invoice
from billing.invoices.parties import sale_to
from billing.invoices.selectors import invoice_of
from billing.invoices.writing import Lines, Wanted, hold_numbers, write_invoice
from billing.statements.domain import total
from billing.statements.models import ChargedAdjustment, Statement
from billing.statements.selectors import (
    adjustments_of,
    charged_in,
    is_followed,
    left_open,
    name_of,
    versions_of,
)
from billing.statements.selectors import (
    statement as statement_by_id,
)
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import ConflictError, OutturnError

logger = logging.getLogger(__name__)


class InvoiceMismatchError(ConflictError):
    """The invoice would not come to what the statement says."""

    code = "invoice.mismatch"


class ChargedLaterError(ConflictError):
    """The difference of a restated period is charged in a later statement, not by an invoice of its own."""

    code = "invoice.charged_later"


class NoDifferenceError(ConflictError):
    """A later version of a statement comes to what the version before it does, clause by clause."""

    code = "invoice.no_difference"


def issue_invoice(*, statement: UUID, by: str, now: datetime) -> Invoice:
    """Issue the invoice of a statement, or a credit note when the customer is owed; the same one when asked again.

    A later version of a statement has an invoice of its own, over its difference only, when no further statement of
    the contract can carry that difference: it has ended, or goes on in another currency. Where such a difference was
    left open, its invoice is issued with the next one.

    Raises:
        StatementNotFoundError: There is no such statement.
        ChargedLaterError: It is a later version, and its difference stands in another statement or will.
        NoDifferenceError: It is a later version without a difference.
        InvoiceMismatchError: The lines do not come to the statement's total.
        TaxUndecidedError: There is a legal entity, and what is known does not say which tax it charges.
        UnbalancedEntryError: The booking does not sum to zero.
    """
    found = statement_by_id(statement)
    with transaction.atomic():
        locked_contract(found.contract_id)
        known = invoice_of(found.id)
        if known is not None:
            return known
        agreement = agreement_of(found.contract_version)
        hold_numbers()
        made = write_invoice(_wanted(found, agreement, _lines(found), now=now), by=by, now=now)
        if found.version == 1:
            charge_left(contract=found.contract_id, by=by, now=now)
        return made


def charge_left(*, contract: UUID, by: str, now: datetime) -> list[Invoice]:
    """Issue an invoice or a credit note for each version whose difference no statement of the contract will carry.

    Raises:
        ContractNotFoundError: There is no such contract.
        OutturnError: What ``issue_invoice`` raises; then none is issued.
    """
    with transaction.atomic():
        locked_contract(contract)
        return [issue_invoice(statement=row.id, by=by, now=now) for row in left_open(contract)]


def follow_agreement(contract: UUID, *, by: str, now: datetime) -> None:
    """Issue what is left once a version ends the contract, or lets it go on in another currency.

    Where that cannot be done the version holds all the same, and the differences wait for whoever issues their invoice.
    """
    try:
        charge_left(contract=contract, by=by, now=now)
    except OutturnError as error:
        logger.warning("what is left of contract %s waits to be invoiced: %s", contract, error)


def _lines(statement: Statement) -> Lines:
    if statement.version == 1:
        lines: Lines = statement.document["lines"]
        return lines
    adjustments = list(adjustments_of(statement))
    if not adjustments:
        raise NoDifferenceError(
            "This version comes to what the one before it does, so there is nothing to charge.", place="statement",
            kept="The statement.", fix="Nothing is to be done: the invoice of the first version holds.",
        )  # fmt: skip
    if is_followed(statement) or any(charged_in(one.id) for one in adjustments):
        raise ChargedLaterError(
            "The difference of this version stands as lines in the next statement of the contract.", place="statement",
            kept="The statement.", fix="Issue the invoice of the statement that carries it.",
        )  # fmt: skip
    ChargedAdjustment.objects.bulk_create(
        [ChargedAdjustment(adjustment=adjustment, statement=statement) for adjustment in adjustments]
    )
    return [
        {"kind": "adjustment", "clause": one.clause, "text": f"{name_of(statement)}: {one.clause}", "minor": one.minor}
        for one in adjustments
    ]


def _refuse_mismatch(statement: Statement, sums: Amounts) -> None:
    expected = statement.total_minor
    if statement.version > 1:
        expected -= versions_of(statement)[statement.version - 2].total_minor
    if not sums.net == expected or total(statement.document["lines"]) != statement.total_minor:
        raise InvoiceMismatchError(
            f"The lines come to {sums.net} minor units, the statement to {expected}.", place="statement",
            kept="Nothing was issued.", fix="Compare the statement's lines with its total; do not send it.",
        )  # fmt: skip


def _wanted(statement: Statement, agreement: AgreementDocument, lines: Lines, *, now: datetime) -> Wanted:
    zone = time_zone(agreement.terms.time_zone)
    issued, supplied = now.astimezone(zone).date(), last_day(statement.period_end, zone)
    sale = sale_to(customer=UUID(agreement.customer), named=agreement.parties.customer, day=supplied)
    own = charge_by(agreement.tax_percent, sale)
    told = taxed(lines, charges_on(lines, statement, own, sale), own, agreement.terms.rounding)
    _refuse_mismatch(statement, told.sums)
    main = told.main
    document = {
        "statement": statement.digest,
        "contract": agreement.contract,
        "parties": agreement.parties.model_dump(),
        "period": statement.document["period"],
        "tax_percent": main.percent,
        **told.as_json(),
    }
    return Wanted(
        statement=statement, credits=None, entity=None if sale is None else sale.entity, contract=statement.contract_id,
        customer=UUID(agreement.customer), currency=statement.currency, lines=told.lines, sums=told.sums,
        issued_on=issued, due_on=issued + timedelta(days=agreement.payment_days),
        document=document if sale is None else document | sale.told(main.tax or sale.tax, supplied),
    )  # fmt: skip
