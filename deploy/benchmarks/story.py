"""The story of docs/story.md from an empty organisation to a checked proof, through a product that really runs."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from deploy.benchmarks import Limits, Progress
from deploy.embedded.places import Home
from deploy.story.frame import SHORT, WHOLE, Story
from deploy.story.serving import serving
from deploy.story.stages import STAGES
from tenants.kernel.ids import new_id

DATA = "data/cmapss"
COME_TO = (
    "readings", "rmse", "fleet_rmse", "statement_total_minor", "without_plan_total_minor", "currency",
    "availability_percent", "without_plan_availability_percent", "invoice_number", "proof_ok",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Tell the story in an organisation of its own, so that nothing has been told before."""
    with serving(Home.named()) as product, tempfile.TemporaryDirectory() as folder:
        name = f"Meridian Engines {new_id().hex[-8:]}"
        story = Story(options.data, product.url, name, Path(folder, "story.json"), SHORT if options.toy else WHOLE)
        for number, (stage, _) in enumerate(STAGES):

            def told(share: float, message: str = "", number: int = number, stage: str = stage) -> None:
                progress((number + share) / len(STAGES), f"{stage} {message}".strip())

            story.tell(STAGES[number], told)
    return figures(story)


def figures(story: Story) -> dict[str, Any]:
    """Seconds of each stage and in all, and what the story came to; null for what it did not come to."""
    targets: dict[str, Limits] = {"seconds": {"at_most": 120.0}, "proof_ok": {"at_least": 1}}
    if story.data is not None:
        targets["rmse"] = {"at_most": 13.0}
    return {
        "targets": targets,
        "source": "published" if story.data else "simulated",
        "stages_s": story.told,
        "seconds": round(sum(story.told.values()), 2),
        **{name: story.facts.get(name) for name in COME_TO},
    }
