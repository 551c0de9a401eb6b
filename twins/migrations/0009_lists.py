from django.db import migrations, models

PRESENT = models.Q(trashed_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ('twins', '0008_what_is_counted'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='gateway',
            index=models.Index(condition=PRESENT, fields=['tenant', 'created_at', 'id'], name='gateway_by_age'),
        ),
        migrations.AddIndex(
            model_name='twin',
            index=models.Index(condition=PRESENT, fields=['tenant', 'name', 'id'], name='twin_by_name'),
        ),
        migrations.AddIndex(
            model_name='twin',
            index=models.Index(condition=PRESENT, fields=['tenant', 'updated_at', 'id'], name='twin_by_change'),
        ),
    ]
