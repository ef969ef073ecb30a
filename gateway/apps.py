from django.apps import AppConfig
from django.db.models.signals import post_migrate


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Channels and events"

    def ready(self) -> None:
        # Models can't be imported before the apps are ready.
        from gateway.channels import make_built_in_channels

        post_migrate.connect(make_built_in_channels, sender=self, dispatch_uid="built-in channels")
