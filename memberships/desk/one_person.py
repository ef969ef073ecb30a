"""Two records are one person: merged at once, or after their memberships of the same program were united (1.3)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from customers.desk.pairs import PairTask
from customers.desk.tasks import customer_page
from customers.models import DuplicateStatus
from memberships.models import Member
from memberships.one_person import Double, doubles, unite_people


class OnePersonForm(forms.Form):
    reason = ReasonField(
        suggestions=(gettext_lazy("The customer told us"), gettext_lazy("Same identification document"))
    )


class OnePerson(PairTask):
    title = gettext_lazy("One person twice")
    what = gettext_lazy(
        "Brings everything of the second record to the first one, which answers to both customer numbers from then "
        "on; the second is closed. Where both take part in a program, the two memberships are merged first, and the "
        "person consents to that."
    )
    confirm = gettext_lazy("They are one person")
    form_class = OnePersonForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.doubles = doubles(self.customer, duplicate=self.duplicate)

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: self._unite("?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        pair = self._unite(given["reason"])
        facts = {"customer": self.customer.pk, "proposals": self._proposals()}
        if pair.status == DuplicateStatus.MERGED:
            return Outcome(self._merged(), facts)
        return Outcome([*self._waiting()], facts)

    def figures(self) -> Sequence[Figure]:
        taking_part = Member.objects.filter(current=True, ended_at__isnull=True)
        return [
            *super().figures(),
            *(
                Figure(
                    f"memberships {one.pk}",
                    _("Current memberships of %(number)s") % {"number": one.number},
                    taking_part.filter(customer=one).count(),
                )
                for one in (self.customer, self.duplicate)
            ),
        ]

    def exits(self) -> Sequence[Way]:
        return [
            *super().exits(),
            Way(
                _("Keep %(number)s instead") % {"number": self.duplicate.number},
                self.address("same-person", turned=True),
            ),
            Way(_("They are two people"), self.address("two-people")),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [Way(label, url, main=True) for label, url in facts["proposals"]]
        return [*found, customer_page(facts["customer"], main=not found)]

    def _unite(self, reason: str) -> Any:
        return unite_people(self.customer, duplicate=self.duplicate, actor=self.actor, reason=reason)

    def _merged(self) -> list[str]:
        told = {"stays": self.customer.number, "goes": self.duplicate.number}
        return [
            _("%(stays)s stays and answers to both numbers; %(goes)s is closed.") % told,
            _("Documents, addresses and memberships of %(goes)s are now with %(stays)s.") % told,
            _("A way of being contacted that was refused on one of the records is refused from now on."),
            _("Past postings go on naming the record they were made for."),
        ]

    def _waiting(self) -> list[str]:
        said = [_("The two records are marked as one person and wait for their memberships to be united.")]
        for one in self._seen():
            told = {"program": one.prime.program.name, "one": one.prime.number, "other": one.secondary.number}
            if one.in_one_group:
                said.append(_("In %(program)s both are members of %(one)s: let one of them leave.") % told)
            elif one.splits_first:
                said.append(_("In %(program)s let one of them leave %(one)s or %(other)s first.") % told)
            else:
                said.append(_("In %(program)s a merge of %(one)s and %(other)s must be proposed.") % told)
        if len(self._seen()) < len(self.doubles):
            said.append(_("So it is in a program you have no part in: ask somebody who has."))
        return [*said, _("With the last of these changes the two records are merged.")]

    def _seen(self) -> list[Double]:
        programs = self.actor.programs
        return [one for one in self.doubles if programs is None or one.prime.program_id in programs]

    def _proposals(self) -> list[tuple[str, str]]:
        """Where each merge of memberships is proposed."""
        return [
            (_("Propose the merge in %(program)s") % {"program": one.prime.program.name}, _proposal(one))
            for one in self._seen()
            if not one.splits_first
        ]


def _proposal(one: Double) -> str:
    asked: dict[str, str | int] = {
        "kind": "merge",
        "prime": one.prime.pk,
        "secondary": one.secondary.pk,
        "result_type": str(one.prime.type),
    }
    return f"{reverse('desk:change-new')}?{urlencode(asked)}"
