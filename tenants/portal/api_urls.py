"""The domain's part of the REST API."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from tenants.jobs.api import JobViewSet
from tenants.keys.api import KeyViewSet

router = SimpleRouter(use_regex_path=False)
router.register("jobs", JobViewSet, "job")
router.register("keys", KeyViewSet, "key")
urlpatterns = router.urls
