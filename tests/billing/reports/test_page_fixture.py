"""The reports that the page's checks are tested with are those that are written today."""

from __future__ import annotations

from tests.billing.reports.page_fixture import FIGURES_FILE, FILE, figures, fixture, written


def test_the_fixture_is_what_is_written() -> None:
    assert FILE.read_text() == written(fixture())


def test_the_fixture_of_figures_is_what_is_written() -> None:
    assert FIGURES_FILE.read_text() == written(figures())
