from django.apps import AppConfig

from common import lookups, timestamps


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Common ground"

    def ready(self) -> None:
        lookups.register()
        timestamps.register()
