from django.db import migrations

from tenants.scope.context import required_tenant
from tenants.scope.data import for_each_tenant

ACCOUNTS = """
INSERT INTO tenants_serviceaccount (tenant_id, id, name, purpose, role, permissions, is_held, created_by, created_at)
SELECT tenant_id, id, name, '', role, '[]', false, '', created_at FROM tenants_apikey
WHERE tenant_id = %s AND account_id IS NULL
ON CONFLICT DO NOTHING"""
KEYS = "UPDATE tenants_apikey SET account_id = id WHERE tenant_id = %s AND account_id IS NULL"


def an_account_for_each_key(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for statement in (ACCOUNTS, KEYS):
            cursor.execute(statement, [required_tenant('an account')])


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('tenants', '0010_lifecycle'),
    ]

    operations = [
        migrations.RunPython(for_each_tenant(an_account_for_each_key), migrations.RunPython.noop),
    ]
