"""Lists by their address: over customers, whose names nobody fixes."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Q
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from tenants.customers.models import Customer
from tenants.edge import lists
from tenants.edge.lists import Column, Filter, Listed, Listing
from tenants.kernel.money import Money
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIST = Listing(
    name="customers",
    caption="Customers",
    columns=(
        Column("name", "Name", sort="name", link=lambda row: f"/c/{row.id}/"),
        Column("created_at", "Made", sort="created_at", kind="moment"),
    ),
    order="name",
    search=("name",),
    filters=(
        Filter("age", "Age", (("old", "Old"),), lambda rows, _value: rows.filter(created_at__lt=NOON)),
    ),
)  # fmt: skip


def asked(address: str) -> Listed:
    return LIST.page(RequestFactory().get(address), Customer.objects.all())


def names(listed: Listed) -> list[str]:
    return [row["row"].name for row in listed.rows]


@pytest.fixture
def many(tenant: Tenant) -> UUID:
    """120 customers, of whom 60 were made in the same moment."""
    with scope(tenant.id):
        Customer.objects.bulk_create(
            Customer(name=f"Customer {number:03}", created_at=NOON + timedelta(microseconds=max(0, number - 60)))
            for number in range(120)
        )
    return tenant.id


@pytest.mark.parametrize("sort", ["", "-name", "created_at", "-created_at"])
def test_pages_there_and_back_have_every_row_once(many: UUID, sort: str) -> None:
    with scope(many):
        address = f"/l/?sort={sort}" if sort else "/l/"
        first = asked(address)
        pages, following = [names(first)], first
        while url := following.pager["next_url"]:
            following = asked(f"/l/{url}")
            pages.append(names(following))
        assert [len(page) for page in pages] == [50, 50, 20]
        assert len({name for page in pages for name in page}) == 120
        back = asked(f"/l/{following.pager['previous_url']}")
        assert names(back) == pages[1]
        assert names(asked(f"/l/{back.pager['previous_url']}")) == pages[0]
        assert first.pager["previous_url"] is None
        assert first.count == "120"


def test_a_row_that_comes_in_before_moves_no_other(many: UUID) -> None:
    with scope(many):
        following = asked("/l/").pager["next_url"]
        expected = names(asked(f"/l/{following}"))
        Customer.objects.create(name="A first one", created_at=NOON)
        assert names(asked(f"/l/{following}")) == expected


def test_words_and_filters_narrow_and_are_told(many: UUID) -> None:
    with scope(many):
        Customer.objects.create(name="Übersee 003", created_at=NOON - timedelta(days=1))
        assert names(asked("/l/?q=003")) == ["Customer 003", "Übersee 003"]
        assert names(asked("/l/?q=003+cust")) == ["Customer 003"]
        old = asked("/l/?q=003&age=old")
        assert names(old) == ["Übersee 003"]
        assert old.chips == [{"label": "Age", "word": "Old", "url": "?q=003"}]
        assert old.is_narrowed
        assert names(asked("/l/?q=%00")) == names(asked("/l/"))


@pytest.mark.parametrize("sort", ["id", "-tenant", "name__x", "--name", "password"])
def test_what_cannot_be_sorted_by_is_left_aside(many: UUID, sort: str) -> None:
    with scope(many):
        assert names(asked(f"/l/?sort={sort}")) == names(asked("/l/"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cursor=st.text(max_size=40) | st.sampled_from(["W10", "WzFd", "bnVsbA", "WyJ4IiwieSJd", "eyJhIjoxfQ"]))
def test_a_cursor_that_nobody_gave_out_begins_at_the_beginning(many: UUID, cursor: str) -> None:
    request = RequestFactory().get("/l/", {"after": cursor, "sort": "created_at"})
    with scope(many):
        assert len(LIST.page(request, Customer.objects.all()).rows) == 50


@pytest.mark.parametrize("sort", ["name", "created_at"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        "\x00",
        "\ud800",
        float("inf"),
        10**40,
        True,
        {},
        [],
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_cursor_with_a_value_that_no_row_can_have_is_no_fault(many: UUID, sort: str, value: object) -> None:
    cursors = [json.dumps([value, str(uuid4())]).encode(), b"[" * 5000]
    with scope(many):
        for name, each in product(("after", "before"), cursors):
            text = base64.urlsafe_b64encode(each).decode().rstrip("=")
            request = RequestFactory().get("/l/", {name: text, "sort": sort})
            assert len(LIST.page(request, Customer.objects.all()).rows) == 50


def test_rows_are_decorated_together_on_a_page_and_in_a_file(many: UUID) -> None:
    asked_of: list[int] = []

    def decorate(rows: list[Any]) -> list[tuple[str, Money]]:
        asked_of.append(len(rows))
        return [(row.name, Money(-row.created_at.microsecond, "KWD")) for row in rows]

    listing = Listing(
        name="worth", caption="Worth", order="-created_at", kept=("of",), decorate=decorate,
        columns=(
            Column("name", "Name", value=lambda row: row[0]),
            Column("worth", "Worth", unit="a year", kind="money", value=lambda row: row[1]),
            Column("more", "More", value=lambda row: row[0], is_filed=False),
        ),
        find=lambda word: Q(name__endswith=word),
    )  # fmt: skip
    factory = RequestFactory()
    with scope(many):
        page = listing.page(factory.get("/l/?of=all&q=119"), Customer.objects.all())
        assert [row["row"] for row in page.rows] == [("Customer 119", Money(-59, "KWD"))]
        assert (page.kept, page.clear_url) == ([("of", "all")], "?of=all")
        page = listing.page(factory.get("/l/"), Customer.objects.all())
        assert page.pager["next_url"] is not None
        assert [column["unit"] for column in page.columns] == ["", "a year", ""]
        filed: Any = listing.page(factory.get("/l/?format=csv"), Customer.objects.all()).csv
    assert asked_of == [1, 50, 120]
    rows = list(csv.reader(io.StringIO(filed.content.decode("utf-8-sig"))))
    assert rows[:2] == [["Name", "Worth a year"], ["Customer 119", "-0.059"]]


def test_a_place_after_which_nothing_is_left_begins_anew(many: UUID) -> None:
    with scope(many):
        following = asked(f"/l/{asked('/l/').pager['next_url']}").pager["next_url"]
        Customer.objects.filter(name__gte="Customer 100").delete()
        assert names(asked(f"/l/{following}")) == names(asked("/l/"))


def test_too_many_choices_are_none(many: UUID) -> None:
    choices = [(f"{number}", f"{number}") for number in range(lists.MOST_CHOICES + 1)]
    for most, offered in ((lists.MOST_CHOICES, 1), (lists.MOST_CHOICES + 1, 0)):
        listing = replace(LIST, filters=(Filter("n", "N", choices[:most], lambda rows, _value: rows.none()),))
        with scope(many):
            page = listing.page(RequestFactory().get("/l/?n=7"), Customer.objects.all())
        assert (len(page.filters), len(page.rows)) == (offered, 0 if offered else 50)


def test_a_page_takes_two_queries_at_any_length(many: UUID, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with scope(many), django_assert_num_queries(2):
        asked("/l/")


def test_the_count_of_a_long_list_has_a_bound(many: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 100)
    with scope(many):
        assert asked("/l/").count == "100+"


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+49 30", "-x", "\tx", "\uff1d1+1"])
def test_a_file_has_every_row_and_no_formula(many: UUID, name: str) -> None:
    with scope(many):
        Customer.objects.create(name=name, created_at=NOON)
        response: Any = asked("/l/?format=csv").csv
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Made"]
    assert len(rows) == 122
    assert [f"'{name}", "2026-11-20T12:00:00Z"] in [[row[0], row[1][:19] + "Z"] for row in rows]
    assert response["Content-Disposition"] == 'attachment; filename="customers.csv"'
