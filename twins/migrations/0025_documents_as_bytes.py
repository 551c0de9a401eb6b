from django.db import migrations

import tenants.scope.documents

# What is there becomes the text of its JSON, which the column's readers know from what is compressed. The table is
# written anew by one statement, past the trigger that refuses changes of its rows.
BYTES = 'ALTER TABLE "%s" ALTER COLUMN document TYPE bytea USING convert_to(document::text, \'UTF8\')'
JSON = 'ALTER TABLE "%s" ALTER COLUMN document TYPE jsonb USING convert_from(document, \'UTF8\')::jsonb'
MODELS = ('evidencesegment', 'siterecord')


class Migration(migrations.Migration):
    dependencies = [('twins', '0024_keys')]

    operations = [
        migrations.RunSQL(
            BYTES % f'twins_{model}',
            JSON % f'twins_{model}',
            state_operations=[
                migrations.AlterField(model, 'document', tenants.scope.documents.DocumentField())
            ],
        )
        for model in MODELS
    ] + [
        migrations.RunPython(
            migrations.RunPython.noop,
            tenants.scope.documents.unpacked([f'twins_{model}' for model in MODELS]),
        )
    ]
