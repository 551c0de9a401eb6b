"""The reports that the page's checks are tested with are those that are written today."""

from __future__ import annotations

from tests.billing.reports.page_fixture import FILE, written


def test_the_fixture_is_what_is_written() -> None:
    assert FILE.read_text() == written()
