"""``manage.py bench NAME``: measure one thing the product exists for."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress as Bar

from deploy.benchmarks import Progress, data_below, named, names, result
from tenants.kernel.errors import OutturnError


class _Options(argparse.ArgumentParser):
    """Says in one line what is wrong, instead of leaving with the usage."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{self.prog}: {message}")


class Command(BaseCommand):
    help = (
        "Run a benchmark: progress on stderr, the figures as one JSON object in the last line of stdout. "
        "'bench NAME --help' tells the options of each; 'bench all --data FOLDER' runs every one, with the folder of "
        "all reference data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=[*names(), "all"])
        parser.add_argument("options", nargs=argparse.REMAINDER)

    def handle(self, *_: Any, name: str, options: list[str], **__: Any) -> None:
        if name != "all":
            self._run(name, options)
            return
        _parser(name).parse_args(options)  # what only one benchmark understands is refused here
        failed = []
        for each in names():
            try:
                self._run(each, options, from_root=True)
            except CommandError as error:
                self.stderr.write(str(error))
                failed.append(each)
        if failed:
            raise CommandError(f"bench all: {', '.join(failed)} could not run.")

    def _run(self, name: str, arguments: list[str], *, from_root: bool = False) -> None:
        benchmark = named(name)
        parser = _parser(name)
        benchmark.add_arguments(parser)
        options = parser.parse_args(arguments)
        if from_root:
            options.data = data_below(options.data, benchmark)
        try:
            with _told(name) as progress:
                figures = benchmark.run(options, progress)
        except OutturnError as error:
            raise CommandError(f"bench {name}: {error.told}") from error
        self.stdout.write(json.dumps(result(name, figures), allow_nan=False))


def _parser(name: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = _Options(prog=f"manage.py bench {name}")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the data to measure on, laid out as published")
    parser.add_argument("--seeds", type=_positive, default=3, help="repetitions, each with its own seed")
    parser.add_argument(
        "--seconds", type=_positive, default=10, help="how long to measure what is measured by the clock"
    )
    parser.add_argument("--toy", action="store_true", help="the smallest size, to see that it runs")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


@contextmanager
def _told(name: str) -> Iterator[Progress]:
    """A progress bar where a person looks on; the stages, each once, where the output goes into a file."""
    console = Console(stderr=True, highlight=False)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=1.0)
        last = ""

        def progress(share: float, message: str) -> None:
            nonlocal last
            bar.update(task, completed=share, description=f"{name}: {message}")
            if message != last and not console.is_terminal:
                console.print(f"{name}: {message}", markup=False)
            last = message

        yield progress
