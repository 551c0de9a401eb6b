"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from twins.catalog import pages as catalog
from twins.composer import pages as composer
from twins.evidence import pages as evidence
from twins.gateways import pages as gateways
from twins.live import pages as live
from twins.sharing import admin_pages as sharing_admin
from twins.sharing import pages as sharing

urlpatterns = [
    path("catalogue/", catalog.catalogue, name="catalogue"),
    path("catalogue/<str:ref>/", catalog.asset_type, name="asset-type"),
    path("gateways/", gateways.gateways, name="gateways"),
    path("gateways/new/", gateways.new_gateway, name="new-gateway"),
    path("gateways/<uuid:gateway>/", gateways.gateway, name="gateway"),
    path("gateways/<uuid:gateway>/arriving/", gateways.arriving, name="gateway-arriving"),
    path("gateways/<uuid:gateway>/disable/", gateways.disable, name="gateway-disable"),
    path("gateways/<uuid:gateway>/rotate/", gateways.rotate, name="gateway-rotate"),
    path("assets/", sharing.assets, name="assets"),
    path("assets/<uuid:view>/", sharing.shared_view, name="shared-view"),
    path("assets/<uuid:view>/values/", sharing.shared_values, name="shared-values"),
    path("assets/<uuid:view>/<uuid:asset>/<slug:key>/", sharing.shared_signal, name="shared-signal"),
    path("admin/customers/<uuid:customer>/share/", sharing_admin.share, name="share"),
    path("admin/customers/shared/<uuid:view>/revoke/", sharing_admin.revoke, name="shared-view-revoke"),
    path("twins/", composer.twins, name="twins"),
    path("twins/new/", composer.new_twin, name="new-twin"),
    path("twins/<slug:twin>/", live.fleet, name="fleet"),
    path("twins/<slug:twin>/canvas/", composer.canvas, name="canvas"),
    path("twins/<slug:twin>/evidence/", evidence.evidence, name="evidence"),
]
