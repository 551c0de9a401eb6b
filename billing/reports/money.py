"""What a report says of money: the lines with the steps behind them, the invoice, and what a later version changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext

from billing.contracts.agreement import AgreementDocument
from billing.contracts.shown import money_shown
from billing.invoices.domain.taxes import percents
from billing.reports.schemas import InvoicePart, LinePart
from billing.statements.retold import retold
from billing.statements.steps import line_steps
from tenants.edge.formats import day_shown, number_shown

Json = Mapping[str, Any]


def line_parts(statement: Json, outcome: Json, agreement: AgreementDocument) -> Iterator[LinePart]:
    """The lines of the statement, each with how it came about."""
    for line in statement["lines"]:
        amount = money_shown(line["minor"], outcome["currency"])
        yield LinePart(retold(line["text"]), amount, line_steps(line, outcome, agreement))


def invoice_part(invoice: Json, currency: str) -> InvoicePart:
    """The invoice or credit note of the statement."""

    def money(minor: int) -> str:
        return money_shown(minor, currency)

    return InvoicePart(
        title=gettext("Credit note") if _is_credit(invoice) else gettext("Invoice"),
        number=invoice["invoice"],
        issued=day_shown(date.fromisoformat(invoice["issued_on"])),
        due=day_shown(date.fromisoformat(invoice["due_on"])),
        lines=tuple((retold(line["text"]), money(line["minor"])) for line in invoice["lines"]),
        net=money(invoice["net_minor"]),
        tax=money(invoice["tax_minor"]),
        tax_label=gettext("Tax %(percent)s %%") % {"percent": " % + ".join(map(number_shown, percents(invoice)))},
        gross=money(invoice["gross_minor"]),
    )


def told_of_version(statement: Json, invoice: Json | None, replaced_minor: int | None) -> str:
    """What is to be paid for this version; nothing where the invoice is for the whole statement.

    Args:
        statement: The statement.
        invoice: Its own; None when it has none.
        replaced_minor: The total of the version it takes the place of; None for a first version.
    """
    if replaced_minor is None:
        return "" if invoice is not None else gettext("This version has no invoice of its own.")
    total: int = statement["total_minor"]
    values = {name: money_shown(minor, statement["currency"]) for name, minor in (
        ("before", replaced_minor), ("total", total), ("difference", total - replaced_minor),
    )} | {"old": statement["version"] - 1, "new": statement["version"]}  # fmt: skip
    if total == replaced_minor and invoice is None:
        return gettext("Version %(old)s came to %(before)s, version %(new)s comes to the same.") % values
    told = gettext("Version %(old)s came to %(before)s, version %(new)s comes to %(total)s.")
    if invoice is None:
        rest = gettext("The difference of %(difference)s comes with a later invoice; this version has none of its own.")
    elif _is_credit(invoice):
        rest = gettext("The credit note is for the difference of %(difference)s alone.")
    else:
        rest = gettext("The invoice is for the difference of %(difference)s alone.")
    return f"{told} {rest}" % values


def _is_credit(invoice: Json) -> bool:
    return bool(invoice["kind"] == "credit_note")
