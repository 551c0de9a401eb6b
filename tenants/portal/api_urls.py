"""The domain's part of the REST API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from tenants.custody.api import ExportViewSet, TrashViewSet
from tenants.custody.retention_api import DropsView, RetentionView
from tenants.customers.api import CustomerViewSet
from tenants.domains.api import DomainViewSet
from tenants.jobs.api import JobViewSet
from tenants.keys.api import AccountViewSet, KeyViewSet
from tenants.limits.api import PlanView, ShareView, UsageView
from tenants.people.access_api import PlacementViewSet, RoleViewSet, SiteViewSet, SpaceViewSet
from tenants.people.api import CheckPermissionsView, InvitationViewSet, MemberViewSet
from tenants.record.api import AuditViewSet, CosignaturesView, HeadStampViewSet, HeadView

router = SimpleRouter(use_regex_path=False)
router.register("audit", AuditViewSet, "audit")
router.register("customers", CustomerViewSet, "customer")
router.register("domains", DomainViewSet, "domain")
router.register("jobs", JobViewSet, "job")
router.register("exports", ExportViewSet, "export")
router.register("trash", TrashViewSet, "trash")
router.register("invitations", InvitationViewSet, "invitation")
router.register("keys", KeyViewSet, "key")
router.register("log/time-stamps", HeadStampViewSet, "log-time-stamp")
router.register("members", MemberViewSet, "member")
router.register("placements", PlacementViewSet, "placement")
router.register("roles", RoleViewSet, "role")
router.register("service-accounts", AccountViewSet, "service-account")
router.register("sites", SiteViewSet, "site")
router.register("spaces", SpaceViewSet, "space")
urlpatterns = [
    *router.urls,
    path("check-permissions/", CheckPermissionsView.as_view(), name="check-permissions"),
    path("log/head/", HeadView.as_view(), name="log-head"),
    path("log/cosignatures/", CosignaturesView.as_view(), name="log-cosignatures"),
    path("usage/", UsageView.as_view(), name="usage"),
    path("usage/shares/", ShareView.as_view(), name="usage-shares"),
    path("plan/", PlanView.as_view(), name="organisation-plan"),
    path("retention/", RetentionView.as_view(), name="retention"),
    path("retention/preview/", DropsView.as_view(), name="retention-preview"),
]
