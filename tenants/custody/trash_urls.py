"""The pages of the trash, below ``admin/trash/``."""

from __future__ import annotations

from django.urls import path

from tenants.custody import trash_pages

urlpatterns = [
    path("", trash_pages.trash, name="trash"),
    path("<slug:kind>/<uuid:thing>/put/", trash_pages.put, name="trash-put"),
    path("<uuid:item>/restore/", trash_pages.take_out, name="trash-restore"),
]
