"""The room's pages, below ``admin/customers/`` of an organisation."""

from __future__ import annotations

from django.urls import path

from tenants.customers import pages

urlpatterns = [
    path("", pages.customers, name="customers"),
    path("new/", pages.new_customer, name="new-customer"),
    path("<uuid:customer>/", pages.customer, name="customer"),
    path("<uuid:customer>/edit/", pages.edit_customer, name="customer-edit"),
    path("<uuid:customer>/invite/", pages.invite_person, name="customer-invite"),
    path("<uuid:customer>/remove/", pages.remove, name="customer-remove"),
]
