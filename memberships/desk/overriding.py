"""Tasks of an anonymous membership: let it redeem by exception, and stop that again (domain 1.4, 1.5)."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from memberships import overriding
from memberships.desk.lifecycle import LifecycleTask
from memberships.models import Membership


class AllowForm(forms.Form):
    reason = ReasonField(
        suggestions=(gettext_lazy("Will not register, gift in store"), gettext_lazy("Goodwill after a complaint"))
    )


class ForbidForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("The exception was for one purchase"),))


class AllowRedemption(LifecycleTask):
    title = gettext_lazy("Allow redeeming by exception")
    what = gettext_lazy(
        "Points of an anonymous membership are earned, and redeemed once somebody has registered the card. The "
        "exception lets whoever has the card redeem without that, until you end it. Registering the card is the "
        "better way: it protects the points when the card is lost."
    )
    confirm = gettext_lazy("Allow")
    form_class = AllowForm
    verb = staticmethod(overriding.allow_redemption)
    onward = {"forbid-redemption": gettext_lazy("End the exception")}

    def says(self, row: Membership) -> list[str]:
        return [_("Whoever has the card may redeem its points and have points held, from now on.")]


class ForbidRedemption(LifecycleTask):
    title = gettext_lazy("End the exception")
    what = gettext_lazy(
        "The anonymous membership goes back to earning only. Points that are held stay held until they are captured, "
        "released or over."
    )
    confirm = gettext_lazy("End it")
    form_class = ForbidForm
    verb = staticmethod(overriding.forbid_redemption)
    onward = {"allow-redemption": gettext_lazy("Allow it again")}

    def says(self, row: Membership) -> list[str]:
        return [_("From now on the membership earns; its points are redeemed once somebody has registered the card.")]
