"""The stages of the story in their order; reading them is reading the story."""

from __future__ import annotations

from deploy.story.cast import set_the_scene
from deploy.story.composing import compose
from deploy.story.flying import fly_on, fly_to_the_planning_day, send_history
from deploy.story.frame import Stage
from deploy.story.learning import learn_and_predict
from deploy.story.planning import plan_and_approve
from deploy.story.worth import check_the_proof, settle_the_month, sign_the_contract

STAGES: tuple[tuple[str, Stage], ...] = (
    ("Cast", set_the_scene),
    ("Compose", compose),
    ("Contract", sign_the_contract),
    ("History", send_history),
    ("Flights", fly_to_the_planning_day),
    ("Health", learn_and_predict),
    ("Plan", plan_and_approve),
    ("Fly on", fly_on),
    ("Outcome", settle_the_month),
    ("Proof", check_the_proof),
)
