"""Money: whole minor units of an ISO 4217 currency, rounded once, shared out without losing a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tenants.kernel.errors import OutturnError

Rounding = Literal["half_even", "half_up", "up", "down"]
"""How an exact amount becomes whole minor units; ``up`` and ``half_up`` go away from zero, ``down`` towards it."""

LARGEST_MINOR = 2**53 - 1
"""The largest amount that every reader of JSON reads exactly (RFC 8785, RFC 7493)."""

_WITHOUT_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"
_HUNDREDTHS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""

_EXPONENTS = {
    code: exponent
    for exponent, codes in ((0, _WITHOUT_MINOR_UNIT), (2, _HUNDREDTHS), (3, _THOUSANDTHS), (4, _TEN_THOUSANDTHS))
    for code in codes.split()
}


class UnknownCurrencyError(OutturnError):
    """The code is not an ISO 4217 currency that has a minor unit."""

    code = "money.unknown_currency"


class MixedCurrencyError(OutturnError):
    """Two amounts of different currencies were added or subtracted."""

    code = "money.mixed_currency"


def exponent(currency: str) -> int:
    """How many decimal digits the minor unit has (dimensionless): 2 for EUR, 0 for JPY, 3 for KWD.

    Source: ISO 4217 list one, January 2026, and the codes withdrawn from 2025 on, which older contracts still name.

    Raises:
        UnknownCurrencyError: The code is not in the list.
    """
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrencyError(
            f"{currency!r} is not a currency of ISO 4217.",
            place="currency",
            fix="Write the three capital letters of the currency, such as EUR.",
        ) from None


def round_minor(exact: Fraction, mode: Rounding) -> int:
    """An exact amount in minor units as a whole number of them.

    Args:
        exact: Minor units; may be negative, magnitudes are rounded alike on both sides of zero.
        mode: The rounding of the contract.
    """
    if mode == "half_even":
        return round(exact)
    whole, rest = divmod(abs(exact), 1)
    away = {"down": False, "up": rest > 0, "half_up": 2 * rest >= 1}[mode]
    magnitude = whole + away
    return -magnitude if exact < 0 else magnitude


def allocate(total: int, weights: Sequence[int | Fraction]) -> tuple[int, ...]:
    """Share a whole number of minor units in proportion to weights; the shares sum to the total.

    Largest remainder (Hamilton's method): every share is the exact one rounded down, and the units left go to the
    largest remainders, the earlier share first where they are equal.

    Raises:
        ValueError: The total is negative, a weight is, or there is something to share and nobody to get it.
    """
    pool = sum(weights, Fraction(0))
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("totals and weights must not be negative")
    if pool == 0:
        if total:
            raise ValueError(f"nobody has a weight to share {total} by")
        return (0,) * len(weights)
    exact = [total * Fraction(weight) / pool for weight in weights]
    shares = [share.__floor__() for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (shares[at] - exact[at], at))
    for at in by_remainder[: total - sum(shares)]:
        shares[at] += 1
    return tuple(shares)


def digits_by_currency() -> dict[str, int]:
    """Every currency with the decimal digits of its minor unit, by code."""
    return dict(sorted(_EXPONENTS.items()))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency.

    Attributes:
        minor: Whole minor units (cents of EUR, yen of JPY); negative is owed the other way.
        currency: ISO 4217 code.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        """The amount in major units with all its digits and the code, such as ``-12.30 EUR``."""
        return f"{self.amount} {self.currency}"

    @property
    def amount(self) -> Decimal:
        """Major units, with all digits of the currency: exact."""
        return Decimal(f"{self.minor}E-{exponent(self.currency)}")

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MixedCurrencyError(
                f"{self} and {other} are of different currencies.",
                place="currency",
                fix="Convert one of them at a stated rate first.",
            )
        return other
