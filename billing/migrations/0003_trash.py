import tenants.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0002_withdrawals'),
    ]

    operations = [
        migrations.AddField(
            model_name='contract',
            name='trashed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(
            model_name='contract',
            name='contract_slug_per_tenant',
        ),
        migrations.AddConstraint(
            model_name='contract',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None)), fields=('tenant', 'slug'), name='contract_slug_per_tenant'),
        ),
    ]
