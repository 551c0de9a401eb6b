from django.db import migrations, models

PRESENT = models.Q(trashed_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_trash'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='contract',
            index=models.Index(condition=PRESENT, fields=['tenant', 'title', 'id'], name='contract_by_title'),
        ),
        migrations.AddIndex(
            model_name='contract',
            index=models.Index(condition=PRESENT, fields=['tenant', 'updated_at', 'id'], name='contract_by_change'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['tenant', 'issued_on', 'id'], name='invoice_by_issue'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['tenant', 'due_on', 'id'], name='invoice_by_due'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['tenant', 'gross_minor', 'id'], name='invoice_by_gross'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['tenant', 'made_at', 'id'], name='report_by_age'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['tenant', 'period_start', 'id'], name='statement_by_period'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['tenant', 'sealed_at', 'id'], name='statement_by_age'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['tenant', 'total_minor', 'id'], name='statement_by_total'),
        ),
    ]
