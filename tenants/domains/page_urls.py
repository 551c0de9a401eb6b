"""The room's pages, below ``admin/domains/`` of an organisation."""

from __future__ import annotations

from django.urls import path

from tenants.domains import pages

urlpatterns = [
    path("", pages.all_domains, name="domains"),
    path("new/", pages.new_domain, name="new-domain"),
    path("<uuid:domain_id>/", pages.one_domain, name="domain"),
    path("<uuid:domain_id>/check/", pages.check, name="domain-check"),
    path("<uuid:domain_id>/edit/", pages.edit_domain, name="domain-edit"),
    path("<uuid:domain_id>/remove/", pages.remove, name="domain-remove"),
]
