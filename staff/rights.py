"""Which role may do what. The actions are the scopes of channels, and some that only staff have.

| role            | may                                                                                          |
|-----------------|----------------------------------------------------------------------------------------------|
| auditor         | read everything, with personal data masked                                                   |
| support agent   | read; customers, memberships, cards; book, adjust and extend nothing alone above the limit;  |
|                 | order rewards, use vouchers; propose and carry out changes; unmask                           |
| supervisor      | what an agent may; approve, reverse, extend, attest consents, erase; offer and fulfil        |
|                 | rewards                                                                                      |
| program manager | read; design programs, offer and fulfil rewards, manage memberships and agreements           |
| card manager    | read; manage cards                                                                           |
| admin           | everything, users and rights too                                                             |

A right holds in one program or, without a program, in all. Managing staff needs a right in all programs.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser

from staff.models import Role, StaffRight, User

READING = frozenset({"customers:read", "memberships:read", "cards:read", "reports:read"})
SUPPORTING = READING | {
    "customers:write",
    "memberships:manage",
    "points:earn",
    "points:redeem",
    "points:transfer",
    "points:adjust",
    "activities:write",
    "cards:manage",
    "vouchers:use",
    "changes:propose",
    "changes:consent",
    "changes:carry-out",
    "personal:unmask",
}
SUPERVISING = SUPPORTING | {
    "points:approve",
    "points:reverse",
    "points:extend",
    "rewards:manage",
    "changes:attest",
    "changes:decide",
    "customers:erase",
}
ROLE_ACTIONS: dict[str, frozenset[str]] = {
    Role.AUDITOR: READING,
    Role.SUPPORT_AGENT: SUPPORTING,
    Role.SUPERVISOR: SUPERVISING,
    Role.PROGRAM_MANAGER: READING | {"programs:design", "memberships:manage", "rewards:manage"},
    Role.CARD_MANAGER: READING | {"cards:manage"},
    Role.ADMIN: SUPERVISING | {"programs:design", "staff:manage"},
}
ALL_ACTIONS = frozenset().union(*ROLE_ACTIONS.values())
# Users belong to no program: a right in one program is not enough for them.
EVERYWHERE = frozenset({"staff:manage"})

# Pairs of role and program; None for every program.
Rights = tuple[tuple[str, int | None], ...]
ANYWHERE_ADMIN: Rights = ((Role.ADMIN, None),)


def may(user: User | AnonymousUser, action: str, program_id: int | None = None) -> bool:
    """In that program, or with None in any program at all."""
    return any(
        action in ROLE_ACTIONS[role]
        and (held_in is None or (action not in EVERYWHERE and program_id in (None, held_in)))
        for role, held_in in rights_of(user)
    )


def programs_of(user: User | AnonymousUser) -> frozenset[int] | None:
    """Ids of the programs the user has any right in; None for all."""
    held_in = {program_id for _, program_id in rights_of(user)}
    return None if None in held_in else frozenset(one for one in held_in if one is not None)


def programs_for(user: User | AnonymousUser, action: str) -> frozenset[int] | None:
    """Ids of the programs in which the user may do that; None for all."""
    held_in = {program_id for role, program_id in rights_of(user) if action in ROLE_ACTIONS[role]}
    if None in held_in:
        return None
    return frozenset() if action in EVERYWHERE else frozenset(one for one in held_in if one is not None)


def rights_of(user: User | AnonymousUser) -> Rights:
    """Read once per user object, that is once per request. A superuser counts as admin everywhere."""
    if not isinstance(user, User) or not user.is_active:
        return ()
    if user.is_superuser:
        return ANYWHERE_ADMIN
    known: Any = user.__dict__.get("_known_rights")
    if known is None:
        known = tuple(StaffRight.objects.filter(user=user).values_list("role", "program_id"))
        user.__dict__["_known_rights"] = known
    rights: Rights = known
    return rights
