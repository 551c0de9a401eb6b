"""What the domain's rooms offer to the shell: pages of the rail and of the administration, actions, counters, jobs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tenants.custody import erasing, exporting
from tenants.custody.customers import CUSTOMER
from tenants.custody.kinds import register_trash
from tenants.customers.registry import Count, register_count, register_removal
from tenants.domains.registry import register_mail_listener
from tenants.edge.addresses import register_addresses
from tenants.jobs.registry import register_job
from tenants.limits.domain.plans import Meter
from tenants.limits.registry import register_counter, register_customers, register_plan_listener, register_recipients
from tenants.people import sign_ins
from tenants.people.roles import register_role_holders
from tenants.portal.registry import AdminPage, Entry, register_admin_page, register_page
from tenants.record import registry as record_registry
from tenants.record.monitoring import KIND as VERIFY_LOG
from tenants.scope.actors import Permission

ADMINISTER = Permission.ORGANISATION_ADMINISTER


def register_all() -> None:
    """Register everything; called once, when the app is ready."""
    _register_counters()
    register_page(Entry("Overview", "layout-dashboard", "overview", Permission.ORGANISATION_READ))
    register_page(Entry("Admin", "settings", "admin", Permission.ORGANISATION_READ))
    register_job(VERIFY_LOG, "tenants.record.monitoring.verify_log", label="Check of the whole log", is_free=True)
    register_job(exporting.JOB, exporting.write_export, label="Export of data", is_free=True)
    register_job(erasing.JOB, erasing.erase_tenant, label="Erasure of the organisation", is_free=True)
    register_trash(CUSTOMER)
    register_plan_listener("tenants.lifecycle.services.take_up_plan")
    register_plan_listener("tenants.custody.grace.take_up_plan")
    register_removal("tenants.custody.services.put_in_trash")
    register_count(Count("people", _("People"), "tenants.customers.selectors.people_counted"))
    register_role_holders("tenants.keys.selectors.accounts_with_role")
    register_role_holders("tenants.signon.selectors.rules_with_role")
    register_addresses("tenants.domains.hosts.address_of_tenant")
    register_mail_listener("tenants.signon.services.mark_proven_domains")
    sign_ins.listen()
    for page in (
        AdminPage(_("Sites"), "map-pin", "sites", ADMINISTER, "organisation"),
        AdminPage(_("Customers"), "building", "customers", Permission.CONTRACTS_READ, "organisation"),
        AdminPage(_("Branding"), "photo", "branding", ADMINISTER, "organisation"),
        AdminPage(_("Domains"), "world", "domains", ADMINISTER, "organisation"),
        AdminPage(_("Notices"), "bell", "notices", Permission.ORGANISATION_READ, "organisation"),
        AdminPage(_("People"), "users", "people", ADMINISTER, "access"),
        AdminPage(_("Roles"), "user-shield", "roles", ADMINISTER, "access"),
        AdminPage(_("Single sign-on"), "lock", "single-sign-on", ADMINISTER, "access"),
        AdminPage(_("Security"), "shield-lock", "security", ADMINISTER, "access"),
        AdminPage(_("API keys"), "key", "api-keys", ADMINISTER, "access"),
        AdminPage(_("Support"), "help-circle", "support", ADMINISTER, "access"),
        AdminPage(_("Audit"), "list-details", "audit", Permission.AUDIT_READ, "data"),
        AdminPage(_("Log"), "shield-check", "log", Permission.AUDIT_READ, "data"),
        AdminPage(_("Data"), "database", "data", ADMINISTER, "data"),
        AdminPage(_("Trash"), "trash", "trash", Permission.ORGANISATION_OPERATE, "data"),
        AdminPage(_("Agreements"), "gavel", "agreements", ADMINISTER, "organisation"),
        AdminPage(_("Plan and usage"), "gauge", "usage", Permission.ORGANISATION_READ, "money"),
    ):
        register_admin_page(page)


def _register_counters() -> None:
    register_counter("tenants.people.selectors.seats_taken", Meter.SEATS)
    register_counter("tenants.customers.selectors.customers_counted", Meter.CUSTOMERS)
    register_customers("tenants.customers.selectors.customer_names")
    register_recipients("tenants.people.selectors.owner_addresses")
    record_registry.register_recipients("tenants.people.selectors.owner_addresses")
