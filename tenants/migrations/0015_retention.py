from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0014_domains'),
    ]

    operations = [
        migrations.AddField('retentionpolicy', 'allowed_days', models.PositiveIntegerField(editable=False, null=True)),
        migrations.AddField('retentionpolicy', 'plan_days', models.PositiveIntegerField(editable=False, null=True)),
        migrations.AddField('retentionpolicy', 'grace_until', models.DateTimeField(editable=False, null=True)),
        migrations.AddField('retentionpolicy', 'gone_before', models.DateTimeField(editable=False, null=True)),
        migrations.AddField('trashitem', 'begun_at', models.DateTimeField(editable=False, null=True)),
    ]
