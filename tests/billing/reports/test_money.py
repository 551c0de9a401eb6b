"""What a report says of a version that takes the place of another."""

from __future__ import annotations

import pytest

from billing.reports.money import told_of_version

STATEMENT = {"version": 2, "currency": "EUR", "total_minor": 900_000}


@pytest.mark.parametrize(
    ("kind", "before", "told"),
    [
        ("invoice", None, ""),
        (None, None, "This version has no invoice of its own."),
        (None, 900_000, "Version 1 came to 9,000.00 EUR, version 2 comes to the same."),
        (
            None, 1_000_000,
            (
                "Version 1 came to 10,000.00 EUR, version 2 comes to 9,000.00 EUR. "
                "The difference of -1,000.00 EUR comes with a later invoice; this version has none of its own."
            ),
        ),
        (
            "credit_note", 1_000_000,
            (
                "Version 1 came to 10,000.00 EUR, version 2 comes to 9,000.00 EUR. "
                "The credit note is for the difference of -1,000.00 EUR alone."
            ),
        ),
        (
            "invoice", 800_000,
            (
                "Version 1 came to 8,000.00 EUR, version 2 comes to 9,000.00 EUR. "
                "The invoice is for the difference of 1,000.00 EUR alone."
            ),
        ),
    ],
)  # fmt: skip
def test_what_is_to_be_paid_for_a_version(kind: str | None, before: int | None, told: str) -> None:
    assert told_of_version(STATEMENT, None if kind is None else {"kind": kind}, before) == told
