from django.db import migrations

from tenants.scope.actors import PERMISSIONS, Permission
from tenants.scope.context import required_tenant
from tenants.scope.data import for_each_tenant

REPORTS = """
INSERT INTO tenants_letter
    (tenant_id, id, kind, about, "user", customer, facts, written_at, attempts, next_at, sent_at, ended)
SELECT m.tenant_id, m.id, 'report', m.report_id, m."user", r.customer_id, '{}', r.made_at, m.attempts, m.next_at, NULL, ''
FROM billing_reportmail m JOIN billing_report r ON r.tenant_id = m.tenant_id AND r.id = m.report_id
WHERE m.tenant_id = %s AND m.sent_at IS NULL AND m.next_at IS NOT NULL
ON CONFLICT DO NOTHING"""
DISPUTES = """
INSERT INTO tenants_letter
    (tenant_id, id, kind, about, "user", customer, facts, written_at, attempts, next_at, sent_at, ended)
SELECT n.tenant_id, gen_random_uuid(), 'dispute', n.id, p.user_id, p.customer,
    jsonb_build_object('dispute', d.id, 'news', n.news), n.created_at, n.attempts, n.next_at, NULL, ''
FROM billing_disputenotice n
JOIN billing_dispute d ON d.tenant_id = n.tenant_id AND d.id = n.dispute_id
JOIN tenants_membership p ON p.tenant_id = n.tenant_id AND (
    (n.side = 'customer' AND p.customer = d.customer_id)
    OR (n.side = 'provider' AND p.customer IS NULL AND (p.role = ANY (%s) OR p.role IN (
        SELECT o.id::text FROM tenants_customrole o WHERE o.tenant_id = n.tenant_id AND o.permissions ? %s))))
WHERE n.tenant_id = %s AND n.sent_at IS NULL
ON CONFLICT DO NOTHING"""
REFUSED = """
INSERT INTO tenants_refusedletters (tenant_id, id, "user", kind)
SELECT m.tenant_id, m.id, m."user", 'report' FROM billing_reportmuted m WHERE m.tenant_id = %s
ON CONFLICT DO NOTHING"""
JOBS = """
UPDATE tenants_job SET state = 'done', progress = 1, finished_at = now(), lease_until = NULL
WHERE tenant_id = %s AND kind = 'billing.mail_report' AND state IN ('queued', 'running')"""


def move(apps, schema_editor):
    """Have the post room send what waits; the jobs that would have sent it have nothing left to do."""
    tenant, approve = required_tenant('letters'), Permission.CONTRACTS_APPROVE
    roles = [role.value for role, may in PERMISSIONS.items() if approve in may]
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(REPORTS, [tenant])
        cursor.execute(DISPUTES, [roles, approve.value, tenant])
        cursor.execute(REFUSED, [tenant])
        cursor.execute(JOBS, [tenant])


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('billing', '0011_report_links_and_mails'),
        ('tenants', '0019_post'),
    ]

    operations = [
        migrations.RunPython(for_each_tenant(move), migrations.RunPython.noop),
        migrations.DeleteModel(name='DisputeNotice'),
        migrations.DeleteModel(name='ReportMail'),
        migrations.DeleteModel(name='ReportMuted'),
    ]
