"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from analytics.health import pages as health
from analytics.maintenance import pages as maintenance

urlpatterns = [
    path("health/", health.fleets, name="health"),
    path("health/train/", health.train, name="train-model"),
    path("health/predict/", health.predict, name="predict-health"),
    path("health/models/<uuid:model_id>/", health.model_card, name="model"),
    path("health/assets/<uuid:asset_id>/", health.asset, name="asset-health"),
    path("plans/", maintenance.plans, name="plans"),
    path("plans/new/", maintenance.new_plan, name="new-plan"),
    path("plans/<uuid:plan_id>/", maintenance.plan, name="plan"),
    path("plans/<uuid:plan_id>/approve/", maintenance.approve, name="plan-approve"),
    path("plans/orders/<uuid:order_id>/cancel/", maintenance.cancel_order, name="order-cancel"),
    path("plans/<uuid:plan_id>/reject/", maintenance.reject, name="plan-reject"),
]
