"""Which tasks a page offers for a membership or a customer, and why not, without trying them.

What costs a query to know is left to the task's own page, which tries its verb and tells.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.actor import Actor
from customers.models import Customer, CustomerKind, CustomerStatus
from memberships.able import reason_against
from memberships.lifecycle import GONE_INTO_ANOTHER, STARTS
from memberships.models import Membership, MembershipStatus, MembershipType
from memberships.types import type_of
from programs.design import Design


@dataclass(frozen=True, slots=True)
class Offer:
    """`reason` says why the task is not possible now; empty where it is.

    `name` is a page of the row, or one with a query in which {pk} stands for the row.
    """

    name: str
    label: str
    reason: str


Against = Callable[[Membership, Design], str]


def _unable(capability: str) -> Against:
    return lambda membership, design: reason_against(membership, capability, design)


def _wrong_status(verb: str) -> Against:
    def against(membership: Membership, design: Design) -> str:
        if membership.status in STARTS[verb]:
            return ""
        return _("it is %(status)s") % {"status": membership.get_status_display()}

    return against


def _not_reinstated(membership: Membership, design: Design) -> str:
    if membership.status == MembershipStatus.EXPIRED and membership.rests_until is None:
        return _gone(membership) or _("its points no longer rest: enrol anew")
    return _wrong_status("reinstate")(membership, design)


def _not_renewed(membership: Membership, design: Design) -> str:
    if not design.program.term_months:
        return _("memberships of this program have no term")
    return _gone(membership)


def _not_paid(membership: Membership, design: Design) -> str:
    return "" if design.program.fee else _("memberships of this program cost nothing")


def _not_terminated(membership: Membership, design: Design) -> str:
    return "" if membership.current else _("it has ended already")


def _not_changed(membership: Membership, design: Design) -> str:
    """Whether it fits the other side is for the page of the change to say."""
    if not membership.current:
        return _("it has ended already")
    if type_of(membership.type).least_members == 0:
        return _("nobody takes part in it by name: start from the membership that takes it in")
    return _wrong_status("pause")(membership, design)


def _not_merged(membership: Membership, design: Design) -> str:
    return _strangers(membership) or _not_changed(membership, design)


def _not_handed_over(membership: Membership, design: Design) -> str:
    return _strangers(membership) or _ended(membership, design)


def _strangers(membership: Membership) -> str:
    """Its pool is an organization's, which nobody merges, reforms or leads from within."""
    if membership.pool_id is None or membership.organization_membership_id is None:
        return ""
    umbrella = membership.organization_membership
    shares = umbrella is not None and umbrella.pool_id == membership.pool_id
    return _("its points are in the pool of an organization: leave that first") if shares else ""


def _not_excepted(membership: Membership, design: Design) -> str:
    return _("the exception is made already") if membership.redeem_override else _ended(membership, design)


def _not_forbidden(membership: Membership, design: Design) -> str:
    return _ended(membership, design) if membership.redeem_override else _("there is no exception that could end")


def _no_cards(membership: Membership, design: Design) -> str:
    if not membership.current:
        return _("it has ended already")
    if type_of(membership.type).least_members == 0:
        return _("nobody takes part in it by name")
    return "" if membership.activated_at is None else reason_against(membership, "use_card", design)


def _unable_to_ask(membership: Membership, design: Design) -> str:
    """To be asked for points of theirs by a code."""
    if type_of(membership.type).least_members == 0:
        return _("nobody takes part in it by name")
    return reason_against(membership, "redeem", design)


def _not_described(membership: Membership, design: Design) -> str:
    """An organization's takes no part itself."""
    return _("nobody takes part in it by name") if type_of(membership.type).is_umbrella else _ended(membership, design)


def _always(membership: Membership, design: Design) -> str:
    return ""


def _ended(membership: Membership, design: Design) -> str:
    return "" if membership.current else _("it has ended already")


def _gone(membership: Membership) -> str:
    return _("it went into another membership") if membership.end_reason in GONE_INTO_ANOTHER else ""


# Name of the page, its label, the right it asks for, what stands against it.
OF_MEMBERSHIP: tuple[tuple[str, Any, str, Against], ...] = (
    ("adjust", gettext_lazy("Adjust points"), "points:adjust", _unable("adjust")),
    ("transfer", gettext_lazy("Transfer points"), "points:transfer", _unable("transfer_out")),
    ("redeem", gettext_lazy("Redeem points"), "points:redeem", _unable("redeem")),
    ("spending-code", gettext_lazy("Send a spending code"), "points:redeem", _unable_to_ask),
    ("hold", gettext_lazy("Hold points"), "points:redeem", _unable("hold")),
    ("order-reward", gettext_lazy("Order a reward"), "points:redeem", _unable("redeem")),
    ("claim-new", gettext_lazy("Claim missing points"), "activities:write", _unable("earn")),
    ("activate", gettext_lazy("Activate"), "memberships:manage", _wrong_status("activate")),
    ("pause", gettext_lazy("Pause"), "memberships:manage", _wrong_status("pause")),
    ("suspend", gettext_lazy("Suspend"), "memberships:manage", _wrong_status("suspend")),
    ("reinstate", gettext_lazy("Reinstate"), "memberships:manage", _not_reinstated),
    ("renew", gettext_lazy("Renew"), "memberships:manage", _not_renewed),
    ("record-payment", gettext_lazy("Record payment"), "memberships:manage", _not_paid),
    ("terminate", gettext_lazy("Terminate"), "memberships:manage", _not_terminated),
    ("set-tier", gettext_lazy("Set a tier"), "memberships:manage", _not_described),
    ("set-attribute", gettext_lazy("Set an attribute"), "memberships:manage", _not_described),
    ("add-label", gettext_lazy("Add a label"), "memberships:manage", _not_described),
    ("give-card", gettext_lazy("Give a card"), "cards:manage", _no_cards),
    ("change-new?kind=merge&prime={pk}", gettext_lazy("Merge"), "changes:propose", _not_merged),
    ("change-new?kind=absorb&prime={pk}", gettext_lazy("Absorb a found card"), "changes:propose", _not_changed),
)
# Of those in which several people share.
OF_SHARERS: tuple[tuple[str, Any, str, Against], ...] = (
    ("change-new?kind=split&prime={pk}", gettext_lazy("Split: one leaves"), "changes:propose", _ended),
    ("change-new?kind=form&prime={pk}", gettext_lazy("Change the form"), "changes:propose", _not_merged),
    ("fairness", gettext_lazy("Who brought, who spent"), "memberships:read", _always),
    ("hand-over", gettext_lazy("Hand over"), "memberships:manage", _not_handed_over),
)
# Of groups alone: elsewhere the membership itself is suspended.
OF_GROUPS: tuple[tuple[str, Any, str, Against], ...] = (
    ("suspend-member", gettext_lazy("Suspend a member"), "memberships:manage", _ended),
    ("reinstate-member", gettext_lazy("Reinstate a member"), "memberships:manage", _ended),
)
# Of those without anybody by name.
OF_ANONYMOUS: tuple[tuple[str, Any, str, Against], ...] = (
    ("allow-redemption", gettext_lazy("Allow redeeming by exception"), "memberships:manage", _not_excepted),
    ("forbid-redemption", gettext_lazy("End the exception"), "memberships:manage", _not_forbidden),
)
# Of those that stand under an organization.
UNDER: tuple[tuple[str, Any, str, Against], ...] = (
    ("leave-organization", gettext_lazy("Leave the organization"), "memberships:manage", _ended),
)
OFFERED = {
    MembershipType.SHARED: OF_SHARERS,
    MembershipType.GROUP: (*OF_SHARERS, *OF_GROUPS),
    MembershipType.ANONYMOUS: OF_ANONYMOUS,
}


def offers_for_membership(membership: Membership, design: Design, actor: Actor) -> list[Offer]:
    """The tasks the actor has the right to, each with what stands against it."""
    under = UNDER if membership.organization_membership_id is not None else ()
    return [
        Offer(name, str(label), against(membership, design))
        for name, label, action, against in (*OF_MEMBERSHIP, *OFFERED.get(MembershipType(membership.type), ()), *under)
        if actor.may(action, membership.program_id)
    ]


def offers_for_customer(customer: Customer, actor: Actor) -> list[Offer]:
    """What may be done about the record itself."""
    return [offer for action, offer in _of_customer(customer) if actor.may(action, None)]


def _of_customer(customer: Customer) -> Iterable[tuple[str, Offer]]:
    erased = _("it is erased") if customer.status == CustomerStatus.ERASED else ""
    yield "customers:write", Offer("edit", _("Change data"), erased)
    if not erased and customer.merged_into_id is None:
        yield from (("customers:write", offer) for offer in _of_status(customer))
    yield "cards:manage", Offer("playbook-found-card?customer={pk}", _("Playbook: found card"), erased)
    yield "cards:manage", Offer("playbook-lost-card?customer={pk}", _("Playbook: lost card"), erased)
    yield "changes:propose", Offer("playbook-divorce?customer={pk}", _("Playbook: divorce"), erased)
    yield "changes:propose", Offer("playbook-deceased?customer={pk}", _("Playbook: deceased"), erased)
    if customer.kind == CustomerKind.PERSON:
        yield "memberships:manage", Offer("playbook-employee-left?customer={pk}", _("Playbook: employee left"), erased)
    yield "customers:erase", Offer("delete", _("Delete"), erased)
    yield "customers:erase", Offer("erase", _("Erase personal data"), erased)


def _of_status(customer: Customer) -> Iterable[Offer]:
    if customer.status == CustomerStatus.ACTIVE:
        yield Offer("deactivate", _("Deactivate"), "")
    else:
        yield Offer("reactivate", _("Reactivate"), "")
    if customer.status != CustomerStatus.DECEASED:
        yield Offer("deceased", _("Record a death"), "")
