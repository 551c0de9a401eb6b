"""Names in any script, and the addresses they make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.people.domain import address_of_name, browser_name, clean_name, is_address, is_name, suggested_address


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ärzte & Söhne GmbH", "arzte-and-sohne-gmbh"),
        ("Straße", "strasse"),
        ("Ørsted", "orsted"),
        ("Łódź", "lodz"),
        ("Café № 5", "cafe-no-5"),
        ("株式会社日立", ""),
        ("Завод", ""),
        ("شركة", ""),
        ("🚀", ""),
        ("a" * 120, "a" * 50),
        ("x" * 49 + " y", "x" * 49),
    ],
)
def test_the_address_that_a_name_makes(name: str, address: str) -> None:
    assert address_of_name(name) == address


@pytest.mark.parametrize("name", ["株式会社日立", "Завод", "شركة", "🚀", "Admin", "7", "x"])
def test_a_name_that_makes_none_gets_a_suggestion(name: str) -> None:
    address = suggested_address(name)
    assert address.startswith("organisation-")
    assert is_address(address)
    assert suggested_address(name) == address


@pytest.mark.parametrize("text", ["", "a", "-a", "a-", "a--b", "A", "ä", "a b", "a/b", "admin", "sso", "a" * 51, "a\n"])
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "is_one"), [("株", True), ("🚀", True), ("7", True), ("!!!", False), (" ", False), ("", False)]
)
def test_a_name_has_something_in_it(text: str, is_one: bool) -> None:
    assert is_name(text) is is_one


def test_a_name_is_kept_without_what_cannot_be_seen() -> None:
    assert clean_name("  A\u030arhus\u202e\tWorks\n") == "Århus Works"


@given(st.text(max_size=130))
def test_whatever_is_typed_makes_a_sound_suggestion(text: str) -> None:
    assert is_address(suggested_address(text))
    assert clean_name(clean_name(text)) == clean_name(text)


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
         "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox on Android"),
        ("curl/8.9.1", "curl/8.9.1"),
        ("x" * 900, "x" * 90),
        ("", ""),
    ],
)  # fmt: skip
def test_browsers_go_by_the_names_people_know(description: str, name: str) -> None:
    assert browser_name(description) == name
