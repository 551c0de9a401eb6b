"""The pages of the organisation's data, below ``admin/data/``."""

from __future__ import annotations

from django.urls import path

from tenants.custody import pages

urlpatterns = [
    path("", pages.data, name="data"),
    path("exports/new/", pages.ask_for_export, name="new-export"),
    path("exports/<uuid:export>/archive/", pages.archive, name="export-archive"),
    path("exports/<uuid:export>/remove/", pages.remove, name="export-remove"),
    path("retention/", pages.retention, name="retention"),
    path("retention/drops/", pages.drops, name="retention-drops"),
    path("people/erase/", pages.erase_somebody, name="person-erase"),
    path("certificates/<uuid:certificate>/", pages.certificate, name="certificate"),
    path("erase/", pages.erase, name="erase-organisation"),
    path("erase/back/", pages.take_back, name="erasure-take-back"),
]
