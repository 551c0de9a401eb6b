"""The files that lists give: what a list does not show, its file does not have, whatever its address asks."""

from __future__ import annotations

from tests.isolation.asking import Answer
from tests.isolation.conftest import House
from tests.isolation.places import Place

LISTS = {
    "people", "invitations", "api-keys", "service-accounts", "customers", "audit", "trash", "gateways", "twins",
    "contracts", "contract-exclusions", "contract-statements", "statements", "invoices", "reports", "disputes", "plans",
    "health", "sites", "roles",
}  # fmt: skip
"""The least that there are; one that comes is walked without being named here."""
READ_BY_CUSTOMERS = {"agreed-contracts", "disputes", "invoices", "reports"}


def file_of(house: House, who: str, place: Place, slug: str, asked: str = "") -> Answer | None:
    """The file of a list; None for a page that has none."""
    answer = house.ask(who, "get", f"{place.path(slug)}?format=csv{asked}")
    return answer if ("Content-Type", "text/csv; charset=utf-8") in answer.headers else None


def rows(answer: Answer) -> int:
    """How many rows a file has below its headings."""
    return len(answer.text.splitlines()) - 1


def test_every_list_has_a_file_for_its_own_people_alone(house: House) -> None:
    found = {place.name: place for place in house.pages() if file_of(house, "owner", place, "meridian")}
    assert found.keys() >= LISTS
    for name, place in found.items():
        for who in ("nobody", "stranger", "removed"):
            assert file_of(house, who, place, "meridian") is None, f"{who}: {name}"
        if any(str(value) in house.secrets for value in place.arguments.values()):
            assert file_of(house, "stranger", place, "stranger") is None, name


def test_a_file_of_the_strangers_has_nothing_of_meridians(house: House) -> None:
    asked = [f"&{key}={each}" for each in house.ids() for key in ("customer", "contract", "twin", "site")]
    for place in house.pages():
        if place.name not in LISTS or place.arguments:
            continue
        plain = file_of(house, "stranger", place, "stranger")
        assert plain is not None, place.name
        assert not {each for each in house.secrets if each in plain.text}, place.name
        for question in asked[:: max(1, len(asked) // 12)]:
            narrowed = file_of(house, "stranger", place, "stranger", question)
            assert narrowed is not None, place.name
            assert narrowed.text == plain.text or place.name == "audit", f"{place.name}{question}"


def test_another_customers_people_file_nothing_of_it(house: House) -> None:
    opened = set()
    for place in house.pages():
        answer = file_of(house, "other customer", place, "meridian", f"&customer={house.cast.northwind}")
        if answer is not None:
            opened.add(place.name)
            assert rows(answer) == 0, place.name
    assert opened == READ_BY_CUSTOMERS
    for place in house.pages():
        if place.name in READ_BY_CUSTOMERS:
            own = file_of(house, "customer", place, "meridian")
            assert own is not None
            assert rows(own) == 1, place.name
