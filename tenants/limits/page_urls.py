"""Addresses of the pages of limits, below ``admin/usage/``."""

from __future__ import annotations

from django.urls import path

from tenants.limits import pages

urlpatterns = [
    path("", pages.usage, name="usage"),
    path("shares/", pages.share, name="usage-share"),
    path("plans/", pages.plans, name="usage-plans"),
]
