from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0020_late_evidence'),
    ]

    operations = [
        migrations.AlterField(
            model_name='payment',
            name='kind',
            field=models.CharField(choices=[('received', 'Received'), ('refunded', 'Paid back'), ('reversed', 'Refund came back'), ('withdrawn', 'Charged back or debit returned'), ('reinstated', 'Chargeback undone'), ('failed', 'Failed'), ('credited', 'Credit note set off')], max_length=10),
        ),
    ]
