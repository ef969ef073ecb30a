"""/desk/confirm-password: who sits at the desk gives the password again."""

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from common.desk.pages import DeskPage
from common.desk.ways import way_back
from common.recent_login import confirm


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request

    def clean_password(self) -> str:
        """Wrong ones are counted like those of a login, and lock alike."""
        password: str = self.cleaned_data["password"]
        name = self.request.user.get_username()
        if authenticate(self.request, username=name, password=password) != self.request.user:
            raise forms.ValidationError(_("This is not your password."))
        return password


class ConfirmPassword(DeskPage):
    """Open to every member of staff."""

    template = "desk/confirm_password.html"

    def allow(self, program_id: int | None) -> None:
        """Nothing is shown or done here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.draw(form=PasswordForm(request=request), next=way_back(request, default="/desk/"))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST, request=request)
        back = way_back(request, default="/desk/")
        if not form.is_valid():
            return self.draw(form=form, next=back, status=422)
        confirm(request)
        return HttpResponseRedirect(back)
