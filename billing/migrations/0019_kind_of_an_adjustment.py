from django.db import migrations, models

import tenants.scope.models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0018_bank_account_of_an_entity'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='adjustment',
            name='one_adjustment_per_clause',
        ),
        migrations.AddField(
            model_name='adjustment',
            name='kind',
            field=models.CharField(default='', max_length=6),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'statement', 'kind', 'clause'), name='one_adjustment_per_clause'),
        ),
    ]
