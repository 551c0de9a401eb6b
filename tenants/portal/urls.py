"""Pages of the shell."""

from __future__ import annotations

from django.urls import include, path

from tenants.portal import audit, jobs, log, pages, roles, sites, timestamps
from tenants.portal.search import search

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("search/", search, name="search"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.cancel, name="job-cancel"),
    path("admin/", pages.administration, name="admin"),
    path("admin/", include("tenants.people.page_urls")),
    path("admin/roles/", roles.all_roles, name="roles"),
    path("admin/roles/new/", roles.new_role, name="new-role"),
    path("admin/roles/<uuid:role_id>/", roles.own_role, name="role"),
    path("admin/roles/<uuid:role_id>/remove/", roles.remove_role, name="role-remove"),
    path("admin/roles/built-in/", roles.built_in_role, name="built-in-role"),
    path("admin/sites/", sites.all_sites, name="sites"),
    path("admin/sites/new/", sites.new_site, name="new-site"),
    path("admin/sites/<uuid:site_id>/", sites.site, name="site"),
    path("admin/sites/<uuid:site_id>/twins/", sites.move, name="site-twins"),
    path("admin/sites/<uuid:site_id>/remove/", sites.remove_site, name="site-remove"),
    path("admin/spaces/<uuid:space_id>/remove/", sites.remove_space, name="space-remove"),
    path("admin/audit/", audit.audit, name="audit"),
    path("admin/audit/verify/", audit.verify, name="audit-verify"),
    path("admin/audit/<uuid:entry_id>/", audit.entry, name="audit-entry"),
    path("admin/log/", log.log, name="log"),
    path("admin/log/key/", log.new_key, name="log-key"),
    path("admin/log/witnesses/new/", log.new_witness, name="new-witness"),
    path("admin/log/witnesses/<uuid:witness>/end/", log.end_witness, name="witness-end"),
    path("admin/log/time-stamps/", timestamps.authority, name="stamp-authority"),
    path("admin/log/time-stamps/end/", timestamps.end_authority, name="stamp-authority-end"),
    path("admin/log/time-stamps/<uuid:stamp>/head.txt", timestamps.stamped_head, name="stamp-head"),
    path("admin/log/time-stamps/<uuid:stamp>/head.tsr", timestamps.stamp_token, name="stamp-token"),
    path("admin/data/", include("tenants.custody.data_urls")),
    path("admin/trash/", include("tenants.custody.trash_urls")),
    path("admin/domains/", include("tenants.domains.page_urls")),
    path("admin/customers/", include("tenants.customers.page_urls")),
    path("admin/keys/", include("tenants.keys.page_urls")),
    path("admin/single-sign-on/", include("tenants.signon.page_urls")),
    path("", include("tenants.lifecycle.page_urls")),
    path("admin/usage/", include("tenants.limits.page_urls")),
]
