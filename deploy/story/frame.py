"""How the story is told: stage after stage, each with a bar, each told once; what a stage found out is kept."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Tell(Protocol):
    """How a stage tells how far it is."""

    def __call__(self, share: float, message: str = "") -> None:
        """The share that is done, 0 to 1, and what is being done."""


Stage = Callable[["Story", Tell], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the story is told.

    Attributes:
        history: Numbers of the engines that are learnt from.
        fleet: Numbers of the leased engines.
        rounds: Trees of each member of the model.
        planning_s: The most that the search for a plan may take.
    """

    history: range
    fleet: range
    rounds: int
    planning_s: float


WHOLE = Cut(range(1, 81), range(81, 101), rounds=300, planning_s=8.0)
SHORT = Cut(range(1, 11), range(90, 94), rounds=20, planning_s=1.0)
"""For seeing that every stage works; the four engines include three that fail within the month."""


@dataclass
class Story:
    """Where the story happens and what has come of it so far.

    Attributes:
        data: The folder of the published flights, None for simulated ones.
        url: Where the web server answers.
        organisation: The name of the tenant that it is about.
        facts: What the stages found out, as JSON values, by name.
        told: Seconds of each stage that has been told.
        memory: The file in which facts survive.
        cut: How much of it is told.
    """

    data: Path | None
    url: str
    organisation: str
    memory: Path
    cut: Cut = WHOLE
    facts: dict[str, Any] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)

    def tell(self, named: tuple[str, Stage], told: Tell) -> None:
        """Tell one stage and keep what came of it."""
        name, stage = named
        began = time.monotonic()
        self.facts.update(stage(self, told))
        self.told[name] = round(time.monotonic() - began, 2)
        self.remember()

    def recall(self) -> None:
        """Take up what was told before, if it was told of the same flights."""
        if self.memory.exists():
            kept = json.loads(self.memory.read_text())
            if kept["data"] == self._source():
                self.facts, self.told = kept["facts"], kept["told"]

    def remember(self) -> None:
        """Keep what has come so far; only its owner may read it, for it holds how to sign in."""
        text = json.dumps({"data": self._source(), "facts": self.facts, "told": self.told}, indent=1)
        partial = self.memory.with_suffix(".new")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        partial.replace(self.memory)

    def _source(self) -> str:
        return str(self.data.resolve()) if self.data else "simulated"


def tell(story: Story, stages: Sequence[tuple[str, Stage]]) -> None:
    """Tell the stages that have not been told, with a bar for each on the terminal's error output."""
    with _bars() as bars:
        for name, stage in stages:
            bar = bars.add_task(name, total=1.0, message="")
            if name in story.told:
                bars.update(bar, completed=1.0, message="told before")
                continue
            story.tell((name, stage), _teller(bars, bar))
            bars.update(bar, completed=1.0, message=f"{story.told[name]:.1f} s")


def _bars() -> Progress:
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description:>12}"), BarColumn(), TextColumn("{task.fields[message]}"))
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _teller(bars: Progress, bar: TaskID) -> Tell:
    def told(share: float, message: str = "") -> None:
        bars.update(bar, completed=share, message=message)

    return told
