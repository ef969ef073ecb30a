"""/desk/changes/new: the kind of change, then its sides with why not if not, then the terms: a draft.

Each step stands in the address, so that it can be left, sent to a colleague and gone back to.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.pages import DeskPage
from common.desk.refusing import told, with_faults
from common.errors import LoyaltyError
from memberships.changes.proposing import draft
from memberships.desk.changes.base import PROPOSE, change_url, told_name
from memberships.desk.changes.finding import (
    Candidate,
    absorptions,
    candidate,
    find_memberships,
    joins,
    leavings,
    merges,
    people_in,
    reforms,
)
from memberships.desk.changes.forms import ABSORB, FORM, JOIN, MERGE, SPLIT, Asked, TermsForm
from memberships.models import Member, Membership, MembershipChange, MembershipType
from memberships.organization_pools import pool_umbrella
from memberships.types import type_of
from programs.design import design_of
from programs.models import PointKind

LARGEST_ID = 2**63 - 1
# Kind, its name, what it does.
KINDS = (
    (MERGE, gettext_lazy("Merge"), gettext_lazy(
        "Two people share an account or become a group, others join them; or one person enrolled twice becomes one."
    )),
    (SPLIT, gettext_lazy("Split"), gettext_lazy("One member leaves a shared account or a group.")),
    (FORM, gettext_lazy("Change of form"), gettext_lazy(
        "A shared account becomes a group, or a group a shared account."
    )),
    (ABSORB, gettext_lazy("Absorb a found card"), gettext_lazy(
        "The points of an anonymous membership go to the person who registers its card."
    )),
    (JOIN, gettext_lazy("Join an organization"), gettext_lazy(
        "A person comes under an organization's agreement, with its tier and benefits, and keeps number and card."
    )),
)  # fmt: skip
# Kinds with a second side.
OF_TWO = frozenset({MERGE, ABSORB, JOIN})
FIRST = {
    MERGE: gettext_lazy("First membership: it leads, and stays where one of two stays"),
    SPLIT: gettext_lazy("The shared account or group somebody leaves"),
    FORM: gettext_lazy("The shared account or group that changes its form"),
    ABSORB: gettext_lazy("The membership that takes the points in"),
    JOIN: gettext_lazy("The membership of the person who joins"),
}
SECOND = {
    MERGE: gettext_lazy("Second membership"),
    ABSORB: gettext_lazy("The anonymous membership: find it by the number on its card"),
    JOIN: gettext_lazy("The organization: find it by its name or its member number"),
}


class NewChange(DeskPage):
    action = PROPOSE
    section = "changes"
    template = "desk/changes/new.html"
    button = gettext_lazy("Show what it would do")
    note = gettext_lazy(
        "It becomes a draft: you can leave it and come back, and a colleague can go on. Nobody is asked yet."
    )

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._step()

    def post(self, request: HttpRequest) -> HttpResponse:
        """The terms were filled in: from here on the change lives in tables."""
        kind, prime, secondary = self._sides()
        if kind is None or prime is None or (kind in OF_TWO and secondary is None):
            return HttpResponseRedirect(request.get_full_path())
        form = self._terms(kind, prime, secondary, data=request.POST)
        if not form.is_valid():
            return self._drawn(kind, prime, secondary, form=form, status=400)
        try:
            made = draft(form.proposal(), actor=self.actor)
        except (LoyaltyError, DatabaseError) as error:
            refusal = told(error)
            return self._drawn(
                kind, prime, secondary, form=with_faults(form, refusal), error=refusal, status=refusal.status
            )
        return HttpResponseRedirect(change_url(made.pk))

    def _step(self) -> HttpResponse:
        kind, prime, secondary = self._sides()
        if kind is None or prime is None or (kind in OF_TWO and secondary is None):
            return self._drawn(kind, prime, secondary)
        seen = self._candidate(kind, prime, secondary)
        if seen.refusal or seen.open_change:
            return self._drawn(kind, prime, None, refused=self._row(seen), status=200)
        return self._drawn(kind, prime, secondary, form=self._terms(kind, prime, secondary))

    def _sides(self) -> tuple[str | None, Membership | None, Membership | None]:
        asked = self.request.GET
        kind = asked.get("kind") if asked.get("kind") in {one for one, *_rest in KINDS} else None
        prime, secondary = self._membership("prime"), self._membership("secondary")
        if kind not in OF_TWO or prime is None or secondary is None or secondary.program_id != prime.program_id:
            # Another program's is kept for the page to refuse; nothing else makes a pair.
            keeps = kind in OF_TWO and prime is not None
            return kind, prime, secondary if keeps else None
        return kind, prime, secondary

    def _membership(self, name: str) -> Membership | None:
        text = self.request.GET.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_ID):
            raise Http404
        memberships = Membership.objects.visible_to(self.actor).select_related("program")
        found: Membership | None = memberships.filter(pk=int(text)).first()
        if found is None:
            raise Http404
        self.allow(found.program_id)
        return found

    def _candidate(self, kind: str, prime: Membership, secondary: Membership | None) -> Candidate:
        if kind == MERGE and secondary is not None:
            return candidate(secondary, merges(prime)(secondary))
        if kind == ABSORB and secondary is not None:
            return candidate(secondary, absorptions(prime)(secondary))
        if kind == JOIN and secondary is not None:
            return candidate(secondary, joins(prime)(secondary))
        return candidate(prime, leavings(prime) if kind == SPLIT else reforms(prime))

    def _first(self, kind: str, membership: Membership) -> Candidate:
        """As the first side: what needs two is judged by its pair."""
        if kind in OF_TWO:
            return candidate(membership, ())
        return self._candidate(kind, membership, None)

    def _terms(self, kind: str, prime: Membership, secondary: Membership | None, *, data: Any = None) -> TermsForm:
        return TermsForm(data, asked=asked_of(self, kind, prime, secondary), initial=self._asked_for())

    def _asked_for(self) -> dict[str, str]:
        """What a link that led here filled in."""
        return {name: self.request.GET[name] for name in ("leaver", "result_type") if name in self.request.GET}

    def _drawn(
        self, kind: str | None, prime: Membership | None, secondary: Membership | None, *, status: int = 200,
        form: forms.Form | None = None, **context: Any,
    ) -> HttpResponse:  # fmt: skip
        text = self.request.GET.get("find", "")
        which = "prime" if prime is None else "secondary"
        found = self._found(kind, prime, text) if kind and form is None else []
        return self.draw(
            status=status,
            kind=kind,
            kinds=[(code, name, what, self._address(kind=code, prime=prime)) for code, name, what in KINDS],
            kind_name=next((name for code, name, _what in KINDS if code == kind), ""),
            side=(FIRST if prime is None else SECOND).get(kind or "", ""),
            asks=kind is not None and (prime is None or (kind in OF_TWO and secondary is None)),
            prime=prime and self._row(candidate(prime, ())),
            secondary=secondary and self._row(candidate(secondary, ())),
            found=[(self._row(one), self._address(kind=kind, **self._taken(which, prime, one))) for one in found],
            text=text,
            form=form,
            again=self._address(kind=kind),
            same_person=self._same_person(kind, prime, secondary),
            steps=steps(0),
            **context,
        )

    def _same_person(self, kind: str | None, prime: Membership | None, secondary: Membership | None) -> str:
        """Where to say that both records are one person, as long as nobody did."""
        if kind != MERGE or prime is None or secondary is None or not self.may("customers:write"):
            return ""
        people = {one.membership_id: one.customer_id for one in people_in(prime, secondary)}
        if len(people) != 2 or MembershipType.STANDARD in _results(kind, prime, secondary):
            return ""
        return reverse("desk:same-person", args=[people[prime.pk], people[secondary.pk]])

    def _found(self, kind: str, prime: Membership | None, text: str) -> list[Candidate]:
        """In the program of the first side only: elsewhere nothing could come of it but a refusal."""
        if prime is None:
            known = [one for one in find_memberships(text, self.actor) if self.may(PROPOSE, one.program_id)]
            return [self._first(kind, one) for one in known]
        found = find_memberships(text, self.actor)
        return [self._candidate(kind, prime, one) for one in found if self.may(PROPOSE, one.program_id)]

    def _taken(self, which: str, prime: Membership | None, one: Candidate) -> dict[str, Membership | None]:
        return {"prime": prime, which: one.membership}

    def _row(self, one: Candidate) -> dict[str, Any]:
        people = [(member.customer_id, told_name(self.actor, member.customer)) for member in one.people]
        organization = one.membership.organization
        if organization is not None:
            people.append((organization.pk, told_name(self.actor, organization)))
        return {"candidate": one, "membership": one.membership, "program": one.membership.program, "people": people}

    def _address(self, **query: Any) -> str:
        given = {name: getattr(one, "pk", one) for name, one in query.items() if one is not None}
        for kept in ("leaver",):
            if kept in self.request.GET:
                given.setdefault(kept, self.request.GET[kept])
        return f"{reverse('desk:change-new')}?{urlencode(given)}"


def asked_of(page: DeskPage, kind: str, prime: Membership, secondary: Membership | None) -> Asked:
    """What the terms of such a change are about, with the results the rules allow."""
    members = people_in(prime, secondary)
    types = design_of(prime.program_id).point_types.values()
    wanted = PointKind.REDEEMABLE if kind == SPLIT and prime.type == MembershipType.SHARED else None
    return Asked(
        kind=kind,
        prime=prime,
        secondary=secondary,
        people=[(one.customer_id, _told(page, one)) for one in members],
        results=_results(kind, prime, secondary),
        point_types=[one for one in types if wanted in (None, one.kind)],
        pooled=any(_is_frozen(one) for one in (prime, secondary) if one is not None),
    )


def _is_frozen(membership: Membership) -> bool:
    """Whether its spending may be frozen: the pool of an organization is not, for one person."""
    in_pool = membership.pool_id is not None and not type_of(membership.type).is_umbrella
    return in_pool and pool_umbrella(membership) is None


def _results(kind: str, prime: Membership, secondary: Membership | None) -> list[str]:
    trials: Iterable[MembershipChange] = ()
    if kind == MERGE and secondary is not None:
        return list(candidate(secondary, merges(prime)(secondary)).results)
    if kind == JOIN and secondary is not None:
        return list(candidate(secondary, joins(prime)(secondary)).results)
    if kind == FORM:
        trials = reforms(prime)
    return [one.result_type for one in trials]


def _told(page: DeskPage, member: Member) -> str:
    return f"{told_name(page.actor, member.customer)}, {member.membership.number}"


def steps(now: int) -> list[tuple[str, str]]:
    """The way of every change; steps before `now` are done."""
    names = (_("Choose"), _("Terms and preview"), _("Consents"), _("Carry out"), _("Receipt and undo"))
    return [(name, "done" if at < now else "now" if at == now else "") for at, name in enumerate(names)]
