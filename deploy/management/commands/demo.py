"""``manage.py demo``: fill a demonstration with the story of docs/story.md, and serve it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from deploy.benchmarks import result
from deploy.benchmarks.story import figures
from deploy.embedded.places import Home
from deploy.story.frame import Story, tell
from deploy.story.serving import serving
from deploy.story.stages import STAGES


class Command(BaseCommand):
    help = "Tell the story of docs/story.md: simulated flights, or the published ones with --data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, metavar="FOLDER", help="NASA's C-MAPSS files (docs/story.md).")
        parser.add_argument("--once", action="store_true", help="Stop when the story is told, and print its figures.")

    def handle(self, *_: Any, **options: Any) -> None:
        home = Home.named()
        with serving(home) as product:
            story = Story(options["data"], product.url, "Meridian Engines", home.path / "story.json")
            story.recall()
            tell(story, STAGES)
            if options["once"] or not sys.stdout.isatty():
                self.stdout.write(json.dumps(result("story", figures(story))))
                return
            self.stdout.write(_where_to_look(story))
            try:
                product.wait()
            except KeyboardInterrupt:
                product.wait()


def _where_to_look(story: Story) -> str:
    slug, people = story.facts["slug"], story.facts["people"]
    lines = [
        "",
        f"Outturn is at {story.url}. Sign in as:",
        *(f"  {name:9} {person['email']}   {person['password']}" for name, person in people.items()),
        "Look at:",
        f"  {story.url}/t/{slug}/                         the organisation",
        f"  {story.url}/t/{slug}/twins/northwind-fleet/   the fleet, live",
        "Ctrl-C stops it; `make up` serves it again, `make clean` removes it.",
    ]
    return "\n".join(lines)
