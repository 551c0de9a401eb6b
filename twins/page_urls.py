"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from twins.catalog import pages as catalog
from twins.composer import pages as composer
from twins.live import pages as live

urlpatterns = [
    path("catalogue/", catalog.catalogue, name="catalogue"),
    path("catalogue/<str:ref>/", catalog.asset_type, name="asset-type"),
    path("twins/", composer.twins, name="twins"),
    path("twins/new/", composer.new_twin, name="new-twin"),
    path("twins/<slug:twin>/", live.fleet, name="fleet"),
    path("twins/<slug:twin>/canvas/", composer.canvas, name="canvas"),
]
