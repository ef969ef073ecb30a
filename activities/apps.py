from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "activities"
    verbose_name = "Activities"

    def ready(self) -> None:
        """Stored answers of the online forms are rendered by the function that sent them."""
        from activities.calls import EARN_FORM, REDEEM_FORM, body_of_stored  # noqa: PLC0415 - models first
        from gateway.answers import register_form  # noqa: PLC0415

        for form in (EARN_FORM, REDEEM_FORM):
            register_form(form, body_of_stored)
