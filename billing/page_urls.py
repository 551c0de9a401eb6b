"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from billing.contracts import acceptance_pages as agreed
from billing.contracts import drafting_pages as drafting
from billing.contracts import pages as contracts
from billing.disputes import pages as disputes
from billing.dunning import pages as dunning
from billing.invoices import credit_pages as credits_
from billing.invoices import pages as invoices
from billing.invoices import party_pages as parties
from billing.outcomes import objection_pages as objections
from billing.outcomes import pages as outcomes
from billing.payments import journal_pages
from billing.payments import pages as payments
from billing.plans import account_pages as plan_accounts
from billing.plans import pages as plans
from billing.plans import price_pages as plan_prices
from billing.plans.meters import pages as meters
from billing.reports import link_pages as report_links
from billing.reports import pages as reports
from billing.simulation import pages as simulation
from billing.statements import pages as statements

urlpatterns = [
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/new/", drafting.new_contract, name="new-contract"),
    path("contracts/<slug:contract>/", contracts.contract, name="contract"),
    path("contracts/<slug:contract>/edit/", drafting.edit, name="contract-edit"),
    path("contracts/<slug:contract>/publish/", contracts.publish, name="contract-publish"),
    path("contracts/<slug:contract>/delete/", contracts.delete, name="contract-delete"),
    path("contracts/<slug:contract>/exclusions/", outcomes.exclusions, name="contract-exclusions"),
    path(
        "contracts/<slug:contract>/exclusions/<uuid:exclusion>/decide/",
        outcomes.decide,
        name="contract-exclusion-decide",
    ),
    path(
        "contracts/<slug:contract>/exclusions/<uuid:exclusion>/withdraw/",
        outcomes.withdraw,
        name="contract-exclusion-withdraw",
    ),
    path("contracts/<slug:contract>/simulation/", simulation.simulation, name="contract-simulation"),
    path("contracts/<slug:contract>/simulation/measure/", simulation.measure, name="contract-simulation-measure"),
    path("contracts/<slug:contract>/statements/", reports.contract_statements, name="contract-statements"),
    path("contracts/<slug:contract>/settle/", reports.settle, name="contract-settle"),
    path("agreed/", agreed.agreed_contracts, name="agreed-contracts"),
    path("agreed/<uuid:contract>/", agreed.agreed_contract, name="agreed-contract"),
    path("agreed/<uuid:contract>/accept/", agreed.accept, name="agreed-accept"),
    path("agreed/<uuid:contract>/decline/", agreed.decline, name="agreed-decline"),
    path("agreed/<uuid:contract>/versions/<int:version>.txt", agreed.agreed_text, name="agreed-text"),
    path("agreed/<uuid:contract>/exclusions/", objections.agreed_exclusions, name="agreed-exclusions"),
    path(
        "agreed/<uuid:contract>/exclusions/<uuid:exclusion>/decide/",
        objections.agreed_exclusion_decide,
        name="agreed-exclusion-decide",
    ),
    path("statements/", statements.statements, name="statements"),
    path("statements/<uuid:statement>/", statements.statement, name="statement"),
    path("statements/<uuid:statement>/restate/", reports.restate, name="statement-restate"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/overdue/", dunning.overdue, name="overdue-invoices"),
    path("invoices/<uuid:invoice>/", invoices.invoice, name="invoice"),
    path("invoices/<uuid:invoice>/invoice.xml", invoices.invoice_xml, name="invoice-xml"),
    path("invoices/<uuid:invoice>/invoice.pdf", invoices.invoice_file, name="invoice-pdf"),
    path("invoices/<uuid:invoice>/credit/", credits_.credit, name="invoice-credit"),
    path("invoices/<uuid:invoice>/reminders/pause/", dunning.pause, name="invoice-dunning-pause"),
    path("invoices/<uuid:invoice>/reminders/<uuid:pause>/resume/", dunning.resume, name="invoice-dunning-resume"),
    path("admin/reminders/", dunning.settings, name="dunning-settings"),
    path("admin/journal/", journal_pages.journal, name="journal"),
    path("admin/legal-entities/", parties.entities, name="legal-entities"),
    path("admin/legal-entities/new/", parties.new_entity, name="new-legal-entity"),
    path("admin/legal-entities/<uuid:entity>/", parties.entity, name="legal-entity"),
    path("admin/legal-entities/<uuid:entity>/edit/", parties.edit_entity, name="legal-entity-edit"),
    path("admin/legal-entities/<uuid:entity>/rate/", parties.new_rate, name="legal-entity-rate"),
    path("admin/customers/<uuid:customer>/billing/", parties.edit_profile, name="customer-billing"),
    path("invoices/<uuid:invoice>/payments/new/", payments.record, name="invoice-payment"),
    path("invoices/<uuid:invoice>/set-off/", payments.set_off, name="invoice-set-off"),
    path("payments/<uuid:payment>/refund/", payments.refund, name="payment-refund"),
    path("payments/steps/<uuid:step>/retry/", payments.retry, name="payment-step-retry"),
    path("payments/steps/<uuid:step>/give-up/", payments.give_up, name="payment-step-give-up"),
    path("admin/payments/", payments.settings, name="payment-settings"),
    path("admin/payments/check/", payments.check, name="payment-settings-check"),
    path("admin/payments/meters/", meters.usage_meters, name="usage-meters"),
    path("admin/payments/meters/look/", meters.look_again, name="usage-meters-look"),
    path("admin/payments/meters/take/", meters.take_seen, name="usage-meters-take"),
    path("admin/fees/", plans.fees, name="fees"),
    path("admin/fees/<uuid:invoice>/", plans.plan_invoice, name="plan-invoice"),
    path("admin/fees/<uuid:invoice>/invoice.xml", plans.plan_invoice_xml, name="plan-invoice-xml"),
    path("admin/fees/<uuid:invoice>/invoice.pdf", plans.plan_invoice_file, name="plan-invoice-pdf"),
    path("admin/plan-prices/", plan_prices.plan_prices, name="plan-prices"),
    path("admin/plan-prices/<slug:plan>/", plan_prices.plan_price_history, name="plan-price-history"),
    path("admin/plan-prices/<slug:plan>/new/", plan_prices.new_plan_prices, name="new-plan-prices"),
    path("admin/plan-prices/<slug:plan>/<int:version>/", plan_prices.plan_price, name="plan-price"),
    path("admin/plan-accounts/", plan_accounts.plan_accounts, name="plan-accounts"),
    path("admin/plan-accounts/<uuid:account>/", plan_accounts.plan_account, name="plan-account"),
    path("admin/plan-accounts/<uuid:account>/follow/", plan_accounts.plan_account_follow, name="plan-account-follow"),
    path("admin/plan-accounts/<uuid:account>/usage/", plan_accounts.plan_account_usage, name="plan-account-usage"),
    path(
        "admin/plan-accounts/<uuid:account>/bills/<slug:month>/",
        plan_accounts.plan_account_bill,
        name="plan-account-bill",
    ),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/new/<uuid:statement>/", disputes.new_dispute, name="new-dispute"),
    path("disputes/<uuid:dispute>/", disputes.dispute, name="dispute"),
    path("disputes/<uuid:dispute>/files/<uuid:file>/", disputes.dispute_file, name="dispute-file"),
    path("reports/", reports.reports, name="reports"),
    path("reports/verifier.py", reports.verifier_file, name="report-verifier"),
    path("reports/mails/", reports.report_mails, name="report-mails"),
    path("reports/links/<uuid:link>/revoke/", report_links.revoke, name="report-link-revoke"),
    path("reports/<uuid:report>/", reports.report, name="report"),
    path("reports/<uuid:report>/share/", report_links.share, name="report-share"),
    path("reports/<uuid:report>/<str:kind>", reports.report_file, name="report-file"),
]
