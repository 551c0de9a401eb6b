"""The app of this domain."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """WORTH: contracts, outcomes, simulation, statements, disputes, invoices, payments, dunning, reports, plans."""

    name = "billing"

    def ready(self) -> None:
        """Register the domain's pages, jobs and figures, and what is found in it."""
        from billing.contracts.trash import CONTRACT, published, under_contract  # noqa: PLC0415
        from billing.disputes.registry import register_decided  # noqa: PLC0415
        from billing.invoices.registry import register_issued  # noqa: PLC0415
        from tenants.custody.holds import register_holder  # noqa: PLC0415
        from tenants.custody.kinds import register_objection, register_trash  # noqa: PLC0415
        from tenants.customers.registry import Count, Panel, register_count, register_panel  # noqa: PLC0415
        from tenants.limits.registry import register_plan_listener  # noqa: PLC0415
        from tenants.portal.overview import register_tiles  # noqa: PLC0415
        from tenants.portal.search import Action, register_action, register_finder  # noqa: PLC0415
        from tenants.scope.actors import Permission  # noqa: PLC0415
        from tenants.scope.sealed import register_sealed  # noqa: PLC0415
        from twins.composer.effects import register_effects  # noqa: PLC0415
        from twins.packs.registry import register_figures  # noqa: PLC0415

        register_effects("billing.contracts.publishing.effects", Permission.CONTRACTS_READ)
        register_figures("billing.contracts.templates.faults_in_figures")
        register_trash(CONTRACT)
        register_objection("contract", published)
        register_objection("twin", under_contract)
        register_objection("customer", under_contract)
        _register_contracts()
        register_decided("billing.reports.tasks.follow_decision")
        register_issued("billing.payments.services.follow_issue")
        register_sealed("payment_secrets", "billing.payments.choosing.reseal_payment_secrets")
        register_holder("billing.statements.holds.money_holds")
        register_plan_listener("billing.plans.following.note_plan")
        _register_pages()
        _register_jobs()
        _register_letters()
        _register_meters()
        register_tiles("billing.reports.tiles.billing_tiles", needs=Permission.MONEY_READ)
        register_count(Count("contracts", "Contracts", "billing.contracts.selectors.contracts_counted"))
        register_panel(
            Panel("contracts", "contracts/panel.html", "billing.contracts.panel.panel", Permission.CONTRACTS_READ)
        )
        register_panel(
            Panel("billing", "invoices/panel.html", "billing.invoices.party_pages.panel", Permission.MONEY_READ)
        )
        register_action(Action("New contract", "new-contract", Permission.CONTRACTS_EDIT))
        register_finder("Contract", "billing.contracts.search.find_contracts", needs=Permission.CONTRACTS_READ)
        register_finder("Customer", "billing.contracts.search.find_customers", needs=Permission.CONTRACTS_READ)
        register_finder("Invoice", "billing.reports.search.find_invoices", needs=Permission.MONEY_READ)
        register_finder("Report", "billing.reports.search.find_reports", needs=Permission.REPORTS_READ)


def _register_contracts() -> None:
    from billing.contracts.registry import register_agreed, register_settled  # noqa: PLC0415

    register_settled("billing.statements.selectors.settled_periods")
    register_agreed("billing.invoices.services.follow_agreement")


def _register_pages() -> None:
    from billing.plans.operating import is_operator  # noqa: PLC0415
    from tenants.portal.registry import (  # noqa: PLC0415
        AdminPage,
        Entry,
        PersonalPage,
        register_admin_page,
        register_page,
        register_personal_page,
    )
    from tenants.scope.actors import Permission, Role  # noqa: PLC0415

    register_personal_page(PersonalPage(_("Your suppliers"), "building", "suppliers", Role.CUSTOMER))
    register_page(Entry("Contracts", "writing", "contracts", Permission.CONTRACTS_READ))
    register_page(Entry("Contracts", "writing", "agreed-contracts", Permission.REPORTS_READ, for_customers=True))
    register_admin_page(AdminPage(_("Invoices"), "file-invoice", "invoices", Permission.MONEY_READ, "money"))
    register_admin_page(AdminPage(_("Legal entities"), "building", "legal-entities", Permission.MONEY_READ, "money"))
    register_admin_page(AdminPage(_("Journal"), "file-text", "journal", Permission.MONEY_READ, "money"))
    register_admin_page(
        AdminPage(_("Payments"), "credit-card", "payment-settings", Permission.ORGANISATION_ADMINISTER, "money")
    )
    register_admin_page(AdminPage(_("Payment reminders"), "bell", "dunning-settings", Permission.MONEY_BILL, "money"))
    register_admin_page(AdminPage(_("Fees"), "receipt", "fees", Permission.ORGANISATION_BILL, "money"))
    for label, icon, view in (
        (_("Plans and prices"), "cash", "plan-prices"), (_("Accounts"), "users", "plan-accounts"),
    ):  # fmt: skip
        register_admin_page(AdminPage(label, icon, view, Permission.MONEY_READ, "platform", shown=is_operator))
    register_page(Entry("Statements", "receipt", "statements", Permission.MONEY_READ))
    register_page(Entry("Reports", "file-certificate", "reports", Permission.REPORTS_READ))
    register_page(Entry("Disputes", "messages", "disputes", Permission.REPORTS_READ))


def _register_jobs() -> None:
    from billing.reports import tasks  # noqa: PLC0415
    from billing.reports.due import SETTLE_DUE  # noqa: PLC0415
    from billing.reports.restating import RESTATE_LATE  # noqa: PLC0415
    from billing.simulation.schemas import SIMULATE  # noqa: PLC0415
    from tenants.jobs.registry import register_job  # noqa: PLC0415

    register_job(tasks.SETTLE, tasks.settle_month, label="Settle a month")
    register_job(SETTLE_DUE, tasks.settle_due_month, label="Settle a month that is due", is_free=True)
    register_job(tasks.RESTATE, tasks.restate_statement_period, label="Restate a period")
    register_job(RESTATE_LATE, tasks.restate_on_late_evidence, label="Restate a period on late evidence", is_free=True)
    register_job(SIMULATE, "billing.simulation.tasks.simulate_contract", label="Simulate a contract")


def _register_meters() -> None:
    from billing.payments.registry import SettingsPart, register_settings_part  # noqa: PLC0415
    from tenants.scope.sealed import register_sealed  # noqa: PLC0415

    register_sealed("meter_secrets", "billing.plans.meters.choosing.reseal_meter_secret")
    register_settings_part(SettingsPart("plans/_meters_part.html", "billing.plans.meters.panel.panel"))


def _register_letters() -> None:
    from billing.disputes.telling import DISPUTE  # noqa: PLC0415
    from billing.dunning.letters import DUNNING  # noqa: PLC0415
    from billing.reports.due import WAIT  # noqa: PLC0415
    from billing.reports.mails import REPORT  # noqa: PLC0415
    from billing.reports.restating import LATE  # noqa: PLC0415
    from tenants.post.registry import register_letter  # noqa: PLC0415

    for kind in (REPORT, DISPUTE, DUNNING, WAIT, LATE):
        register_letter(kind)
