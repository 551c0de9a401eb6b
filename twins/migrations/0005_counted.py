import django.db.models.deletion
import tenants.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_limits'),
        ('twins', '0004_trash'),
    ]

    operations = [
        migrations.AddField('twin', 'asset_count', models.PositiveIntegerField(default=0)),
        migrations.AddField('twin', 'signal_count', models.PositiveIntegerField(default=0)),
        migrations.AddField('gateway', 'customer', tenants.scope.models.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.customer')),
        migrations.AddField('gatewaytoken', 'customer', models.UUIDField(null=True)),
    ]
