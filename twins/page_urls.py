"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from twins.catalog import pages as catalog
from twins.composer import pages as composer
from twins.evidence import pages as evidence
from twins.gateways import pages as gateways
from twins.live import pages as live

urlpatterns = [
    path("catalogue/", catalog.catalogue, name="catalogue"),
    path("catalogue/<str:ref>/", catalog.asset_type, name="asset-type"),
    path("gateways/", gateways.gateways, name="gateways"),
    path("gateways/new/", gateways.new_gateway, name="new-gateway"),
    path("gateways/<uuid:gateway>/", gateways.gateway, name="gateway"),
    path("gateways/<uuid:gateway>/arriving/", gateways.arriving, name="gateway-arriving"),
    path("gateways/<uuid:gateway>/disable/", gateways.disable, name="gateway-disable"),
    path("gateways/<uuid:gateway>/rotate/", gateways.rotate, name="gateway-rotate"),
    path("twins/", composer.twins, name="twins"),
    path("twins/new/", composer.new_twin, name="new-twin"),
    path("twins/<slug:twin>/", live.fleet, name="fleet"),
    path("twins/<slug:twin>/canvas/", composer.canvas, name="canvas"),
    path("twins/<slug:twin>/evidence/", evidence.evidence, name="evidence"),
]
