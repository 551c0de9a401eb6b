"""The room's pages, below ``admin/keys/`` of an organisation."""

from __future__ import annotations

from django.urls import path

from tenants.keys import pages

urlpatterns = [
    path("", pages.api_keys, name="api-keys"),
    path("<uuid:key>/rotate/", pages.rotate_key, name="api-key-rotate"),
    path("<uuid:key>/revoke/", pages.revoke_key, name="api-key-revoke"),
    path("accounts/", pages.service_accounts, name="service-accounts"),
    path("accounts/new/", pages.new_account, name="new-service-account"),
    path("accounts/<uuid:account>/", pages.service_account, name="service-account"),
    path("accounts/<uuid:account>/edit/", pages.edit_account, name="service-account-edit"),
    path("accounts/<uuid:account>/disable/", pages.disable_account, name="service-account-disable"),
    path("accounts/<uuid:account>/enable/", pages.enable_account, name="service-account-enable"),
    path("accounts/<uuid:account>/keys/new/", pages.new_key, name="new-api-key"),
]
