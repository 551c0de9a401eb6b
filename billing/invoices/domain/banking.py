"""Bank accounts and the codes of banks: how they are written, and which faults show by themselves.

Sources: ISO 13616 for the IBAN, ISO 7064 (MOD 97-10) for its check digits, ISO 9362 for the BIC.
"""

from __future__ import annotations

import re

from billing.invoices.domain.countries import COUNTRIES

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_MEANT_AS_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}.*|(?=.{15})(?:[A-Z].|.[A-Z]).*")
_NATIONAL = re.compile(r"[A-Z0-9]{1,34}")
_BIC = re.compile(r"[A-Z0-9]{4}(?P<country>[A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_ROUTING = re.compile(r"(?=.{1,20}$)[0-9]+(?:-[0-9]+)*")
_PLACES = COUNTRIES | {"XK"}
"""Kosovo has no code in ISO 3166-1; banks use this one."""


def plain_account(text: str) -> str:
    """An account, or the code of a bank, as it is compared and sent: capitals, without any space.

    Letters that are not of the Latin alphabet stay, and are refused: some of them have capitals that are.
    """
    plain = "".join(text.split())
    return plain.upper() if plain.isascii() else plain


def meant_as_iban(account: str) -> bool:
    """Whether a plain account is to be read as an IBAN: two letters and two digits first.

    From 15 characters on one letter among the first two is enough, so that a slip in the first four does not turn an
    IBAN into a national number that nothing checks.
    """
    return bool(_MEANT_AS_IBAN.fullmatch(account))


def has_form_of_iban(account: str) -> bool:
    """Whether a plain account has the form of an IBAN: two letters, two digits, 15 to 34 characters in all."""
    return bool(_IBAN.fullmatch(account))


def is_iban(account: str) -> bool:
    """Whether a plain account is an IBAN: its form and its check digits.

    What is found for certain: a digit in place of another, a letter in place of another, two neighbours of one sort
    swapped, and any slip in the first four. A digit in place of a letter, or a letter in place of a digit, passes about
    once in a hundred times; B1, M2 and X3 swapped always pass, because B counts as 11, M as 22 and X as 33.
    """
    if not has_form_of_iban(account) or not 2 <= int(account[2:4]) <= 98:
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def is_national_account(account: str) -> bool:
    """Whether a plain account can be the number of an account where there is no IBAN: letters and digits up to 34."""
    return bool(_NATIONAL.fullmatch(account))


def is_bic(code: str) -> bool:
    """Whether a plain code is a BIC: 8 or 11 characters, the fifth and sixth a country."""
    found = _BIC.fullmatch(code)
    return found is not None and found["country"] in _PLACES


def is_routing_code(code: str) -> bool:
    """Whether a plain code can be the routing code of a country: digits up to 20, hyphens between them."""
    return bool(_ROUTING.fullmatch(code))


def account_shown(account: str) -> str:
    """A plain account for the eye: an IBAN in groups of four, any other as it is.

    Such as ``DE89 3704 0044 0532 0130 00``.
    """
    if not is_iban(account):
        return account
    return " ".join(account[at : at + 4] for at in range(0, len(account), 4))
