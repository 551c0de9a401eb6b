"""``bench reports`` runs at toy size: months that are settled, then the page and the document of the last."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import pytest
from django.test import Client

from deploy.benchmarks import reports, result
from deploy.benchmarks.reports import TARGETS, _months, _timed
from deploy.stage import StageError

TIMES = (
    "report_page_ms", "report_page_processor_ms", "pdf_cold_ms", "pdf_warm_ms", "pdf_warm_processor_ms", "pdf_sent_ms",
)  # fmt: skip


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[str] = []
    options = argparse.Namespace(toy=True, assets=100, months=9, rounds=9)
    told = result("reports", reports.run(options, lambda _, what: stages.append(what)))
    assert stages == ["flying", "settling", "asking for page and documents"]
    assert (told["bench"], told["assets"], told["months"], told["rounds"]) == ("reports", 2, 2, 2)
    assert min(told[name] for name in (*TIMES, "settle_last_ms")) > 0
    assert 5 <= told["report_page_queries"] <= 25
    assert told["report_page_kb"] > 10
    assert told["pdf_kb"] > 10
    assert TARGETS == {"report_page_ms": {"at_most": 300.0}, "pdf_warm_ms": {"at_most": 2000.0}}
    assert set(TARGETS) < set(told)


def test_the_months_are_the_last_ones() -> None:
    months = list(_months(9))
    assert (months[0][0], months[-1]) == (
        datetime(2026, 1, 1, tzinfo=UTC), (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
    )  # fmt: skip
    assert len(months) == 9
    assert list(_months(1)) == months[-1:]


@pytest.mark.django_db
def test_what_is_not_answered_is_not_timed() -> None:
    with pytest.raises(StageError, match="/no/such/page/ answered 404"):
        _timed(Client(HTTP_HOST="localhost"), "/no/such/page/", 1)
