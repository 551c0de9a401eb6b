"""Who the story is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.story.cast import set_the_scene
from deploy.story.frame import Story
from tenants.scope.models import Tenant


def tell(share: float, message: str = "") -> None:
    """Nobody listens."""


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_storys_organisations_do_not_become_past_due(tmp_path: Path) -> None:
    story = Story(data=None, url="http://localhost", organisation="Story Engines", memory=tmp_path)
    set_the_scene(story, tell)
    assert list(Tenant.objects.order_by("slug").values_list("slug", "state", "state_until")) == [
        ("harbour-pumps-beside-story-engines", "active", None),
        ("quarry-works-beside-story-engines", "active", None),
        ("story-engines", "active", None),
    ]
