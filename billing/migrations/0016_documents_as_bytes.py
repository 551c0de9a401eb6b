from django.db import migrations

import tenants.scope.documents

# What is there becomes the text of its JSON, which the column's readers know from what is compressed. The table is
# written anew by one statement, past the trigger that refuses changes of its rows.
BYTES = 'ALTER TABLE "%s" ALTER COLUMN document TYPE bytea USING convert_to(document::text, \'UTF8\')'
JSON = 'ALTER TABLE "%s" ALTER COLUMN document TYPE jsonb USING convert_from(document, \'UTF8\')::jsonb'
MODELS = ('assumedevidence', 'outcomerun')


class Migration(migrations.Migration):
    dependencies = [('billing', '0015_stripe_meters')]

    operations = [
        migrations.RunSQL(
            BYTES % f'billing_{model}',
            JSON % f'billing_{model}',
            state_operations=[
                migrations.AlterField(model, 'document', tenants.scope.documents.DocumentField())
            ],
        )
        for model in MODELS
    ] + [
        migrations.RunPython(
            migrations.RunPython.noop,
            tenants.scope.documents.unpacked([f'billing_{model}' for model in MODELS]),
        )
    ]
