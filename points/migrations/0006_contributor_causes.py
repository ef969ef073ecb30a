import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('points', '0005_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='lotcontributorchange',
            name='cause_id',
            field=models.BigIntegerField(default=0, verbose_name='cause id'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='lotcontributorchange',
            name='cause_kind',
            field=models.CharField(default='change', max_length=12, verbose_name='cause'),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='lotcontributorchange',
            name='posting',
            field=models.ForeignKey(help_text='None where everything was left behind, so that nothing moved.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contributor_changes', to='points.posting'),
        ),
        migrations.AddIndex(
            model_name='lotcontributorchange',
            index=models.Index(fields=['cause_kind', 'cause_id'], name='contributor_change_cause'),
        ),
    ]
