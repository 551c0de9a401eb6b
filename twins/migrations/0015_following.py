import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.conf import settings
from django.db import migrations, models

# The follower asks in one query which tenants have something new for which step; no scope of a tenant could.
INGEST = settings.INGEST_DATABASE["USER"]


class Migration(migrations.Migration):
    dependencies = [("twins", "0014_quality")]

    operations = [
        migrations.CreateModel(
            name='Watermark',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('step', models.CharField(max_length=64)),
                ('upto', models.BigIntegerField(default=0)),
                ('wanted_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'step'), name='watermark_per_step')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.RunSQL([f'GRANT SELECT ON TABLE twins_watermark TO "{INGEST}"'], migrations.RunSQL.noop),
    ]
