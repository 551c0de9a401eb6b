from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0017_why_a_bill_waits'),
    ]

    operations = [
        migrations.AddField(
            model_name='legalentity',
            name='account',
            field=models.CharField(blank=True, default='', max_length=34),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='legalentity',
            name='bank',
            field=models.CharField(blank=True, default='', max_length=20),
            preserve_default=False,
        ),
    ]
