"""Addresses: pages of an organisation under ``/t/<organisation>/``, the REST API under ``/api/v1/``.

The API answers under ``/t/<organisation>/api/v1/`` too, where a browser's session takes the place of a key: the
middleware takes the organisation off before the address is looked up.
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from tenants.custody.pages import erasure_certificate
from tenants.domains.ask import ask
from tenants.lifecycle.console import console
from tenants.lifecycle.pages import dismiss
from tenants.portal import pages

Addresses = list[URLPattern | URLResolver]

api: Addresses = [
    path("", include("tenants.portal.api_urls")),
    path("", include("twins.api_urls")),
    path("", include("billing.api_urls")),
    path("", include("analytics.api_urls")),
]

organisation: Addresses = [
    path("", include("tenants.portal.urls")),
    path("", include("twins.page_urls")),
    path("", include("billing.page_urls")),
    path("", include("analytics.page_urls")),
]

handler400 = "tenants.edge.faults.bad_request"
handler403 = "tenants.edge.faults.forbidden"
handler404 = "tenants.edge.faults.not_found"
handler500 = "tenants.edge.faults.failed"

urlpatterns: Addresses = [
    path("", pages.home, name="home"),
    path("", include("tenants.people.account_urls")),
    path("certificates/<str:token>/", erasure_certificate, name="erasure-certificate"),
    path("notices/<uuid:notice>/dismiss/", dismiss, name="notice-dismiss"),
    path("domains/ask/", ask, name="domain-ask"),
    path("enter/", include("tenants.portal.entrance_urls")),
    path("operators/", console.urls),
    path("sso/", include("tenants.signon.urls")),
    path("reports/", include("billing.reports.supplier_urls")),
    path("shared/reports/", include("billing.reports.urls")),
    path("webhooks/", include("billing.payments.urls")),
    path("webhooks/", include("billing.plans.urls")),
    path("scim/v2/", include("tenants.signon.scim_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]), name="schema"),
    path("api/v1/", include((api, "api"))),
    path("t/<slug:slug>/", include(organisation)),
]
