"""Figures in the language of the page: English as everywhere in the house, German as its readers write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.utils.translation import override

from tenants.edge import formats
from tenants.kernel.money import Money


@pytest.mark.parametrize(
    ("write", "value", "english", "german"),
    [
        (formats.number_shown, "-1,234,567.50", "-1,234,567.50", "-1.234.567,50"),
        (formats.count_shown, 10_000, "10,000", "10.000"),
        (formats.money_shown, Money(123_450, "EUR"), "1,234.50 EUR", "1.234,50 €"),
        (formats.money_shown, Money(-123_450, "USD"), "-1,234.50 USD", "-1.234,50 USD"),
        (formats.money_shown, Money(3_200_000, "JPY"), "3,200,000 JPY", "3.200.000 JPY"),
        (formats.day_shown, date(2026, 3, 1), "1 March 2026", "1. März 2026"),
        (formats.short_day_shown, date(2026, 3, 1), "1 Mar 2026", "01.03.2026"),
        (formats.month_shown, date(2026, 12, 1), "December 2026", "Dezember 2026"),
        (formats.short_month_shown, date(2026, 3, 1), "Mar 26", "Mär 26"),
        (formats.moment_shown, datetime(2026, 5, 1, 6, 5), "1 May 2026 06:05", "01.05.2026, 06:05"),  # noqa: DTZ001
    ],
)
def test_both_languages(write: Callable[[Any], str], value: Any, english: str, german: str) -> None:
    assert write(value) == english
    with override("de"):
        assert write(value) == german
    with override("de-at"):
        assert write(value) == german
