"""Accounts and codes of banks: what is one, what shows itself as a slip, and how an account is shown."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.invoices.domain.banking import (
    account_shown,
    is_bic,
    is_iban,
    is_national_account,
    is_routing_code,
    meant_as_iban,
    plain_account,
)

GERMAN, BRITISH, NORWEGIAN = "DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947"
MALTESE, LUCIAN = "MT84MALT011000012345MTLCAST001S", "LC55HEMM000100010012001200023015"
CHARACTERS = string.ascii_uppercase + string.digits


@st.composite
def ibans(draw: st.DrawFn) -> str:
    """Any country, any account of 11 to 30 characters, and the check digits that belong to it."""
    country = draw(st.text(string.ascii_uppercase, min_size=2, max_size=2))
    account = draw(st.text(CHARACTERS, min_size=11, max_size=30))
    rest = 0
    for each in f"{account}{country}00":
        value = (string.digits + string.ascii_uppercase).index(each)
        rest = (rest * (10 if value < 10 else 100) + value) % 97
    return f"{country}{98 - rest:02}{account}"


@pytest.mark.parametrize("account", [GERMAN, BRITISH, NORWEGIAN, MALTESE, LUCIAN])
def test_what_a_bank_has_printed_is_an_iban(account: str) -> None:
    assert is_iban(account)
    assert meant_as_iban(account)


@pytest.mark.parametrize(
    "account",
    [
        "", "DE89", "DE8937040044053201300", "DE893704004405320130000", "de89370400440532013000",
        "DE89 3704 0044 0532 0130 00", "DE00370400440532013000", "D089370400440532013000", "DE893704004405320130ÖÖ",
        "NO938601111794", "DE٨٩370400440532013000",
    ],
)  # fmt: skip
def test_what_is_no_iban(account: str) -> None:
    assert not is_iban(account)


def test_only_the_check_digits_that_the_standard_makes_are_taken() -> None:
    """00, 01 and 99 leave the same rest as 97, 98 and 02, and are never given out."""
    taken = {f"{check:02}" for check in range(100) if is_iban(f"NO{check:02}86011117947")}
    assert taken == {"93"}
    for check, twin in (("97", "00"), ("98", "01"), ("02", "99")):
        account = next(f"NO{check}{n:011}" for n in range(200) if is_iban(f"NO{check}{n:011}"))
        assert not is_iban(f"NO{twin}{account[4:]}")


@given(ibans())
def test_every_account_with_its_check_digits_is_an_iban(account: str) -> None:
    assert is_iban(account)
    assert meant_as_iban(account)


@given(ibans(), st.data())
def test_every_change_of_one_character_into_another_of_its_sort_is_found(account: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(account) - 1))
    sort = string.digits if account[at] in string.digits else string.ascii_uppercase
    other = data.draw(st.sampled_from(sort.replace(account[at], "")))
    assert not is_iban(account[:at] + other + account[at + 1 :])


@given(ibans(), st.data())
def test_every_change_of_one_of_the_first_four_characters_is_refused_and_not_read_as_national(
    account: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, 3))
    changed = account[:at] + data.draw(st.sampled_from(CHARACTERS.replace(account[at], ""))) + account[at + 1 :]
    assert meant_as_iban(changed)
    assert not is_iban(changed)


@given(ibans(), st.data())
def test_every_swap_of_neighbours_that_differ_is_found_unless_they_are_the_same_digits(
    account: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(account) - 2))
    pair = account[at : at + 2]
    assume(pair[0] != pair[1])
    swapped = account[:at] + pair[::-1] + account[at + 2 :]
    assert meant_as_iban(swapped)
    assert is_iban(swapped) == (at >= 4 and pair in ("B1", "1B", "M2", "2M", "X3", "3X"))


@pytest.mark.parametrize(
    ("account", "meant"),
    [
        ("DE8937", True), ("D8E9370400440532013000", True), ("DEO9370400440532013000", True),
        ("1E89370400440532013000", True), ("0012345678901234567890", False), ("DEPOT123", False), ("", False),
        ("12345678", False), ("002010077777777771", False),
    ],
)  # fmt: skip
def test_what_is_to_be_read_as_an_iban(account: str, meant: bool) -> None:
    assert meant_as_iban(account) is meant


@pytest.mark.parametrize(
    ("account", "national"),
    [
        ("1234567890", True), ("A1", True), ("9" * 34, True), ("9" * 35, False), ("", False), ("12-3140", False),
        ("1234ß", False), ("１２３", False), ("12\n", False),
    ],
)  # fmt: skip
def test_a_national_account_is_letters_and_digits(account: str, national: bool) -> None:
    assert is_national_account(account) is national


@pytest.mark.parametrize(
    ("code", "bic", "routing"),
    [
        ("COBADEFF", True, False), ("COBADEFFXXX", True, False), ("DEUTDEDBHAM", True, False),
        ("E097AEXX", True, False), ("NCBVXKPR", True, False), ("COBAZZFF", False, False), ("COBADEFFX", False, False),
        ("COBADEF", False, False), ("cobadeff", False, False), ("COBAD1FF", False, False), ("", False, False),
        ("021000021", False, True), ("12-34-56", False, True), ("062-000", False, True), ("-12", False, False),
        ("12-", False, False), ("12--34", False, False), ("9" * 20, False, True), ("9" * 21, False, False),
        ("021000021\n", False, False), ("١٢٣", False, False),
    ],
)  # fmt: skip
def test_codes_of_banks(code: str, bic: bool, routing: bool) -> None:
    assert (is_bic(code), is_routing_code(code)) == (bic, routing)


def test_spaces_and_case_are_taken_away() -> None:
    assert plain_account(" de89 3704\u00a00044 0532\t0130 00 ") == GERMAN
    assert plain_account("cobadeff xxx") == "COBADEFFXXX"
    assert plain_account("  ") == ""


def test_a_letter_whose_capitals_are_latin_is_not_turned_into_them() -> None:
    assert plain_account("1234 ß") == "1234ß"


def test_an_iban_is_shown_in_groups_of_four() -> None:
    assert account_shown(GERMAN) == "DE89 3704 0044 0532 0130 00"
    assert account_shown(NORWEGIAN) == "NO93 8601 1117 947"


@pytest.mark.parametrize("account", ["", "1234567890123456", "DE88370400440532013000"])
def test_any_other_account_is_shown_as_it_is(account: str) -> None:
    assert account_shown(account) == account


@given(ibans())
def test_what_is_shown_is_the_account_and_spaces(account: str) -> None:
    shown = account_shown(account)
    assert plain_account(shown) == account
    assert {len(group) for group in shown.split(" ")[:-1]} == {4}
