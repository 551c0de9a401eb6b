"""The domain's part of the REST API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from twins.alarms.api import AlarmRuleViewSet, AlarmViewSet
from twins.alarms.performing import PerformanceView
from twins.alarms.telling_api import AlarmChannelViewSet, EscalationChainViewSet, OnCallScheduleViewSet
from twins.catalog.api import AssetTypeViewSet
from twins.catalog.drafts_api import AssetTypeDraftViewSet
from twins.catalog.formulas_api import FormulaViewSet, UnitViewSet
from twins.composer.api import BlueprintViewSet, TwinViewSet
from twins.composer.images_api import CanvasImageViewSet
from twins.composer.promoting_api import PromotionViewSet
from twins.composer.reviewing_api import PublishingRuleView, ReviewViewSet
from twins.composer.versions_api import TwinVersionsViewSet
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
from twins.gateways.keys.api import KeysView, KnownKeysView, NewestView, PatternView, SampleView, SuggestionsView
from twins.gateways.provisioning.api import AuthorityViewSet, ProvisioningKeyViewSet
from twins.gateways.quality_api import SignalQualityView, SubstitutionViewSet, TwinQualityView
from twins.gateways.sparkplug.api import EdgeNodeViewSet
from twins.history.api import AnnotationViewSet, HistoryFileView, HistoryView
from twins.history.files_api import HistoryFileViewSet
from twins.live.api import LatestView
from twins.packs.api import PackViewSet
from twins.sharing.api import SharedViewViewSet
from twins.sharing.history_api import SharedHistoryFileView, SharedHistoryView

router = SimpleRouter(use_regex_path=False)
router.register("twins", TwinViewSet, "twin")
router.register("blueprints", BlueprintViewSet, "blueprint")
router.register("asset-type-drafts", AssetTypeDraftViewSet, "asset-type-draft")
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
router.register("packs", PackViewSet, "pack")
router.register("history-files", HistoryFileViewSet, "history-file-job")
router.register("annotations", AnnotationViewSet, "annotation")

router.register("twin-reviews", ReviewViewSet, "twin-review")

_versions = TwinVersionsViewSet.as_view
urlpatterns = [
    path("canvas-images/", CanvasImageViewSet.as_view({"post": "create"}), name="canvas-image-list"),
    path("canvas-images/<slug:digest>/", CanvasImageViewSet.as_view({"get": "retrieve"}), name="canvas-image-detail"),
    path("twins/<uuid:pk>/compare/", _versions({"get": "compare"}), name="twin-compare"),
    path("twins/<uuid:pk>/publication/", _versions({"get": "preview"}), name="twin-publication"),
    path("twins/<uuid:pk>/versions/<int:version>/name/", _versions({"put": "rename"}), name="twin-version-name"),
    path("twins/<uuid:pk>/rollback/", _versions({"post": "rollback"}), name="twin-rollback"),
    path("twins/<uuid:pk>/draft/reset/", _versions({"post": "reset"}), name="twin-reset"),
    path("twins/<uuid:pk>/asides/", _versions({"get": "asides"}), name="twin-asides"),
    path("twins/<uuid:pk>/asides/<uuid:aside>/return/", _versions({"post": "put_back"}), name="twin-aside-return"),
    path("twins/<uuid:pk>/removed/", _versions({"get": "removed"}), name="twin-removed"),
    path(
        "twins/<uuid:pk>/promotions/",
        PromotionViewSet.as_view({"get": "list", "post": "create"}),
        name="twin-promotion-list",
    ),
    path("twins/<uuid:pk>/promotions/plan/", PromotionViewSet.as_view({"post": "plan"}), name="twin-promotion-plan"),
    path("twin-reviews/<uuid:pk>/decision/", ReviewViewSet.as_view({"post": "decide"}), name="twin-review-decision"),
    path("twin-reviews/<uuid:pk>/withdraw/", ReviewViewSet.as_view({"post": "withdraw"}), name="twin-review-withdraw"),
    path("publishing-rule/", PublishingRuleView.as_view(), name="publishing-rule"),
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
    path("gateway-keys/", KeysView.as_view(), name="gateway-keys"),
    path("gateway-keys/known/", KnownKeysView.as_view(), name="gateway-keys-known"),
    path("gateway-keys/suggestions/", SuggestionsView.as_view(), name="gateway-keys-suggestions"),
    path("gateway-keys/pattern/", PatternView.as_view(), name="gateway-keys-pattern"),
    path("gateway-keys/sample/", SampleView.as_view(), name="gateway-keys-sample"),
    path("gateway-keys/newest/", NewestView.as_view(), name="gateway-keys-newest"),
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
    path(
        "asset-types/<str:ref>/",
        AssetTypeViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="asset-type-detail",
    ),
    *(
        path(f"asset-types/<str:ref>/{name}/", AssetTypeViewSet.as_view({method: name}), name=f"asset-type-{name}")
        for method, name in (
            ("get", "resolved"),
            ("get", "use"),
            ("get", "upgrade"),
            ("post", "deprecate"),
            ("post", "restore"),
        )
    ),
    path("asset-type-drafts/preview/", FormulaViewSet.as_view({"post": "preview"}), name="asset-type-draft-preview"),
    path(
        "asset-type-drafts/vocabulary/",
        FormulaViewSet.as_view({"post": "vocabulary"}),
        name="asset-type-draft-vocabulary",
    ),
    path("units/", UnitViewSet.as_view({"get": "list"}), name="unit-list"),
]
