"""What the overview shows of billing."""

from __future__ import annotations

from django.urls import reverse

from billing.contracts.selectors import contracts
from billing.contracts.shown import NOTHING, money_shown, percent_shown
from billing.dunning.selectors import overdue_sums, today_of
from billing.invoices.domain.sums import RECEIVABLE
from billing.invoices.selectors import balances, invoices
from billing.statements.lists import name_of
from billing.statements.reached import kept_of, reached, told_first
from billing.statements.selectors import statements
from tenants.kernel.clock import utc_now
from tenants.portal.overview import Tile


def billing_tiles(slug: str) -> list[Tile]:
    """The last outcome and what customers owe; nothing before the first contract."""
    if not contracts().exists():
        return []
    return [_last_outcome(slug), _receivable(slug), *_overdue(slug)]


def _last_outcome(slug: str) -> Tile:
    last = statements().first()
    if last is None:
        return Tile("Last outcome", "–", "no period is settled yet", reverse("statements", args=[slug]))
    terms = last.contract_version.document["terms"]
    found = reached(last.document["clauses"], [clause["remedies"] for clause in terms["clauses"]])
    first, guaranteed = told_first(found), [one for one in found if one.target is not None]
    label, value = "Last outcome", NOTHING
    if first is not None:
        label, value = first.title, "indeterminate" if first.percent is None else f"{percent_shown(first.percent)} %"
    kept = f", {kept_of(guaranteed)}" if len(found) > 1 and guaranteed else ""
    note = f"{last.contract.title}, {name_of(last)}{kept}"
    return Tile(label, value, note, reverse("statement", args=[slug, last.id]))


def _receivable(slug: str) -> Tile:
    owed = {currency: minor for (account, currency), minor in balances().items() if account == RECEIVABLE}
    value = " + ".join(money_shown(minor, currency) for currency, minor in owed.items()) or "–"
    count = invoices().count()
    note = "no invoice yet" if not count else f"{count} {'invoice' if count == 1 else 'invoices'}"
    return Tile("Open invoices", value, note, reverse("invoices", args=[slug]))


def _overdue(slug: str) -> list[Tile]:
    """What customers owe since longer than was agreed; no tile where nothing is overdue."""
    sums = overdue_sums(today_of(utc_now()))
    if not sums:
        return []
    count = sum(number for number, _ in sums.values())
    value = " + ".join(money_shown(minor, currency) for currency, (_, minor) in sums.items())
    note = f"{count} {'invoice' if count == 1 else 'invoices'}"
    return [Tile("Overdue", value, note, reverse("overdue-invoices", args=[slug]))]
