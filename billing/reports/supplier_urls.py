"""The address of a person's own page about all their suppliers, outside any organisation's."""

from __future__ import annotations

from django.urls import path

from billing.reports import supplier_pages

urlpatterns = [path("", supplier_pages.suppliers, name="suppliers")]
