"""The business rules of EN 16931 that an invoice in UBL must meet, checked on the very tree that is sent.

Each rule is named as EN 16931-1 names it. Left out are the rules about what these invoices never have: allowances,
charges, payees, tax representatives, attachments, payment cards, direct debits, item attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from billing.invoices.domain.countries import COUNTRIES
from billing.invoices.domain.ubl import CAC, CBC, CORE, SEPA_TRANSFER, TRANSFER
from tenants.kernel.errors import Finding
from tenants.kernel.money import UnknownCurrencyError, exponent

_SPACES = {"cac": CAC, "cbc": CBC}
_CATEGORIES = ("S", "Z", "E", "AE", "G", "O")
_DECIMALS = {
    "cac:LegalMonetaryTotal/cbc:LineExtensionAmount": "BR-DEC-09",
    "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount": "BR-DEC-12",
    "cac:TaxTotal/cbc:TaxAmount": "BR-DEC-13",
    "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount": "BR-DEC-14",
    "cac:LegalMonetaryTotal/cbc:PayableAmount": "BR-DEC-18",
    "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount": "BR-DEC-19",
    "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount": "BR-DEC-20",
}
_SELLER, _BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"


def faults(root: Element) -> list[Finding]:
    """What an invoice or credit note in UBL lacks of EN 16931; nothing when it may be sent."""
    tree = _Tree(root)
    checks: Sequence[Callable[[_Tree], Iterator[tuple[str, str, str]]]] = (
        _presence, _context, _parties, _payment, _lines, _sums, _decimals, _breakdown, _categories, _codes,
        _category_codes,
    )  # fmt: skip
    return [
        Finding(rule, place, message, "Send it by other means; for the next one correct what it is made of.")
        for check in checks
        for rule, place, message in check(tree)
    ]


class _Tree:
    """An invoice with names for what the rules ask of it."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.kind = root.tag.rpartition("}")[2]
        self.lines = self.all(f"cac:{self.kind}Line")
        self.parts = self.all("cac:TaxTotal/cac:TaxSubtotal")

    def all(self, path: str, within: Element | None = None) -> list[Element]:
        """The elements at a path."""
        return (self.root if within is None else within).findall(path, _SPACES)

    def text(self, path: str, within: Element | None = None) -> str:
        """The text at a path, empty when there is none."""
        found = (self.root if within is None else within).findtext(path, "", _SPACES)
        return found.strip()

    def number(self, path: str, within: Element | None = None) -> Decimal | None:
        """The number at a path; None when there is none."""
        try:
            return Decimal(self.text(path, within))
        except InvalidOperation:
            return None

    def vat_id(self, party: str) -> str:
        """The VAT identifier of a party."""
        return self.registered(party, lambda scheme: scheme == "VAT")

    def registered(self, party: str, wanted: Callable[[str], bool]) -> str:
        """What a party is registered with for a scheme of tax."""
        schemes = self.all(f"{party}/cac:PartyTaxScheme")
        ids = [self.text("cbc:CompanyID", each) for each in schemes if wanted(self.text("cac:TaxScheme/cbc:ID", each))]
        return next(iter(ids), "")


def _presence(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    wanted = (
        ("BR-01", "cbc:CustomizationID"), ("BR-02", "cbc:ID"), ("BR-03", "cbc:IssueDate"),
        ("BR-04", f"cbc:{tree.kind}TypeCode"), ("BR-05", "cbc:DocumentCurrencyCode"),
        ("BR-06", f"{_SELLER}/cac:PartyLegalEntity/cbc:RegistrationName"),
        ("BR-07", f"{_BUYER}/cac:PartyLegalEntity/cbc:RegistrationName"),
        ("BR-09", f"{_SELLER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        ("BR-11", f"{_BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        ("BR-12", "cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
        ("BR-13", "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"),
        ("BR-14", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
        ("BR-15", "cac:LegalMonetaryTotal/cbc:PayableAmount"),
    )  # fmt: skip
    for rule, path in wanted:
        if not tree.text(path):
            yield rule, path, f"{path} is missing."
    for rule, party in (("BR-08", _SELLER), ("BR-10", _BUYER)):
        if not tree.all(f"{party}/cac:PostalAddress"):
            yield rule, f"{party}/cac:PostalAddress", "The postal address is missing."


def _context(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    for preceding in tree.all("cac:BillingReference/cac:InvoiceDocumentReference"):
        if not tree.text("cbc:ID", preceding):
            yield "BR-55", "cac:BillingReference", "The invoice that is credited is not named."
    start, end = (tree.text(f"cac:InvoicePeriod/cbc:{side}Date") for side in ("Start", "End"))
    if start and end and date.fromisoformat(end) < date.fromisoformat(start):
        yield "BR-29", "cac:InvoicePeriod", "The period ends before it begins."
    due, owed = tree.text("cbc:DueDate"), tree.number("cac:LegalMonetaryTotal/cbc:PayableAmount")
    due = due or tree.text("cac:PaymentMeans/cbc:PaymentDueDate") or tree.text("cac:PaymentTerms/cbc:Note")
    if owed is not None and owed > 0 and not due:
        yield "BR-CO-25", "cbc:DueDate", "An amount is due, and no day or terms are given."


def _parties(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    for party in (_SELLER, _BUYER):
        prefix = tree.vat_id(party)[:2]
        if prefix and prefix not in COUNTRIES | {"EL"}:
            yield "BR-CO-09", f"{party}/cac:PartyTaxScheme", f"{prefix} is the prefix of no country."
    if not (tree.vat_id(_SELLER) or tree.text(f"{_SELLER}/cac:PartyLegalEntity/cbc:CompanyID")):
        yield "BR-CO-26", _SELLER, "The seller has neither a VAT identifier nor a number in a register."


def _payment(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    for means in tree.all("cac:PaymentMeans"):
        code = tree.text("cbc:PaymentMeansCode", means)
        if not code:
            yield "BR-49", "cac:PaymentMeans/cbc:PaymentMeansCode", "How it is to be paid is not said by a code."
        path = "cac:PayeeFinancialAccount/cbc:ID"
        accounts = tree.all("cac:PayeeFinancialAccount", means)
        if not all(tree.text("cbc:ID", each) for each in accounts):
            yield "BR-50", f"cac:PaymentMeans/{path}", "An account to pay to has no number."
        if code in (TRANSFER, SEPA_TRANSFER) and not tree.all(path, means):
            yield "BR-61", f"cac:PaymentMeans/{path}", "It is to be paid by a transfer, and no account is named."


def _lines(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    if not tree.lines:
        yield "BR-16", f"cac:{tree.kind}Line", "There is no line."
    quantity = f"cbc:{'Credited' if tree.kind == 'CreditNote' else 'Invoiced'}Quantity"
    for at, line in enumerate(tree.lines, 1):
        place = f"cac:{tree.kind}Line[{at}]"
        wanted = (
            ("BR-21", "cbc:ID"), ("BR-22", quantity), ("BR-24", "cbc:LineExtensionAmount"),
            ("BR-25", "cac:Item/cbc:Name"), ("BR-26", "cac:Price/cbc:PriceAmount"),
            ("BR-CO-04", "cac:Item/cac:ClassifiedTaxCategory/cbc:ID"),
        )  # fmt: skip
        for rule, path in wanted:
            if not tree.text(path, line):
                yield rule, f"{place}/{path}", f"{path} of line {at} is missing."
        if not all(each.get("unitCode") for each in tree.all(quantity, line)):
            yield "BR-23", f"{place}/{quantity}", f"The unit of line {at} is missing."
        price = tree.number("cac:Price/cbc:PriceAmount", line)
        if price is not None and price < 0:
            yield "BR-27", f"{place}/cac:Price", f"The price of line {at} is negative."


def _sums(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    total = "cac:LegalMonetaryTotal"
    names = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount")
    net, exclusive, inclusive, owed = (tree.number(f"{total}/cbc:{name}") or Decimal(0) for name in names)
    tax = tree.number("cac:TaxTotal/cbc:TaxAmount") or Decimal(0)
    lines = sum((tree.number("cbc:LineExtensionAmount", line) or Decimal(0) for line in tree.lines), Decimal(0))
    parts = sum((tree.number("cbc:TaxAmount", part) or Decimal(0) for part in tree.parts), Decimal(0))
    compared = (
        ("BR-CO-10", "LineExtensionAmount", net, lines, "the sum of the lines"),
        ("BR-CO-13", "TaxExclusiveAmount", exclusive, net, "the sum of the lines"),
        ("BR-CO-14", "TaxAmount", tax, parts, "the sum of the breakdown"),
        ("BR-CO-15", "TaxInclusiveAmount", inclusive, exclusive + tax, "net and tax together"),
        ("BR-CO-16", "PayableAmount", owed, inclusive, "the sum with tax"),
    )
    for rule, name, found, expected, what in compared:
        if found != expected:
            yield rule, f"{total}/cbc:{name}", f"{name} is {found}, {what} {expected}."


def _decimals(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    found = [(rule, path, tree.text(path)) for path, rule in _DECIMALS.items()]
    found += [
        ("BR-DEC-23", f"cac:{tree.kind}Line[{at}]", tree.text("cbc:LineExtensionAmount", line))
        for at, line in enumerate(tree.lines, 1)
    ]
    for rule, place, text in found:
        if len(text.partition(".")[2]) > 2:
            yield rule, place, f"{text} has more than the two decimals that EN 16931 has room for."


def _breakdown(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    if not tree.parts:
        yield "BR-CO-18", "cac:TaxTotal", "There is no breakdown of tax."
    currency = tree.text("cbc:DocumentCurrencyCode")
    for at, part in enumerate(tree.parts, 1):
        place = f"cac:TaxTotal/cac:TaxSubtotal[{at}]"
        category = tree.text("cac:TaxCategory/cbc:ID", part)
        wanted = [("BR-45", "cbc:TaxableAmount"), ("BR-46", "cbc:TaxAmount"), ("BR-47", "cac:TaxCategory/cbc:ID")]
        wanted += [] if category == "O" else [("BR-48", "cac:TaxCategory/cbc:Percent")]
        for rule, path in wanted:
            if not tree.text(path, part):
                yield rule, f"{place}/{path}", f"{path} is missing."
        base, tax = tree.number("cbc:TaxableAmount", part), tree.number("cbc:TaxAmount", part)
        percent = tree.number("cac:TaxCategory/cbc:Percent", part) or Decimal(0)
        if base is not None and tax is not None and abs(tax - base * percent / 100) >= _unit(currency):
            yield "BR-CO-17", f"{place}/cbc:TaxAmount", f"{tax} is not {percent} % of {base}."


def _unit(currency: str) -> Decimal:
    """One minor unit of a currency: the tax may be rounded either way, and by no more."""
    try:
        return Decimal(1).scaleb(-exponent(currency))
    except UnknownCurrencyError:
        return Decimal("0.01")


def _categories(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    for category in _CATEGORIES:
        lines = [line for line in tree.lines if _category(tree, line) == category]
        parts = [part for part in tree.parts if tree.text("cac:TaxCategory/cbc:ID", part) == category]
        if lines or parts:
            yield from _identifiers(tree, category)
            yield from _rates(tree, category, lines)
            yield from _parts(tree, category, lines, parts)
    found = {tree.text("cac:TaxCategory/cbc:ID", part) for part in tree.parts}
    if "O" in found and found != {"O"}:
        yield "BR-O-11", "cac:TaxTotal", "What is not subject to VAT stands beside what is."


def _category(tree: _Tree, line: Element) -> str:
    return tree.text("cac:Item/cac:ClassifiedTaxCategory/cbc:ID", line)


def _identifiers(tree: _Tree, category: str) -> Iterator[tuple[str, str, str]]:
    rule, seller, buyer = f"BR-{category}-02", tree.vat_id(_SELLER), tree.vat_id(_BUYER)
    at_home = seller or tree.registered(_SELLER, lambda scheme: scheme != "VAT")
    if category == "O":
        if seller or buyer:
            yield rule, "cac:PartyTaxScheme", "Where nothing is subject to VAT no VAT identifier may stand."
        return
    if not (seller if category == "G" else at_home):
        yield rule, _SELLER, "The seller has no VAT identifier."
    if category == "AE" and not (buyer or tree.text(f"{_BUYER}/cac:PartyLegalEntity/cbc:CompanyID")):
        yield rule, _BUYER, "The buyer has neither a VAT identifier nor a number in a register."


def _rates(tree: _Tree, category: str, lines: Sequence[Element]) -> Iterator[tuple[str, str, str]]:
    for line in lines:
        percent = tree.number("cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", line)
        place = f"cac:{tree.kind}Line[{tree.text('cbc:ID', line)}]"
        if category == "S":
            holds = percent is not None and percent > 0
        else:
            holds = percent is None if category == "O" else percent == 0
        if not holds:
            yield f"BR-{category}-05", place, f"{percent} % is no rate of the category {category}."


def _parts(
    tree: _Tree, category: str, lines: Sequence[Element], parts: Sequence[Element]
) -> Iterator[tuple[str, str, str]]:
    place = "cac:TaxTotal/cac:TaxSubtotal"
    if not parts or (len(parts) > 1 and category != "S"):
        yield f"BR-{category}-01", place, f"The breakdown has {len(parts)} parts of the category {category}."
        return
    rate_of, rate_in = ("cac:TaxCategory", "cac:Item/cac:ClassifiedTaxCategory") if category == "S" else ("", "")
    taxed = _by_rate(tree, parts, rate_of, "cbc:TaxableAmount")
    nets = _by_rate(tree, lines, rate_in, "cbc:LineExtensionAmount")
    for rate in {**taxed, **nets}:
        base, net = taxed.get(rate, Decimal(0)), nets.get(rate, Decimal(0))
        if base != net:
            yield f"BR-{category}-08", place, f"{base} is taxed, the lines of the category and rate come to {net}."
    for part in parts:
        if category != "S" and tree.number("cbc:TaxAmount", part) != 0:
            yield f"BR-{category}-09", place, "The category has no tax, and some is charged."
        has_reason = any(tree.text(f"cac:TaxCategory/cbc:TaxExemptionReason{end}", part) for end in ("", "Code"))
        if has_reason != (category not in ("S", "Z")):
            told = "none may stand" if has_reason else "one must stand"
            yield f"BR-{category}-10", place, f"Of reasons for an exemption {told} with the category {category}."


def _by_rate(tree: _Tree, found: Sequence[Element], category: str, amount: str) -> dict[Decimal | None, Decimal]:
    """What some lines, or some parts of the breakdown, come to by the rate in their category; together without one."""
    sums: dict[Decimal | None, Decimal] = {}
    for each in found:
        rate = tree.number(f"{category}/cbc:Percent", each) if category else None
        sums[rate] = sums.get(rate, Decimal(0)) + (tree.number(amount, each) or Decimal(0))
    return sums


def _codes(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    if tree.text("cbc:CustomizationID") != CORE:
        yield "BR-01", "cbc:CustomizationID", "The specification is not that of EN 16931."
    code = tree.text(f"cbc:{tree.kind}TypeCode")
    if code != {"Invoice": "380", "CreditNote": "381"}.get(tree.kind):
        yield "BR-CL-01", f"cbc:{tree.kind}TypeCode", f"{code} is no type of a {tree.kind}."
    currency = tree.text("cbc:DocumentCurrencyCode")
    try:
        exponent(currency)
    except UnknownCurrencyError:
        yield "BR-CL-04", "cbc:DocumentCurrencyCode", f"{currency} is no currency."
    if any(each.get("currencyID", currency) != currency for each in tree.root.iter()):
        yield "BR-CL-03", "cbc:DocumentCurrencyCode", "An amount is in another currency."
    for party in (_SELLER, _BUYER):
        country = tree.text(f"{party}/cac:PostalAddress/cac:Country/cbc:IdentificationCode")
        if country and country not in COUNTRIES:
            yield "BR-CL-14", party, f"{country} is no country."


def _category_codes(tree: _Tree) -> Iterator[tuple[str, str, str]]:
    told = (
        ("BR-CL-17", {tree.text("cac:TaxCategory/cbc:ID", part) for part in tree.parts}),
        ("BR-CL-18", {_category(tree, line) for line in tree.lines}),
    )
    for rule, found in told:
        for category in sorted(found - {"", *_CATEGORIES}):
            yield rule, "cac:TaxCategory", f"{category} is no category of tax."
