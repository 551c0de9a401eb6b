"""``bench builder`` runs at toy size, in a real Chromium."""

from __future__ import annotations

import argparse

import pytest

from deploy.benchmarks import builder, result


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop is no concern of the ORM's
    stages: list[str] = []
    options = argparse.Namespace(toy=True, seeds=1, seconds=1, nodes=2000, large=20_000)
    told = result("builder", builder.run(options, lambda _, what: stages.append(what)))
    assert stages[0] == "composing"
    assert (told["bench"], told["nodes"], told["links"], told["large_nodes"]) == ("builder", 60, 89, 400)
    assert told["axe_violations"] == 0
    assert 0 < told["first_paint_s"] <= told["open_s"]
    assert 0 < told["bundle_gzip_kb"] <= 180
    assert all(told[name] > 0 for name in builder.TARGETS if name != "axe_violations")
