from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0002_cancellations_and_lives'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='plan',
            index=models.Index(fields=['tenant', 'made_at', 'id'], name='plan_by_age'),
        ),
        migrations.AddIndex(
            model_name='plan',
            index=models.Index(fields=['tenant', 'start', 'id'], name='plan_by_start'),
        ),
        migrations.AddIndex(
            model_name='plan',
            index=models.Index(fields=['tenant', 'cost_minor', 'id'], name='plan_by_cost'),
        ),
    ]
