"""The domain's part of the REST API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from twins.alarms.api import AlarmRuleViewSet, AlarmViewSet
from twins.alarms.performing import PerformanceView
from twins.alarms.telling_api import AlarmChannelViewSet, EscalationChainViewSet, OnCallScheduleViewSet
from twins.catalog.api import AssetTypeViewSet
from twins.composer.api import BlueprintViewSet, TwinViewSet
from twins.dashboards.api import DashboardViewSet
from twins.evidence.api import EventViewSet, EvidenceView, SiteRecordView
from twins.gateways.api import GatewayViewSet
from twins.gateways.connections.api import ConnectionViewSet
from twins.gateways.edge.platform.api import (
    EdgeConfigurationView,
    EdgeVersionViewSet,
    EdgeView,
    SealViewSet,
    SiteKeyViewSet,
)
from twins.gateways.imports.api import ImportViewSet
from twins.gateways.provisioning.api import AuthorityViewSet, ProvisioningKeyViewSet
from twins.gateways.quality_api import SignalQualityView, SubstitutionViewSet, TwinQualityView
from twins.gateways.sparkplug.api import EdgeNodeViewSet
from twins.history.api import AnnotationViewSet, HistoryFileView, HistoryView
from twins.history.files_api import HistoryFileViewSet
from twins.live.api import LatestView
from twins.sharing.api import SharedViewViewSet
from twins.sharing.history_api import SharedHistoryFileView, SharedHistoryView

router = SimpleRouter(use_regex_path=False)
router.register("twins", TwinViewSet, "twin")
router.register("blueprints", BlueprintViewSet, "blueprint")
router.register("gateways", GatewayViewSet, "gateway")
router.register("connections", ConnectionViewSet, "connection")
router.register("provisioning-keys", ProvisioningKeyViewSet, "provisioning-key")
router.register("authorities", AuthorityViewSet, "authority")
router.register("imports", ImportViewSet, "import")
router.register("events", EventViewSet, "event")
router.register("substitutions", SubstitutionViewSet, "substitution")
router.register("alarms", AlarmViewSet, "alarm")
router.register("alarm-channels", AlarmChannelViewSet, "alarm-channel")
router.register("on-call-schedules", OnCallScheduleViewSet, "on-call-schedule")
router.register("escalation-chains", EscalationChainViewSet, "escalation-chain")
router.register("alarm-rules", AlarmRuleViewSet, "alarm-rule")
router.register("shared-views", SharedViewViewSet, "shared-view")
router.register("dashboards", DashboardViewSet, "dashboard")
router.register("history-files", HistoryFileViewSet, "history-file-job")
router.register("annotations", AnnotationViewSet, "annotation")

urlpatterns = [
    path("alarms/performance/", PerformanceView.as_view(), name="alarm-performance"),
    *router.urls,
    path("twins/<uuid:pk>/evidence/", EvidenceView.as_view(), name="twin-evidence"),
    path("twins/<uuid:pk>/site-records/<slug:digest>/", SiteRecordView.as_view(), name="site-record"),
    path("history/", HistoryView.as_view(), name="history"),
    path("history/file/", HistoryFileView.as_view(), name="history-file"),
    path("shared-views/<uuid:pk>/history/", SharedHistoryView.as_view(), name="shared-view-history"),
    path("shared-views/<uuid:pk>/history/file/", SharedHistoryFileView.as_view(), name="shared-view-history-file"),
    path("twins/<uuid:pk>/quality/", TwinQualityView.as_view(), name="twin-quality"),
    path("twins/<uuid:pk>/quality/<uuid:asset>/<slug:key>/", SignalQualityView.as_view(), name="twin-quality-signal"),
    path("twins/<uuid:pk>/latest/", LatestView.as_view(), name="twin-latest"),
    path(
        "gateways/<uuid:gateway>/edge-nodes/",
        EdgeNodeViewSet.as_view({"get": "list", "post": "create"}),
        name="edge-node-list",
    ),
    path(
        "gateways/<uuid:gateway>/edge-nodes/<uuid:pk>/",
        EdgeNodeViewSet.as_view({"delete": "destroy"}),
        name="edge-node-detail",
    ),
    path("gateways/<uuid:gateway>/edge/", EdgeView.as_view(), name="edge"),
    path("gateways/<uuid:gateway>/edge/configuration/", EdgeConfigurationView.as_view(), name="edge-configuration"),
    path(
        "gateways/<uuid:gateway>/edge/configuration/versions/",
        EdgeVersionViewSet.as_view({"get": "list"}),
        name="edge-version-list",
    ),
    path(
        "gateways/<uuid:gateway>/edge/configuration/versions/<int:number>/",
        EdgeVersionViewSet.as_view({"get": "retrieve"}),
        name="edge-version-detail",
    ),
    path(
        "gateways/<uuid:gateway>/edge/configuration/versions/<int:number>/restore/",
        EdgeVersionViewSet.as_view({"post": "restore"}),
        name="edge-version-restore",
    ),
    path("gateways/<uuid:gateway>/edge/keys/", SiteKeyViewSet.as_view({"get": "list"}), name="site-key-list"),
    path(
        "gateways/<uuid:gateway>/edge/keys/<uuid:pk>/approve/",
        SiteKeyViewSet.as_view({"post": "approve"}),
        name="site-key-approve",
    ),
    path("gateways/<uuid:gateway>/edge/seals/", SealViewSet.as_view({"get": "list"}), name="seal-list"),
    path(
        "gateways/<uuid:gateway>/edge/seals/<int:sequence>/body/",
        SealViewSet.as_view({"get": "body"}),
        name="seal-body",
    ),
    path("asset-types/", AssetTypeViewSet.as_view({"get": "list", "post": "create"}), name="asset-type-list"),
    path("asset-types/<str:ref>/", AssetTypeViewSet.as_view({"get": "retrieve"}), name="asset-type-detail"),
]
