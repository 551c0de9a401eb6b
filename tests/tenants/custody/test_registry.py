"""Every table of a tenant has a class, and what is kept when a tenant is erased was decided by people."""

from __future__ import annotations

from tenants.custody.registry import custody_of, key_columns, references, shared_tables, tenant_tables
from tenants.scope.tables import AppendOnly, Custody

REVIEWED = {
    Custody.MONEY: {
        "billing_adjustment", "billing_chargedadjustment", "billing_contractacceptance", "billing_contractversion",
        "billing_correction", "billing_dispute", "billing_disputedecision", "billing_disputefile",
        "billing_disputemessage", "billing_dunningnotice", "billing_exclusion", "billing_exclusiondecision",
        "billing_invoice", "billing_invoiceseries", "billing_ledgerentry", "billing_ledgerleg", "billing_legalentity",
        "billing_outcomerun", "billing_payment", "billing_planaccount", "billing_planbill", "billing_planinvoice",
        "billing_planprice", "billing_planterm", "billing_usageevent",
        "billing_providerinvoice", "billing_providerstep", "billing_report", "billing_statement", "billing_vatrate",
        "tenants_agreement", "tenants_auditentry", "tenants_certificate", "tenants_cosignature",
        "tenants_keyhandover", "tenants_log", "tenants_logleaf", "tenants_lognode", "tenants_treehead",
        "tenants_headstamp", "tenants_witness", "twins_evidencesegment", "twins_siterecord",
    },
    Custody.REFERRED: {"billing_contract", "tenants_customer", "twins_twin"},
    Custody.READING: {"twins_readinglog", "twins_chunk", "twins_rollup", "twins_sealedbatch"},
}  # fmt: skip


def test_what_is_kept_was_reviewed() -> None:
    for custody, tables in REVIEWED.items():
        assert {model._meta.db_table for model in tenant_tables() if custody_of(model) == custody} == tables


def test_whatever_a_kept_row_names_may_be_kept_too() -> None:
    staying = {Custody.MONEY, Custody.REFERRED}
    assert [
        f"{each.table._meta.db_table}.{each.column}"
        for each in references()
        if custody_of(each.table) in staying
        and custody_of(each.target) not in staying
        and each.column not in each.table.emptied
    ] == []


def test_rows_that_stay_emptied_can_be_changed() -> None:
    assert not [model for model in tenant_tables() if model.emptied and issubclass(model, AppendOnly)]


def test_a_table_comes_before_those_it_refers_to() -> None:
    order = {model: at for at, model in enumerate(tenant_tables())}
    assert all(order[each.table] < order[each.target] for each in references() if each.table is not each.target)


def test_keys_leave_the_tenant_out() -> None:
    keys = {model._meta.db_table: key_columns(model) for model in tenant_tables()}
    assert keys["twins_chunk"] == ["signal", "start"]
    assert keys["tenants_job"] == ["id"]
    assert keys["twins_commitcount"] == ["tenant_id"]


def test_shared_tables_are_found_by_what_they_refer_to() -> None:
    found = {model._meta.db_table for model, _ in shared_tables()}
    assert {"tenants_membership", "tenants_keydigest", "tenants_jobticket", "twins_gatewaytoken"} <= found
