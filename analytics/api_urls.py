"""The domain's part of the REST API."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from analytics.health.api import ModelViewSet, PredictionViewSet
from analytics.maintenance.api import PlanViewSet, WorkOrderViewSet

router = SimpleRouter(use_regex_path=False)
router.register("models", ModelViewSet, "model")
router.register("predictions", PredictionViewSet, "prediction")
router.register("plans", PlanViewSet, "plan")
router.register("work-orders", WorkOrderViewSet, "work-order")
urlpatterns = router.urls
