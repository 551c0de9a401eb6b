from django.db import migrations

from tenants.scope.context import required_tenant
from tenants.scope.data import for_each_tenant

COUNT = """
UPDATE twins_twin t SET
    asset_count = (SELECT count(*) FROM jsonb_object_keys(coalesce(v.document -> 'assets', '{}'))),
    signal_count = (SELECT count(*) FROM jsonb_object_keys(coalesce(v.document -> 'bindings', '{}')))
FROM twins_twinversion v
WHERE t.tenant_id = %s AND v.tenant_id = t.tenant_id AND v.twin_id = t.id AND v.version = t.published"""


def count(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(COUNT, [required_tenant('a count')])


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('twins', '0007_sharing'),
    ]

    operations = [
        migrations.RunPython(for_each_tenant(count), migrations.RunPython.noop),
    ]
