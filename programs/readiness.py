"""What a program needs before it may run: everything missing, in sentences that say what to set."""

from collections.abc import Iterator
from datetime import date

from common.obstacles import Obstacle
from programs.models import (
    Activation,
    CheckScheme,
    ExpiryPolicy,
    FedBy,
    NumberBody,
    PointKind,
    Program,
    TierGroup,
    TierPeriod,
)

NUMBER_ROOM = 24
CARD_ROOM = 40
SHORTEST_BODY = {NumberBody.DIGITS: 12, NumberBody.BASE32: 16}


def missing(program: Program, *, today: date) -> list[Obstacle]:
    """What keeps a draft from being released; empty when it is ready. `today` is in the program's zone."""
    return [
        *_numbers(program),
        *_membership_terms(program, today),
        *_legal_terms(program),
        *_point_types(program),
        *(lack for group in program.tier_groups.all() for lack in _tier_group(group)),
    ]


def _numbers(program: Program) -> Iterator[Obstacle]:
    if not 6 <= program.member_number_length <= NUMBER_ROOM - len(program.member_number_prefix):
        yield Obstacle(
            "member_number_scheme",
            f"A member number needs 6 digits or more and, with its prefix, {NUMBER_ROOM} characters at most.",
        )
    least = SHORTEST_BODY[NumberBody(program.card_body)]
    if not least <= program.card_body_length <= CARD_ROOM - 2 - len(program.card_prefix):
        yield Obstacle(
            "card_number_scheme",
            f"A card number of {program.get_card_body_display()} needs a body of {least} or more "
            f"and {CARD_ROOM} characters at most.",
        )
    digits_only = program.card_body == NumberBody.DIGITS and (program.card_prefix or "0").isdigit()
    if not digits_only and program.card_check != CheckScheme.ISO7064:
        yield Obstacle("card_number_check", "Card numbers with letters need the check of ISO 7064.")


def _membership_terms(program: Program, today: date) -> Iterator[Obstacle]:
    if program.valid_until is not None and program.valid_until < today:
        yield Obstacle("valid_until", f"The program's validity ended on {program.valid_until}: set a later day.")
    if program.fee is not None and not program.term_months:
        yield Obstacle("term_months", "A fee is asked per term: set the term in months.")
    if program.auto_renew and not program.term_months:
        yield Obstacle("auto_renew", "Renewing by itself needs a term in months.")
    if program.activation == Activation.FIRST_PAYMENT and program.fee is None:
        yield Obstacle("fee", "Activation with the first payment needs a fee.")


def _legal_terms(program: Program) -> Iterator[Obstacle]:
    versions = program.terms.all()
    if versions and not any(terms.released_at for terms in versions):
        yield Obstacle("terms", "The program's terms are drafts only: release one version or remove them.")


def _point_types(program: Program) -> Iterator[Obstacle]:
    dated = any(
        group.fed_by == FedBy.POINTS and group.period != TierPeriod.LIFETIME for group in program.tier_groups.all()
    )
    for point_type in program.point_types.all():
        if point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD and not dated:
            yield Obstacle(
                "tier_period",
                f"{point_type.code} expires with a tier period: a tier group fed by points must have one that ends.",
                {"point_type": point_type.code},
            )


def _tier_group(group: TierGroup) -> Iterator[Obstacle]:
    facts = {"tier_group": group.code}
    tiers = sorted(group.tiers.all(), key=lambda tier: tier.rank)
    if not tiers:
        yield Obstacle("tiers", f"Tier group {group.code} has no tier.", facts)
    if group.fed_by != FedBy.POINTS:
        return
    if group.point_type is not None and group.point_type.kind != PointKind.QUALIFYING:
        yield Obstacle("tier_points", f"Tier group {group.code} must be fed by a qualifying point type.", facts)
    if any(lower.threshold >= upper.threshold for lower, upper in zip(tiers, tiers[1:], strict=False)):
        yield Obstacle("tier_thresholds", f"In tier group {group.code} a higher tier must need more points.", facts)
