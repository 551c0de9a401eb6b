"""The journal as CSV and for DATEV: every leg once, in balance, and no rate of exchange guessed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from billing.invoices.crediting import credit_invoice
from billing.invoices.domain.sums import Leg, amounts, legs
from billing.invoices.models import Invoice
from billing.payments import journal
from billing.payments.journal_domain import (
    Booking,
    DatevTerms,
    JournalError,
    check_span,
    csv_rows,
    datev_columns,
    datev_head,
    datev_rows,
)
from billing.payments.models import PaymentKind
from billing.payments.services import Transfer, record_transfer
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, MERIDIAN, a_seller, billed_at
from tests.billing.invoices.test_services import issue, seal
from tests.billing.world import BY, agreement, at, body, customer, e01, published
from tests.conftest import Cast

SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
NUMBERS = {
    "receivable": "10000", "tax": "1776", "revenue.fees": "8400", "revenue.outcomes": "8401",
    "revenue.adjustments": "8402",
}  # fmt: skip
TERMS = DatevTerms(1001, 1, date(2026, 1, 1), 4, NUMBERS)
ASKED: dict[str, str | int] = {
    "first": "2026-12-01", "last": "2026-12-31", "file": "datev", "consultant": 1001, "client": 1,
    "year_start": "2026-01-01", "length": 4, **{name.replace(".", "_"): number for name, number in NUMBERS.items()},
}  # fmt: skip


def a_booking(*booked: Leg, number: str = "ME-2026-0001", name: str = "Northwind Air") -> Booking:
    moment = datetime(2026, 12, 5, 6, tzinfo=UTC)
    return Booking(date(2026, 12, 5), moment, number, "invoice", "", "", "Meridian", name, "K-7", "S", "19", booked)


SOLD = a_booking(
    Leg("receivable", "EUR", 1_285_200), Leg("tax", "EUR", -205_200), Leg("revenue.fees", "EUR", -1_200_000),
    Leg("revenue.outcomes", "EUR", 120_000),
)  # fmt: skip


class TestFiles:
    def test_a_leg_is_a_row(self) -> None:
        rows = list(csv.reader(io.StringIO(b"".join(csv_rows(SOLD)).decode())))
        assert [row[-4:] for row in rows] == [
            ["receivable", "EUR", "12852.00", ""], ["tax", "EUR", "", "2052.00"],
            ["revenue.fees", "EUR", "", "12000.00"], ["revenue.outcomes", "EUR", "1200.00", ""],
        ]  # fmt: skip
        assert rows[0][:11] == [
            "2026-12-05", "2026-12-05T06:00:00Z", "ME-2026-0001", "invoice", "", "", "Meridian", "Northwind Air", "K-7",
            "S", "19",
        ]  # fmt: skip

    @pytest.mark.parametrize(("currency", "text"), [("JPY", "1234"), ("KWD", "1.234"), ("EUR", "12.34")])
    def test_amounts_have_the_digits_of_their_currency(self, currency: str, text: str) -> None:
        (row,) = csv_rows(a_booking(Leg("receivable", currency, 1234), name="=cmd()"))
        assert (
            row
            == (
                "2026-12-05,2026-12-05T06:00:00Z,ME-2026-0001,invoice,,,Meridian,'=cmd(),K-7,S,19,receivable,"
                f"{currency},{text},\r\n"
            ).encode()
        )

    def test_a_batch_for_datev(self) -> None:
        head = datev_head(TERMS, date(2026, 12, 1), date(2026, 12, 31), datetime(2027, 1, 2, 3, 4, 5, 678_000, UTC))
        first, columns, rest = head.decode("cp1252").split("\r\n")
        assert first == (
            '"EXTF";700;21;"Buchungsstapel";13;20270102030405678;;"RE";"";"";1001;1;20260101;4;20261201;20261231;'
            '"Ledger";"";1;0;0;"EUR";;"";;;"";;;"";""'
        )
        assert (len(columns.split(";")), rest, len(first.split(";"))) == (125, "", 31)
        assert columns.startswith("Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;")
        names = datev_columns()
        assert [names[at - 1] for at in (21, 36, 48, 87, 114, 125)] == [
            "Beleginfo - Art 1", "Beleginfo - Inhalt 8", "Zusatzinformation - Art 1", "Zusatzinformation- Inhalt 20",
            "Festschreibung", "Abw. Skontokonto",
        ]  # fmt: skip
        assert len(set(names)) == 125
        rows = [row.decode("cp1252").removesuffix("\r\n").split(";") for row in datev_rows(SOLD, TERMS)]
        assert {len(row) for row in rows} == {125}
        assert [row[:14] for row in rows] == [
            ["2052,00", '"S"', '"EUR"', "", "", '""', "10000", "1776", '""', "0512", '"ME-2026-0001"', '""', "",
             '"Northwind Air tax"'],
            ["12000,00", '"S"', '"EUR"', "", "", '""', "10000", "8400", '""', "0512", '"ME-2026-0001"', '""', "",
             '"Northwind Air revenue.fees"'],
            ["1200,00", '"H"', '"EUR"', "", "", '""', "10000", "8401", '""', "0512", '"ME-2026-0001"', '""', "",
             '"Northwind Air revenue.outcomes"'],
        ]  # fmt: skip

    def test_texts_cannot_break_a_row(self) -> None:
        (row,) = datev_rows(a_booking(Leg("tax", "EUR", -1), number="M_1", name='A"B;C\n東 Ä' + "x" * 80), TERMS)
        fields = row.decode("cp1252").split(";")
        assert (len(fields), fields[10]) == (125, '"M-1"')
        assert fields[13].startswith('"A""B C ? Äx')
        assert row.count(b"\n") == 1

    @given(
        st.lists(st.tuples(st.sampled_from(("fee", "clause", "adjustment")), st.integers(-(10**9), 10**9)), max_size=6),
        st.sampled_from(("0", "7", "19")),
    )
    def test_both_files_balance(self, drawn: list[tuple[str, int]], percent: str) -> None:
        lines = [{"kind": kind, "minor": minor} for kind, minor in drawn]
        sums = amounts(lines, percent, "half_even")
        booking = a_booking(*legs(lines, sums, "EUR"))
        rows = list(csv.reader(io.StringIO(b"".join(csv_rows(booking)).decode())))
        assert sum(Decimal(row[-2] or 0) - Decimal(row[-1] or 0) for row in rows) == 0
        by_account = Counter[str]()
        for row in datev_rows(booking, TERMS):
            amount, side, *_, account, counter = row.decode("cp1252").split(";")[:8]
            minor = int(amount.replace(",", "")) * (1 if side == '"S"' else -1)
            by_account[account] += minor
            by_account[counter] -= minor
        assert by_account["10000"] == sums.gross
        assert by_account["1776"] == -sums.tax
        assert sum(by_account.values()) == 0

    @pytest.mark.parametrize(
        ("changes", "places"),
        [
            ({"consultant": 1000}, ["consultant"]), ({"client": 0}, ["client"]), ({"client": 100_000}, ["client"]),
            ({"length": 3, "accounts": {}}, ["length", *NUMBERS]),
            ({"year_start": date(2026, 12, 2)}, ["last"]), ({"year_start": date(2025, 12, 31)}, ["last"]),
            ({"accounts": NUMBERS | {"tax": "17760"}}, ["tax"]), ({"accounts": NUMBERS | {"tax": "x776"}}, ["tax"]),
            ({"accounts": NUMBERS | {"receivable": "100000"}}, ["receivable"]),
        ],
    )  # fmt: skip
    def test_what_datev_would_refuse_is_told(self, changes: dict[str, Any], places: list[str]) -> None:
        values = {name: getattr(TERMS, name) for name in TERMS.__slots__} | changes
        with pytest.raises(JournalError) as error:
            DatevTerms(**values).check(date(2026, 12, 1), date(2026, 12, 31))
        assert [finding.place for finding in error.value.findings] == places
        assert (error.value.status, error.value.kept) == (422, "The ledger.")

    def test_a_fiscal_year_may_begin_on_a_leap_day(self) -> None:
        terms = DatevTerms(1001, 1, date(2028, 2, 29), 4, NUMBERS)
        terms.check(date(2028, 2, 29), date(2029, 2, 28))
        with pytest.raises(JournalError):
            terms.check(date(2028, 2, 29), date(2029, 3, 1))

    def test_no_rate_of_exchange_is_assumed(self) -> None:
        with pytest.raises(JournalError) as error:
            list(datev_rows(a_booking(Leg("tax", "JPY", -1)), TERMS))
        assert error.value.findings[0].code == "journal.currency"
        with pytest.raises(JournalError):
            check_span(date(2026, 1, 2), date(2026, 1, 1))

    @pytest.mark.parametrize(("first", "last", "place"), [
        (date(9999, 1, 1), date(9999, 1, 1), "first"), (date(2026, 1, 1), date(2200, 1, 1), "last"),
        (date(1899, 12, 31), date(2026, 1, 1), "first"),
    ])  # fmt: skip
    def test_years_that_no_document_has_are_refused(self, first: date, last: date, place: str) -> None:
        with pytest.raises(JournalError) as error:
            check_span(first, last)
        assert [(each.code, each.place) for each in error.value.findings] == [("journal.span", place)]


@pytest.mark.django_db
class TestTheLedger:
    @pytest.fixture
    def issued(self, cast: Cast) -> list[Invoice]:
        """Two invoices in euro and a credit note of Meridian's; one of a stranger's."""
        with scope(cast.stranger.id):
            issue(seal(e01()[1]))
        with scope(cast.meridian.id):
            a_seller()
            billed_at(customer().id, AT_HOME)
            fleet, _ = e01()
            found = [
                issue(seal(published(agreement(fleet, title=title, currency="EUR"))), day)
                for title, day in (("One", "2026-12-05"), ("Two", "2026-12-20"))
            ]
            note = credit_invoice(invoice=found[0].id, minor=5, reason="Late", by=BY, now=at("2026-12-21"))
        return [*found, note]

    def test_every_leg_of_the_days_is_there_once(
        self, cast: Cast, issued: list[Invoice], with_key: WithKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "AT_ONCE", 1)
        client = with_key(cast.meridian, Role.VIEWER)
        answer = client.get("/api/v1/journal/?first=2026-12-05&last=2026-12-21")
        assert answer["Content-Disposition"] == 'attachment; filename="journal-20261205-20261221.csv"'
        rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
        assert Counter(row["number"] for row in rows) == {
            "ME-2026-0001": 4, "ME-2026-0002": 4, "ME-CN-2026-0001": 3
        }  # fmt: skip
        assert {row["credits"] for row in rows} == {"", "ME-2026-0001"}
        assert {row["legal_entity"] for row in rows} == {"Meridian Engines GmbH"}
        for number in {row["number"] for row in rows}:
            own = [row for row in rows if row["number"] == number]
            assert sum(Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in own) == 0
        fewer = client.get("/api/v1/journal/?first=2026-12-06&last=2026-12-20")
        assert b"".join(fewer).count(b"\r\n") == 1 + 4

    def test_datev_over_the_api_and_the_page(
        self, cast: Cast, issued: list[Invoice], with_key: WithKey, sign_in: SignIn
    ) -> None:
        answer = with_key(cast.meridian, Role.VIEWER).get(f"/api/v1/journal/?{urlencode(ASKED)}")
        assert answer["Content-Disposition"].endswith('"EXTF_Buchungsstapel_20261201-20261231.csv"')
        written = b"".join(answer)
        assert written.count(b"\r\n") == 2 + 3 + 3 + 2
        page = sign_in(cast.viewer).get("/t/meridian/admin/journal/", ASKED)
        assert b"".join(page).split(b"\r\n")[1:] == written.split(b"\r\n")[1:]

    def test_payments_are_booked_on_their_value_date(
        self, cast: Cast, issued: list[Invoice], with_key: WithKey, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with scope(cast.meridian.id):
            came = Transfer(PaymentKind.RECEIVED, issued[0].gross_minor, "EUR", date(2026, 12, 20), "NW 4711")
            back = Transfer(PaymentKind.REFUNDED, 250, "EUR", date(2026, 12, 22))
            for each in (came, back):
                record_transfer(invoice=issued[0].id, transfer=each, by=BY, now=at("2026-12-22"))
        monkeypatch.setattr(journal, "AT_ONCE", 1)
        client = with_key(cast.meridian, Role.VIEWER)
        answer = client.get("/api/v1/journal/?first=2026-12-20&last=2026-12-22")
        rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
        kinds = [row["kind"] for row in rows]
        assert list(dict.fromkeys(kinds)) == ["invoice", "received", "credit_note", "refunded"]
        paid = [row for row in rows if row["kind"] in ("received", "refunded")]
        gross = f"{Decimal(issued[0].gross_minor) / 100:.2f}"
        assert [(row["day"], row["reference"], row["account"], row["debit"], row["credit"]) for row in paid] == [
            ("2026-12-20", "NW 4711", "bank", gross, ""), ("2026-12-20", "NW 4711", "receivable", "", gross),
            ("2026-12-22", "", "bank", "", "2.50"), ("2026-12-22", "", "receivable", "2.50", ""),
        ]  # fmt: skip
        assert {(row["number"], row["customer"], row["legal_entity"]) for row in paid} == {
            ("ME-2026-0001", "Northwind Air", "Meridian Engines GmbH")
        }  # fmt: skip
        page, path = sign_in(cast.viewer), "/t/meridian/admin/journal/"
        assert "bank has no such number" in page.get(path, ASKED).content.decode()
        batch = b"".join(page.get(path, ASKED | {"bank": "1800"})).decode("cp1252").split("\r\n")
        own = [row.split(";") for row in batch if ";1800;" in row]
        assert [(row[0], row[1], row[6], row[7], row[9]) for row in own] == [
            (gross.replace(".", ","), '"H"', "10000", "1800", "2012"), ("2,50", '"S"', "10000", "1800", "2212"),
        ]  # fmt: skip

    def test_what_cannot_be_written_is_told_before_the_first_byte(
        self, cast: Cast, issued: list[Invoice], with_key: WithKey, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            _, contract = e01(title="In dollars")
            issue(seal(contract), "2026-12-30")
        client, path = sign_in(cast.viewer), "/t/meridian/admin/journal/"
        assert "Take the file" in body(client, path)
        told = client.get(path, ASKED)
        assert told.status_code == 400
        assert "No file yet." in told.content.decode()
        assert "ME-2026-0003 is in USD" in told.content.decode()
        told = client.get(path, ASKED | {"last": "2026-12-29", "tax": "1"})
        assert "tax has no such number" in told.content.decode()
        backwards = with_key(cast.meridian, Role.VIEWER).get("/api/v1/journal/?first=2026-12-02&last=2026-12-01")
        assert (backwards.status_code, backwards.json()["code"]) == (422, "journal.invalid")
        with scope(cast.meridian.id):
            a_seller(replace(MERIDIAN, prefix="MF"))
        told = client.get(path, ASKED | {"last": "2026-12-29"})
        assert "A batch is of one legal entity." in told.content.decode()
