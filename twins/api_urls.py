"""The domain's part of the REST API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from twins.catalog.api import AssetTypeViewSet
from twins.composer.api import BlueprintViewSet, TwinViewSet
from twins.evidence.api import EventViewSet, EvidenceView
from twins.gateways.api import GatewayViewSet
from twins.live.api import LatestView
from twins.sharing.api import SharedViewViewSet

router = SimpleRouter(use_regex_path=False)
router.register("twins", TwinViewSet, "twin")
router.register("blueprints", BlueprintViewSet, "blueprint")
router.register("gateways", GatewayViewSet, "gateway")
router.register("events", EventViewSet, "event")
router.register("shared-views", SharedViewViewSet, "shared-view")

urlpatterns = [
    *router.urls,
    path("twins/<uuid:pk>/evidence/", EvidenceView.as_view(), name="twin-evidence"),
    path("twins/<uuid:pk>/latest/", LatestView.as_view(), name="twin-latest"),
    path("asset-types/", AssetTypeViewSet.as_view({"get": "list", "post": "create"}), name="asset-type-list"),
    path("asset-types/<str:ref>/", AssetTypeViewSet.as_view({"get": "retrieve"}), name="asset-type-detail"),
]
