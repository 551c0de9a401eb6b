"""Pages of the shell."""

from __future__ import annotations

from django.urls import path

from tenants.portal import admin, jobs, pages
from tenants.portal.search import search

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("search/", search, name="search"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.cancel, name="job-cancel"),
    path("admin/people/", admin.people, name="people"),
    path("admin/keys/", admin.api_keys, name="api-keys"),
    path("admin/keys/<uuid:key_id>/withdraw/", admin.withdraw_key, name="api-key-withdraw"),
]
