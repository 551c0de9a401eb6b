"""Every model of the domain, where Django looks for them."""

from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.invoices.models import (
    BillingProfile,
    Invoice,
    InvoiceSeries,
    LedgerEntry,
    LedgerLeg,
    LegalEntity,
    VatRate,
)
from billing.outcomes.models import AssumedEvidence, Exclusion, ExclusionDecision, OutcomeRun
from billing.payments.models import Payment, PaymentSettings, ProviderEvent, ProviderInvoice, ProviderStep
from billing.reports.models import Report
from billing.statements.models import Adjustment, ChargedAdjustment, SettlementWait, Statement

__all__ = [
    "Adjustment",
    "AssumedEvidence",
    "BillingProfile",
    "ChargedAdjustment",
    "Contract",
    "ContractAcceptance",
    "ContractVersion",
    "Exclusion",
    "ExclusionDecision",
    "Invoice",
    "InvoiceSeries",
    "LedgerEntry",
    "LedgerLeg",
    "LegalEntity",
    "OutcomeRun",
    "Payment",
    "PaymentSettings",
    "ProviderEvent",
    "ProviderInvoice",
    "ProviderStep",
    "Report",
    "SettlementWait",
    "Statement",
    "VatRate",
]
