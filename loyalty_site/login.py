"""How staff log in: name and password, and the code of a second factor where settings.LOYALTY_TOTP asks for one."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_otp import devices_for_user
from django_otp.forms import OTPAuthenticationFormMixin
from unfold.forms import AuthenticationForm
from unfold.widgets import INPUT_CLASSES

NO_DEVICE = _("You have no second factor yet. Ask an admin to enrol your device, then log in again.")


class StaffLoginForm(OTPAuthenticationFormMixin, AuthenticationForm):
    """The code is asked for together with the password; who has several devices chooses one after the password."""

    otp_token = forms.CharField(
        label=_("code of your second factor"),
        required=False,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "class": " ".join(INPUT_CLASSES)}
        ),
    )
    otp_device = forms.CharField(label=_("device"), required=False, widget=forms.Select)

    otp_error_messages = OTPAuthenticationFormMixin.otp_error_messages | {
        "token_required": _("Enter the code that your second factor shows."),
        "device_required": _("Choose the device whose code you entered, and enter password and code again."),
        "invalid_token": _("This code is not valid, or was used already. Wait for the next one."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.LOYALTY_TOTP:
            del self.fields["otp_token"], self.fields["otp_device"]

    @property
    def asked(self) -> list[Any]:
        """The fields to draw: a device is chosen only by who has several."""
        return [field for field in self.visible_fields() if field.name != "otp_device" or field.field.widget.choices]

    def clean(self) -> Any:
        given = super().clean()
        if settings.LOYALTY_TOTP:
            self._check_second_factor()
        return given

    def _check_second_factor(self) -> None:
        user = self.get_user()
        devices = list(devices_for_user(user)) if user is not None else []
        if user is not None and not devices:
            raise ValidationError(NO_DEVICE, code="no_device")
        if len(devices) == 1:
            self.cleaned_data["otp_device"] = devices[0].persistent_id
        try:
            self.clean_otp(user)
        finally:
            # The page never carries the password back.
            self.fields["password"].widget.render_value = False
            if len(devices) < 2:
                self.fields["otp_device"].widget.choices = []
