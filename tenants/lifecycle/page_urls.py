"""The pages of an organisation's life, below its own address."""

from __future__ import annotations

from django.urls import path

from tenants.lifecycle import agreement_pages, branding_pages, pages

urlpatterns = [
    path("brand.css", branding_pages.style, name="brand-style"),
    path("brand/logo", branding_pages.logo, name="brand-logo"),
    path("admin/agreements/", agreement_pages.agreements, name="agreements"),
    path("admin/agreements/document/", agreement_pages.present, name="agreement-present"),
    path("admin/agreements/<uuid:agreement>/document/", agreement_pages.accepted, name="agreement-accepted"),
    path("admin/branding/", branding_pages.branding, name="branding"),
    path("admin/support/", pages.support_page, name="support"),
    path("admin/support/grant/", pages.grant, name="support-grant"),
    path("admin/support/<uuid:access>/approve/", pages.approve, name="support-approve"),
    path("admin/support/<uuid:access>/revoke/", pages.revoke, name="support-revoke"),
    path("admin/notices/", pages.notices, name="notices"),
    path("admin/notices/mail/", pages.mail, name="notices-mail"),
]
