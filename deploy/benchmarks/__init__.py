"""Benchmarks: one module each, named like the benchmark, run by ``manage.py bench``.

A module has ``DATA`` (where its data lies below the folder of all reference data; None when it needs none),
``add_arguments(parser)`` and ``run(options, progress) -> figures``. To the figures belong ``targets``: figures' names
with the limits they are to keep. A figure that could not be measured is None.
"""

from __future__ import annotations

import argparse
import pkgutil
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypedDict, cast

Progress = Callable[[float, str], None]
"""Is told how far a benchmark is, from 0 to 1, and what it does."""


class Limits(TypedDict, total=False):
    """What a figure is to keep; ambitions are told, not demanded."""

    at_least: float
    at_most: float
    ambition: float


class Benchmark(Protocol):
    """What the module of a benchmark has."""

    DATA: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options beyond those that all benchmarks have."""

    def run(self, options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
        """Measure, and give the figures."""


def names() -> list[str]:
    """All benchmarks there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def named(name: str) -> Benchmark:
    """The benchmark of a name; loads only its own libraries."""
    return cast("Benchmark", import_module(f"{__name__}.{name}"))


def result(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """What a benchmark prints: its figures, their targets, and whether they keep them."""
    targets = figures.pop("targets")
    return {"bench": name, "ok": keeps(figures, targets), "targets": targets, **figures}


def data_below(root: Path | None, benchmark: Benchmark) -> Path | None:
    """Where a benchmark finds its data in the folder of all reference data."""
    return None if root is None or benchmark.DATA is None else root / benchmark.DATA


def keeps(figures: Mapping[str, Any], targets: Mapping[str, Limits]) -> bool:
    """Whether every figure with a target was measured and keeps it."""
    return all(_within(figures.get(name), limits) for name, limits in targets.items())


def _within(figure: float | None, limits: Limits) -> bool:
    if figure is None:
        return False
    return limits.get("at_least", figure) <= figure <= limits.get("at_most", figure)
