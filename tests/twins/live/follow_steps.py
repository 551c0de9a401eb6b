"""``python -m tests.twins.live.follow_steps``: the follower with the steps of the tests only."""

import os

import django

django.setup()

from django.core.management import call_command  # noqa: E402 (once Django is set up)

from twins.live import following  # noqa: E402

following._paths.clear()
if not os.environ.get("TEST_STEP_HANGS"):
    following.register_step("tests.twins.live.steps.FAILING")
following.register_step("tests.twins.live.steps.NOTING")
call_command("follow")
