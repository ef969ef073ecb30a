"""Apply an agreement again to the memberships made under its earlier versions (domain 1.8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day, figure
from memberships.applying_again import apply_again
from memberships.desk.changes.base import told_name
from memberships.desk.organizations.agreements import AGREED, AgreementTask
from memberships.models import InheritedAgreement, Member, MembershipBenefit, TierStanding

# One request does so many; the receipt leads to the others.
A_RUN = 200


class ApplyForm(forms.Form):
    reason = ReasonField(suggestions=(AGREED,))


class ApplyAgain(AgreementTask):
    title = gettext_lazy("Apply the agreement again")
    what = gettext_lazy(
        "Gives the terms of today to the memberships that were made under earlier versions: their tiers, benefits and "
        "end. The preview lists every membership with what it had and what it will have."
    )
    confirm = gettext_lazy("Apply it to these memberships")
    form_class = ApplyForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        behind = InheritedAgreement.objects.filter(
            agreement=self.agreement, ended_at__isnull=True, version__lt=self.agreement.version
        )
        self.behind = behind.count()
        self.touched = list(behind.order_by("membership").values_list("membership_id", flat=True)[:A_RUN])

    def obstacles(self) -> Sequence[str]:
        if self.agreement.cancelled_at is not None:
            return [_("It was cancelled.")]
        if not self.touched:
            return [_("Every membership under it has the terms of today: there is nothing to do.")]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        done = apply_again(self.agreement, actor=self.actor, reason=given["reason"], limit=A_RUN)
        told = {"count": figure(done.done), "version": self.agreement.version}
        says = [_("%(count)s memberships get the terms of version %(version)s.") % told]
        if done.remaining:
            left = {"count": figure(done.remaining)}
            says.append(_("%(count)s more remain: do it once more for the next ones.") % left)
        return Outcome(says, {**self.facts(), "remaining": done.remaining})

    def figures(self) -> Sequence[Figure]:
        return self._lines({})

    def shown_figures(self) -> Sequence[Figure]:
        members = Member.objects.filter(membership__in=self.touched, ended_at__isnull=True).select_related("customer")
        return self._lines({row.membership_id: told_name(self.actor, row.customer) for row in members})

    def customers(self) -> Iterable[int]:
        return [self.organization.pk]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = super().ways(facts)
        if not facts["remaining"]:
            return found
        again = Way(_("Go on with the others"), reverse("desk:agreement-apply", args=[facts["agreement"]]), main=True)
        return [again, *(Way(one.label, one.url) for one in found)]

    def _lines(self, names: dict[int, str]) -> list[Figure]:
        """A line per membership: what it has by the agreement."""
        standing = InheritedAgreement.objects.filter(membership__in=self.touched, ended_at__isnull=True)
        tiers = TierStanding.objects.filter(membership__in=self.touched, ended_at__isnull=True)
        given = MembershipBenefit.objects.filter(
            membership__in=self.touched, ended_at__isnull=True, agreement=self.agreement
        )
        told: dict[int, list[str]] = {pk: [] for pk in self.touched}
        labels: dict[int, str] = {}
        for row in standing.select_related("membership").order_by("membership"):
            labels[row.membership_id] = row.membership.number
            told[row.membership_id].append(_("version %(version)s") % {"version": row.version})
        for tier in tiers.select_related("tier").order_by("group"):
            until = _(" until %(day)s") % {"day": day(tier.until, self.design.zone)} if tier.until else ""
            told[tier.membership_id].append(f"{tier.tier.name}{until}")
        for one in given.select_related("benefit").order_by("benefit"):
            told[one.membership_id].append(one.benefit.name)
        return [
            Figure(
                f"membership {pk}", " · ".join(filter(None, (labels.get(pk, ""), names.get(pk, "")))), ", ".join(lines)
            )
            for pk, lines in told.items()
        ]
