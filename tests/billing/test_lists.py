"""The lists of contracts, statements, invoices and reports: searched, narrowed, sorted, paged and filed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from tenants.customers.services import create_customer
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.rows import MADE, Billed, billed, contracts
from tests.conftest import Cast
from tests.lists import check_cursors, check_order, check_queries, filed, page, shown, walked

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HOUSE = "/t/meridian/"
SORTS = {
    "contracts": ("title", "updated_at"), "statements": ("period_start", "total_minor", "sealed_at"),
    "invoices": ("number", "issued_on", "due_on", "gross_minor"), "reports": ("made_at",),
}  # fmt: skip
OF_MONEY = ("statements", "invoices", "reports")


@pytest.fixture
def southwind(cast: Cast) -> UUID:
    """Meridian's other customer."""
    with scope(cast.meridian.id):
        return create_customer(name="Southwind Air", now=MADE).id


@pytest.fixture
def two(cast: Cast, southwind: UUID) -> tuple[Billed, Billed]:
    """Fourteen months of Northwind's, one of Southwind's in yen, and one of a stranger's."""
    with scope(cast.stranger.id):
        theirs = create_customer(name="Stranger Air", now=MADE).id
        billed(theirs, 1, name="Stranger Air", title="Strange")
    with scope(cast.meridian.id):
        mine = billed(cast.northwind, 14)
        return mine, billed(southwind, 1, name="Southwind Air", title="=Thrust", first=100, currency="JPY")


@pytest.mark.parametrize("name", SORTS)
def test_many_are_walked_in_every_order(cast: Cast, sign_in: SignIn, name: str) -> None:
    client = sign_in(cast.viewer)
    with scope(cast.meridian.id):
        contracts(cast.northwind, 120) if name == "contracts" else billed(cast.northwind, 120)
    check_order(client, f"{HOUSE}{name}/", SORTS[name], count=120)
    check_cursors(client, f"{HOUSE}{name}/")


@pytest.mark.parametrize("name", SORTS)
def test_queries_do_not_grow(cast: Cast, sign_in: SignIn, name: str) -> None:
    def grow(count: int, first: int) -> None:
        with scope(cast.meridian.id):
            if name == "contracts":
                contracts(cast.northwind, count, first=first)
            else:
                billed(cast.northwind, count, first=first)

    grow(10, 0)
    check_queries(sign_in(cast.viewer), f"{HOUSE}{name}/", lambda: grow(990, 1000))


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("q=contract+0001", ["Contract 0001"] * 3), ("q=southwind", []), ("q=leased+0000", ["Contract 0000"] * 3),
        ("state=draft", ["Contract 0000", "Contract 0000", "Contract 0001"]),
        ("state=published", ["Contract 0000", "Contract 0001", "Contract 0001"]), ("state=changed", []),
    ],
)  # fmt: skip
def test_contracts_are_found(cast: Cast, sign_in: SignIn, asked: str, names: list[str]) -> None:
    client = sign_in(cast.viewer)
    with scope(cast.meridian.id):
        contracts(cast.northwind, 6)
    assert sorted(walked(client, f"{HOUSE}contracts/?{asked}")) == names
    assert sorted(row["Title"] for row in filed(client, f"{HOUSE}contracts/?{asked}")) == names


def test_contracts_of_a_customer_or_a_twin(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client, (mine, other) = sign_in(cast.viewer), two
    assert walked(client, f"{HOUSE}contracts/?customer={cast.northwind}") == ["Uptime"]
    assert sorted(walked(client, f"{HOUSE}contracts/?twin={mine.contract.twin_id}")) == ["=Thrust", "Uptime"]
    assert filed(client, f"{HOUSE}contracts/?customer={other.contract.customer_id}") == [
        {"Title": "'=Thrust", "Customer": "Southwind Air", "Twin": "Leased fleet", "State": "draft", "Version": "",
         "Changed": "2026-01-02T00:04:12Z"},
    ]  # fmt: skip


def test_an_empty_list_asks_nothing(cast: Cast, sign_in: SignIn) -> None:
    for name in SORTS:
        text = page(sign_in(cast.owner), f"{HOUSE}{name}/")
        assert '<div class="nothing">' in text
        assert "<select" not in text
        assert filed(sign_in(cast.owner), f"{HOUSE}{name}/") == []


@pytest.mark.parametrize(
    ("asked", "count"),
    [("", 15), ("period=2020", 13), ("period=2021", 2), ("period=2020-07", 1), ("period=2020-01", 2),
     ("period=2020-12", 1), ("period=1999", 15), ("q=uptime", 14), ("q=uptime&period=2021", 2), ("q=nothing", 0)],
)  # fmt: skip
def test_money_is_narrowed_to_a_period_on_the_contracts_clocks(
    cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed], asked: str, count: int
) -> None:
    client = sign_in(cast.viewer)
    for name in OF_MONEY:
        assert len(walked(client, f"{HOUSE}{name}/?{asked}")) == count, name
        assert len(filed(client, f"{HOUSE}{name}/?{asked}")) == count, name


def test_what_else_money_is_narrowed_by(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client, (mine, other) = sign_in(cast.viewer), two
    for name in OF_MONEY:
        assert len(walked(client, f"{HOUSE}{name}/?customer={cast.northwind}")) == 14
    assert shown(page(client, f"{HOUSE}statements/?contract={other.contract.id}")) == ["January 2020, version 1"]
    assert shown(page(client, f"{HOUSE}invoices/?q=me-00100")) == ["ME-00100"]
    assert shown(page(client, f"{HOUSE}invoices/?kind=credit_note")) == []
    assert len(walked(client, f"{HOUSE}invoices/?kind=invoice")) == 15
    assert shown(page(client, f"{HOUSE}reports/?q=me-00013")) == ["February 2021, version 1"]
    own = f"{HOUSE}contracts/{mine.contract.slug}/statements/"
    assert shown(page(client, f"{own}?q=me-00003")) == ["April 2020, version 1"]
    assert len(walked(client, f"{own}?period=2020")) == 12


def test_the_files_have_exact_amounts(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client, (mine, other) = sign_in(cast.viewer), two
    first, yen = mine.invoices[0], f"?customer={other.contract.customer_id}"
    assert filed(client, f"{HOUSE}invoices/?sort=number")[0] == {
        "Number": "ME-00000", "Kind": "Invoice", "Period": "January 2020", "Contract": "Uptime",
        "Customer": "Northwind Air", "Issued": "2026-01-02", "Due": "2026-02-01", "Net": "1000.05", "Tax": "-0.07",
        "To be paid": "999.98", "Currency": "EUR",
    }  # fmt: skip
    assert filed(client, f"{HOUSE}invoices/{yen}")[0] | {"Number": ""} == {
        "Number": "", "Kind": "Invoice", "Period": "January 2020", "Contract": "'=Thrust",
        "Customer": "Southwind Air", "Issued": "2026-01-02", "Due": "2026-02-01", "Net": "100005", "Tax": "-7",
        "To be paid": "99998", "Currency": "JPY",
    }  # fmt: skip
    assert filed(client, f"{HOUSE}statements/?sort=period_start&customer={cast.northwind}")[1] == {
        "Period": "February 2020, version 1", "Contract": "Uptime", "Customer": "Northwind Air", "Outcome": "99.88 %",
        "Outcome %": "99.88", "Total": "1000.05", "Currency": "EUR", "Sealed": "2026-01-02T00:00:00Z",
    }  # fmt: skip
    assert filed(client, f"{HOUSE}reports/{yen}") == [
        {"Period": "January 2020, version 1", "Contract": "'=Thrust", "Customer": "Southwind Air",
         "Outcome": "indeterminate", "Outcome %": "", "Total": "100005", "Currency": "JPY", "Invoice": "ME-00100",
         "Made": "2026-01-02T00:00:00Z",
         "SHA-256 of the proof": "b" * 64},
    ]  # fmt: skip
    rows = filed(client, f"{HOUSE}contracts/{mine.contract.slug}/statements/?sort=period_start")
    assert rows[0] == {
        "Period": "January 2020, version 1", "Outcome": "indeterminate", "Outcome %": "", "Total": "1000.05",
        "Currency": "EUR", "Invoice": first.number, "Sealed": "2026-01-02T00:00:00Z",
    }  # fmt: skip
    assert "999.98 EUR" in page(client, f"{HOUSE}invoices/")
    assert "100,005 JPY" in page(client, f"{HOUSE}statements/")


def test_a_customers_people_read_and_file_only_theirs(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client, (_, other) = sign_in(cast.reader), two
    for name in ("invoices", "reports"):
        for asked in ("", f"?customer={other.contract.customer_id}", "?q=thrust", "?q=southwind", "?sort=-made_at"):
            path = f"{HOUSE}{name}/{asked}"
            text = page(client, path)
            assert "Southwind" not in text.replace('value="southwind"', "")
            assert 'name="customer"' not in text
            rows = filed(client, path)
            assert {row["Customer"] for row in rows} <= {"Northwind Air"}
            assert len(rows) == (0 if "q=" in asked else 14)
    assert client.get(f"{HOUSE}statements/?format=csv").status_code == 403
    assert client.get(f"{HOUSE}contracts/?format=csv").status_code == 403


def test_another_organisation_files_only_its_own(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client = sign_in(cast.outsider)
    for name in SORTS:
        rows = filed(client, f"/t/stranger/{name}/?customer={cast.northwind}")
        assert [row["Customer"] for row in rows] == ["Stranger Air"], name
        assert client.get(f"{HOUSE}{name}/?format=csv").status_code == 404


def test_the_statements_of_one_contract(cast: Cast, sign_in: SignIn, two: tuple[Billed, Billed]) -> None:
    client, (mine, _) = sign_in(cast.viewer), two
    path = f"{HOUSE}contracts/{mine.contract.slug}/statements/"
    text = page(client, path)
    assert f"/invoices/{mine.invoices[3].id}/" in text
    assert f"/reports/{mine.reports[3].id}/" in text
    assert " JPY" not in text
    check_order(client, path, ("period_start", "sealed_at", "total_minor"), count=14)
