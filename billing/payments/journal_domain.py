"""The journal as files: every leg as a row of CSV, or every booking as DATEV takes it.

DATEV: format EXTF 700, category 21 (Buchungsstapel), version 13: a row of what the batch is, one of headings, one for
each booking; 125 columns, semicolons, decimal commas, CRLF, Windows-1252.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing.invoices.domain.sums import RECEIVABLE, REVENUE, TAX, Leg
from billing.payments.domain import BANK, STRIPE
from tenants.kernel.cells import as_cells
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.money import Money

SALES = (RECEIVABLE, TAX, *REVENUE.values())
ACCOUNTS = (*SALES, BANK, STRIPE)
"""The accounts of the ledger; a file for DATEV says which number each has there."""
HEADINGS = (
    "day", "booked_at", "number", "kind", "credits", "reference", "legal_entity", "customer", "customer_number",
    "tax_category", "tax_percent", "account", "currency", "debit", "credit",
)  # fmt: skip
DATEV_CURRENCY = "EUR"
_LENGTHS = range(4, 9)
_NAMED = {
    1: "Umsatz (ohne Soll/Haben-Kz)", 2: "Soll/Haben-Kennzeichen", 3: "WKZ Umsatz", 4: "Kurs", 5: "Basis-Umsatz",
    6: "WKZ Basis-Umsatz", 7: "Konto", 8: "Gegenkonto (ohne BU-Schlüssel)", 9: "BU-Schlüssel", 10: "Belegdatum",
    11: "Belegfeld 1", 12: "Belegfeld 2", 13: "Skonto", 14: "Buchungstext", 15: "Postensperre",
    16: "Diverse Adressnummer", 17: "Geschäftspartnerbank", 18: "Sachverhalt", 19: "Zinssperre", 20: "Beleglink",
    37: "KOST1 - Kostenstelle", 38: "KOST2 - Kostenstelle", 39: "Kost-Menge",
    40: "EU-Land u. UStID (Bestimmung)", 41: "EU-Steuersatz (Bestimmung)", 42: "Abw. Versteuerungsart",
    43: "Sachverhalt L+L", 44: "Funktionsergänzung L+L", 45: "BU 49 Hauptfunktionstyp",
    46: "BU 49 Hauptfunktionsnummer", 47: "BU 49 Funktionsergänzung", 88: "Stück", 89: "Gewicht", 90: "Zahlweise",
    91: "Forderungsart", 92: "Veranlagungsjahr", 93: "Zugeordnete Fälligkeit", 94: "Skontotyp", 95: "Auftragsnummer",
    96: "Buchungstyp", 97: "USt-Schlüssel (Anzahlungen)", 98: "EU-Land (Anzahlungen)",
    99: "Sachverhalt L+L (Anzahlungen)", 100: "EU-Steuersatz (Anzahlungen)", 101: "Erlöskonto (Anzahlungen)",
    102: "Herkunft-Kz", 103: "Buchungs GUID", 104: "KOST-Datum", 105: "SEPA-Mandatsreferenz", 106: "Skontosperre",
    107: "Gesellschaftername", 108: "Beteiligtennummer", 109: "Identifikationsnummer", 110: "Zeichnernummer",
    111: "Postensperre bis", 112: "Bezeichnung SoBil-Sachverhalt", 113: "Kennzeichen SoBil-Buchung",
    114: "Festschreibung", 115: "Leistungsdatum", 116: "Datum Zuord. Steuerperiode", 117: "Fälligkeit",
    118: "Generalumkehr (GU)", 119: "Steuersatz", 120: "Land", 121: "Abrechnungsreferenz", 122: "BVV-Position",
    123: "EU-Land u. UStID (Ursprung)", 124: "EU-Steuersatz (Ursprung)", 125: "Abw. Skontokonto",
}  # fmt: skip
_PAIRS = {21: ("Beleginfo - Art {}", "Beleginfo - Inhalt {}", 8),
          48: ("Zusatzinformation - Art {}", "Zusatzinformation- Inhalt {}", 20)}  # fmt: skip
_COLUMNS = 125
_NOT_IN_NUMBERS = re.compile(r"[^A-Za-z0-9$&%*+\-/]")


class JournalError(OutturnError):
    """What was asked for cannot be written as a journal; the findings name the fields."""

    code = "journal.invalid"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            " ".join(finding.message for finding in findings), place=findings[0].place, kept="The ledger.",
            fix=" ".join(finding.fix for finding in findings), findings=findings,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booking:
    """An invoice, a credit note or a payment as it was booked.

    Attributes:
        day: The day it was issued, or the value date.
        booked_at: When it was booked.
        number: Its number; a payment has that of what was paid.
        kind: Invoice or credit note; received, refunded, reversed, withdrawn or reinstated.
        credits: The number of the invoice it takes back, else empty.
        reference: What a payment is known by, else empty.
        entity: The legal entity that sells, empty when there was none.
        customer: The customer as the document names it.
        customer_number: The organisation's own number for it.
        category: The category of tax, empty when there was no legal entity and for payments; several as ``S / AE``.
        percent: The percent of tax, empty for payments; several as ``19 / 16``.
        legs: What was debited and credited; they sum to zero.
    """

    day: date
    booked_at: datetime
    number: str
    kind: str
    credits: str
    reference: str
    entity: str
    customer: str
    customer_number: str
    category: str
    percent: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class DatevTerms:
    """What DATEV must be told of a batch.

    Attributes:
        consultant: Number of the tax consultant, 1001 to 9999999.
        client: Number of the client there, 1 to 99999.
        year_start: First day of the fiscal year; a batch stays within it.
        length: Digits of the accounts of the chart, 4 to 8.
        accounts: The number of each account of the ledger in the chart.
    """

    consultant: int
    client: int
    year_start: date
    length: int
    accounts: Mapping[str, str]

    def check(self, first: date, last: date, booked: Sequence[str] = SALES) -> None:
        """Refuse terms that DATEV would refuse, or that leave an account of the batch, ``booked``, without a number.

        Raises:
            JournalError: They are out of their bounds, or the span leaves the fiscal year.
        """
        found = [
            Finding("journal.datev", place, message, fix)
            for place, holds, message, fix in (
                ("consultant", 1001 <= self.consultant <= 9_999_999, "This is no number of a consultant.",
                 "Write a number from 1001 to 9999999."),
                ("client", 1 <= self.client <= 99_999, "This is no number of a client.",
                 "Write a number from 1 to 99999."),
                ("length", self.length in _LENGTHS, "Accounts have no such length.", "Write a number from 4 to 8."),
                ("last", self.year_start <= first and last < _next_year(self.year_start),
                 "The days are not all of the fiscal year.", "Ask for one fiscal year at a time."),
            )
            if not holds
        ]  # fmt: skip
        for name in booked:
            number, most = self.accounts.get(name, ""), self.length + (name == RECEIVABLE)
            if not (number.isascii() and number.isdigit() and len(number) in (self.length, most)):
                fix = f"Write {self.length} digits" + (f", or {most} of a debtor." if most > self.length else ".")
                found.append(Finding("journal.account", name, f"{name} has no such number: {number!r}.", fix))
        if found:
            raise JournalError(found)


_YEARS = (1900, 2199)


def check_span(first: date, last: date) -> None:
    """Refuse a span that runs backwards, or leaves the years that documents know.

    Raises:
        JournalError: It does.
    """
    for place, day in (("first", first), ("last", last)):
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            fix = f"Write a day from {_YEARS[0]} to {_YEARS[1]}."
            raise JournalError([Finding("journal.span", place, f"Nothing is booked on {day}.", fix)])
    if last < first:
        fix = "Write a last day that is not before the first."
        raise JournalError([Finding("journal.span", "last", "The last day is before the first.", fix)])


def csv_head() -> bytes:
    """The row of headings, in UTF-8 with the mark by which spreadsheets know it."""
    return b"\xef\xbb\xbf" + _row(HEADINGS, ",", "utf-8")


def csv_rows(booking: Booking) -> Iterator[bytes]:
    """A row for each leg; debit and credit in major units with all digits of the currency."""
    for leg in booking.legs:
        amount = f"{Money(abs(leg.minor), leg.currency).amount:f}"
        yield _row(
            as_cells(
                (
                    booking.day.isoformat(), isoformat(booking.booked_at), booking.number, booking.kind,
                    booking.credits, booking.reference, booking.entity, booking.customer, booking.customer_number,
                    booking.category, booking.percent, leg.account, leg.currency, amount if leg.minor > 0 else "",
                    amount if leg.minor < 0 else "",
                )
            ),
            ",", "utf-8",
        )  # fmt: skip


def datev_head(terms: DatevTerms, first: date, last: date, now: datetime) -> bytes:
    """What the batch is, and the headings of its columns."""
    fields = [
        '"EXTF"', "700", "21", '"Buchungsstapel"', "13", f"{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03d}", "", '"RE"',
        '""', '""', str(terms.consultant), str(terms.client), f"{terms.year_start:%Y%m%d}", str(terms.length),
        f"{first:%Y%m%d}", f"{last:%Y%m%d}", '"Ledger"', '""', "1", "0", "0", f'"{DATEV_CURRENCY}"', "", '""', "",
        "", '""', "", "", '""', '""',
    ]  # fmt: skip
    return _datev(fields) + _datev(datev_columns())


def datev_columns() -> list[str]:
    """The headings of the 125 columns."""
    names = dict(_NAMED)
    for start, (kind, content, count) in _PAIRS.items():
        for at in range(count):
            names[start + 2 * at], names[start + 2 * at + 1] = kind.format(at + 1), content.format(at + 1)
    return [names[at] for at in range(1, _COLUMNS + 1)]


def datev_rows(booking: Booking, terms: DatevTerms) -> Iterator[bytes]:
    """A booking for each leg but the receivable's: the receivable against its account; together they balance it.

    Raises:
        JournalError: A leg is of another currency than the batch.
    """
    for leg in booking.legs:
        if leg.currency != DATEV_CURRENCY:
            raise JournalError([foreign(booking.number, leg.currency)])
        if leg.account == RECEIVABLE:
            continue
        fields = [""] * _COLUMNS
        fields[:14] = [
            f"{Money(abs(leg.minor), leg.currency).amount:f}".replace(".", ","), _quoted("S" if leg.minor < 0 else "H"),
            _quoted(leg.currency), "", "", '""', terms.accounts[RECEIVABLE], terms.accounts[leg.account], '""',
            f"{booking.day:%d%m}", _quoted(_NOT_IN_NUMBERS.sub("-", booking.number)[:36]), '""', "",
            _quoted(f"{booking.customer} {leg.account}"[:60]),
        ]  # fmt: skip
        fields[113] = "0"
        yield _datev(fields)


def foreign(number: str, currency: str) -> Finding:
    """What is told of a booking that DATEV would need a rate of exchange for."""
    return Finding(
        "journal.currency", "file", f"{number} is in {currency}; the file for DATEV is in {DATEV_CURRENCY}.",
        "Take the CSV for these days, or days without other currencies: no rate of exchange is assumed.",
    )  # fmt: skip


def _next_year(day: date) -> date:
    """The same day of the next year; the first of March after the 29th of February."""
    is_leap = (day.month, day.day) == (2, 29)
    return date(day.year + 1, 3, 1) if is_leap else day.replace(year=day.year + 1)


def _quoted(text: str) -> str:
    plain = re.sub(r"[\r\n;]+", " ", text).replace('"', '""')
    return f'"{plain}"'


def _datev(fields: Sequence[str]) -> bytes:
    return (";".join(fields) + "\r\n").encode("cp1252", errors="replace")


def _row(cells: Sequence[Any], delimiter: str, encoding: str) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerow(cells)
    return written.getvalue().encode(encoding)
