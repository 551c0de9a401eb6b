"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """NEXT: health, plans."""

    name = "analytics"

    def ready(self) -> None:
        """Register the domain's jobs, pages, actions and figures."""
        from analytics.health.services import PREDICT_JOB, TRAIN_JOB  # noqa: PLC0415
        from analytics.maintenance.services import PLAN_JOB  # noqa: PLC0415
        from tenants.jobs.registry import register_job  # noqa: PLC0415
        from tenants.portal.overview import register_tiles  # noqa: PLC0415
        from tenants.portal.registry import Entry, register_page  # noqa: PLC0415
        from tenants.portal.search import Action, register_action  # noqa: PLC0415
        from tenants.scope.actors import Permission  # noqa: PLC0415

        register_job(TRAIN_JOB, "analytics.health.jobs.train_health_model", label="Train a health model")
        register_job(PREDICT_JOB, "analytics.health.jobs.predict_health", label="Predict remaining life")
        register_job(PLAN_JOB, "analytics.maintenance.jobs.plan_shop_visits", label="Plan shop visits")
        register_page(Entry("Health", "heart-rate-monitor", "health", Permission.HEALTH_READ))
        register_page(Entry("Plans", "calendar-event", "plans", Permission.PLANS_READ))
        register_tiles("analytics.health.pages.tiles", needs=Permission.HEALTH_READ)
        register_tiles("analytics.maintenance.pages.tiles", needs=Permission.PLANS_READ)
        register_action(Action("New plan", "new-plan", Permission.PLANS_OPERATE))
        register_action(Action("Train a health model", "train-model", Permission.HEALTH_OPERATE))
        register_action(Action("Predict remaining life", "predict-health", Permission.HEALTH_OPERATE))
